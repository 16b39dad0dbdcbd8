import { type Expression, ExpressionError } from "./expression";
import { FUNCTIONS, number, text, type Value } from "./functions";

/** A key of a reference: `google_x.id.service_config[0].uri` is `google_x` and the keys id, service_config, 0, uri. */
export type Key = string | number;

/** Gives the value of a reference. @throws ExpressionError */
export type Lookup = (root: string, keys: readonly Key[]) => Value;

/** @throws ExpressionError */
export function evaluate(expression: Expression, lookup: Lookup): Value {
  const value = (inner: Expression): Value => evaluate(inner, lookup);
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "template":
      return expression.parts.map((part) => text(value(part))).join("");
    case "name":
      return lookup(expression.name, []);
    case "index":
      return index(expression, lookup);
    case "call": {
      const call = Object.hasOwn(FUNCTIONS, expression.name) ? FUNCTIONS[expression.name] : undefined;
      if (!call) throw new ExpressionError(`the function ${expression.name} is not understood`);
      return call(...expression.args.map(value));
    }
    case "list":
      return expression.items.map(value);
    case "object":
      return Object.fromEntries(expression.items.map(([key, item]) => [text(value(key)), value(item)]));
    case "unary":
      return expression.operator === "!" ? !boolean(value(expression.operand)) : -number(value(expression.operand));
    case "binary":
      return binary(expression.operator, value(expression.left), value(expression.right));
    case "conditional":
      return boolean(value(expression.test)) ? value(expression.yes) : value(expression.no);
  }
}

/** Every reference in an expression, with its constant keys. */
export function references(expression: Expression): { root: string; keys: Key[] }[] {
  switch (expression.kind) {
    case "literal":
      return [];
    case "template":
      return expression.parts.flatMap(references);
    case "name":
      return [{ root: expression.name, keys: [] }];
    case "index": {
      const { root, keys } = flatten(expression);
      const inKeys = keys.filter(({ kind }) => kind !== "literal").flatMap(references);
      if (root.kind !== "name") return [...references(root), ...inKeys];
      const constant: Key[] = [];
      for (const key of keys) {
        if (key.kind !== "literal") break;
        constant.push(key.value as Key);
      }
      return [{ root: root.name, keys: constant }, ...inKeys];
    }
    case "call":
      return expression.args.flatMap(references);
    case "list":
      return expression.items.flatMap(references);
    case "object":
      return expression.items.flat().flatMap(references);
    case "unary":
      return references(expression.operand);
    case "binary":
      return [...references(expression.left), ...references(expression.right)];
    case "conditional":
      return [expression.test, expression.yes, expression.no].flatMap(references);
  }
}

/** One step into a value. A block that the JSON gives as an object is also the only element of its list. */
export function step(value: Value, key: Key, path: string): Value {
  if (typeof value === "object" && value !== null) {
    if (typeof key === "string" ? Object.hasOwn(value, key) : Array.isArray(value) && key < value.length) {
      return value[key];
    }
    if (key === 0 && !Array.isArray(value)) return value;
  }
  throw new ExpressionError(`${path} has no ${typeof key === "number" ? `element ${key}` : JSON.stringify(key)}`);
}

function index(expression: Expression, lookup: Lookup): Value {
  const { root, keys: expressions } = flatten(expression);
  const keys = expressions.map((key) => {
    const value = evaluate(key, lookup);
    return typeof value === "number" ? value : text(value);
  });
  if (root.kind === "name") return lookup(root.name, keys);
  return keys.reduce((value, key) => step(value, key, "the value"), evaluate(root, lookup));
}

function flatten(expression: Expression): { root: Expression; keys: Expression[] } {
  if (expression.kind !== "index") return { root: expression, keys: [] };
  const { root, keys } = flatten(expression.of);
  return { root, keys: [...keys, expression.key] };
}

function binary(operator: string, left: Value, right: Value): Value {
  switch (operator) {
    case "||":
      return boolean(left) || boolean(right);
    case "&&":
      return boolean(left) && boolean(right);
    case "==":
      return same(left, right);
    case "!=":
      return !same(left, right);
  }
  const [a, b] = [number(left), number(right)];
  switch (operator) {
    case "<":
      return a < b;
    case ">":
      return a > b;
    case "<=":
      return a <= b;
    case ">=":
      return a >= b;
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    default:
      return a % b;
  }
}

function same(left: Value, right: Value): boolean {
  return FUNCTIONS.jsonencode?.(left) === FUNCTIONS.jsonencode?.(right);
}

function boolean(value: Value): boolean {
  if (value === true || value === "true") return true;
  if (value === false || value === "false") return false;
  throw new ExpressionError("a condition that is neither true nor false");
}
