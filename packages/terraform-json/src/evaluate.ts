import { type Expression, ExpressionError } from "./expression";
import { FUNCTIONS, isEqual } from "./functions";
import { BigFloat } from "./number";
import { convert, typeOf, unify } from "./types";
import { boolean, entriesOf, fromJson, itemsOf, number, Sequence, text, toJson, type Value } from "./values";

/**
 * A key of a reference: `google_x.id.service_config[0].uri` is `google_x` and the keys id,
 * service_config, 0, uri.
 */
export type Key = string | number;

/** The value of a reference. @throws ExpressionError */
export type Lookup = (root: string, keys: readonly Key[]) => Value;

/** The value of an expression, as JSON. @throws ExpressionError */
export function evaluate(expression: Expression, lookup: Lookup): Value {
  return toJson(typedValue(expression, lookup));
}

/**
 * The value of an expression, with Terraform's types (`values.ts`).
 *
 * @throws ExpressionError
 */
export function typedValue(expression: Expression, lookup: Lookup): Value {
  const value = (inner: Expression): Value => typedValue(inner, lookup);
  switch (expression.kind) {
    case "literal":
      return fromJson(expression.value);
    case "template":
      return expression.parts
        .map((part) => text(value(part)))
        .join("")
        .normalize("NFC");
    case "name":
      return fromJson(lookup(expression.name, []));
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
      return expression.operator === "!"
        ? !boolean(value(expression.operand))
        : number(value(expression.operand)).negated();
    case "binary":
      return binary(expression.operator, value(expression.left), value(expression.right));
    case "conditional":
      return conditional(boolean(value(expression.test)), expression, lookup);
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
        constant.push(key.value instanceof BigFloat ? Number(key.value.toJson()) : (key.value as Key));
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

/**
 * One step into a value. A block that JSON has as an object is also a list with that element.
 */
export function step(value: Value, key: Key, path: string): Value {
  if (value instanceof Sequence && value.kind === "set")
    throw new ExpressionError(`${path} is a set, which has no indices`);
  const [items, entries] = [itemsOf(value), entriesOf(value)];
  const position = typeof key === "string" && /^\d+$/.test(key) ? Number(key) : key;
  if (items && typeof position === "number" && Number.isInteger(position) && position >= 0 && position < items.length) {
    return items[position];
  }
  if (entries && Object.hasOwn(entries, String(key))) return entries[String(key)];
  if (entries && key === 0) return value;
  throw new ExpressionError(`${path} has no ${typeof key === "number" ? `element ${key}` : JSON.stringify(key)}`);
}

function index(expression: Expression, lookup: Lookup): Value {
  const { root, keys: expressions } = flatten(expression);
  const keys = expressions.map((key) => {
    const value = typedValue(key, lookup);
    return value instanceof BigFloat ? Number(value.toJson()) : text(value);
  });
  if (root.kind === "name") return fromJson(lookup(root.name, keys));
  return keys.reduce((value, key) => step(value, key, "the value"), typedValue(root, lookup));
}

/** Converts both results to their common type: `true ? 1 : "a"` is `"1"`. */
function conditional(test: boolean, { yes, no }: Expression & { kind: "conditional" }, lookup: Lookup): Value {
  const chosen = typedValue(test ? yes : no, lookup);
  let other: Value;
  try {
    other = typedValue(test ? no : yes, lookup);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    // A string stays a string, whatever the other type is.
    if (typeof chosen === "string") return chosen;
    throw new ExpressionError(`the other result of a conditional has no type: ${error.message}`);
  }
  return convert(chosen, unify([typeOf(chosen), typeOf(other)]));
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
      return isEqual(left, right);
    case "!=":
      return !isEqual(left, right);
  }
  const [a, b] = [number(left), number(right)];
  switch (operator) {
    case "<":
      return a.compare(b) < 0;
    case ">":
      return a.compare(b) > 0;
    case "<=":
      return a.compare(b) <= 0;
    case ">=":
      return a.compare(b) >= 0;
    case "+":
      return a.plus(b);
    case "-":
      return a.minus(b);
    case "*":
      return a.times(b);
  }
  const divided = operator === "/" ? a.dividedBy(b) : a.modulo(b);
  if (!divided) throw new ExpressionError("a division by zero");
  return divided;
}
