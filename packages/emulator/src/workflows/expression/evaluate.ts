import type { Template } from "../definition";
import { raised } from "../errors";
import { withinTextLimit } from "../scope";
import { isNumber, typeOf, type Value } from "../values";
import { apply, integer, member } from "./operators";
import type { Expression } from "./parse";

/** What expressions are evaluated in. */
export interface Environment {
  /** @throws RaisedError KeyError */
  variable(name: string): Value;
  /** A function of the standard library, or a subworkflow, which takes its time. */
  call(name: string, args: readonly Value[]): Value | Promise<Value>;
}

/**
 * Work that pauses only to await a subworkflow. Between two pauses no other branch changes a
 * variable.
 */
export type Evaluation<T = Value> = Generator<Promise<Value>, T, Value>;

export async function finish<T>(evaluation: Evaluation<T>): Promise<T> {
  let state = evaluation.next();
  while (!state.done) {
    const awaited = await state.value.then(
      (value) => ({ value }),
      (error) => ({ error }),
    );
    state = "value" in awaited ? evaluation.next(awaited.value) : evaluation.throw(awaited.error);
  }
  return state.value;
}

/** @throws RaisedError */
export function* evaluate(expression: Expression, environment: Environment): Evaluation {
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "variable":
      return environment.variable(expression.name);
    case "list":
      return yield* evaluateAll(expression.items, environment);
    case "member":
      return member(yield* evaluate(expression.of, environment), yield* evaluate(expression.key, environment));
    case "call": {
      const result = environment.call(expression.name, yield* evaluateAll(expression.args, environment));
      return withinTextLimit(result instanceof Promise ? yield result : result);
    }
    case "not":
      return !boolean("not", yield* evaluate(expression.operand, environment));
    case "minus": {
      const operand = yield* evaluate(expression.operand, environment);
      if (!isNumber(operand)) throw raised("TypeError", `unsupported operand type for -: ${typeOf(operand)}`);
      return typeof operand === "bigint" ? integer(-operand) : -operand;
    }
    case "binary": {
      const { operator, right } = expression;
      const left = yield* evaluate(expression.left, environment);
      if (operator !== "and" && operator !== "or")
        return withinTextLimit(apply(operator, left, yield* evaluate(right, environment)));
      if (boolean(operator, left) === (operator === "or")) return left;
      return boolean(operator, yield* evaluate(right, environment));
    }
  }
}

function* evaluateAll(expressions: readonly Expression[], environment: Environment): Evaluation<Value[]> {
  const values: Value[] = [];
  for (const expression of expressions) values.push(yield* evaluate(expression, environment));
  return values;
}

export function boolean(where: string, value: Value): boolean {
  if (typeof value !== "boolean") throw raised("TypeError", `${where} needs a boolean, not ${typeOf(value)}`);
  return value;
}

/** A value as it is written, with its expressions evaluated. @throws RaisedError */
export function* evaluateTemplate(template: Template, environment: Environment): Evaluation {
  switch (template.kind) {
    case "constant":
      return template.value;
    case "expression":
      return yield* evaluate(template.expression, environment);
    case "list": {
      const items: Value[] = [];
      for (const item of template.items) items.push(yield* evaluateTemplate(item, environment));
      return items;
    }
    case "map": {
      const map = new Map<string, Value>();
      for (const [name, value] of template.entries) {
        const key = yield* evaluateTemplate(name, environment);
        if (typeof key !== "string") throw raised("TypeError", `a map's key is a string, not ${typeOf(key)}`);
        map.set(key, yield* evaluateTemplate(value, environment));
      }
      return map;
    }
  }
}
