import { raised } from "../errors";
import { equal, isList, isMap, isNumber, orderOfNumbers, typeOf, type Value } from "../values";
import type { BinaryOperator } from "./parse";

type Strict = Exclude<BinaryOperator, "and" | "or">;

/** All but `and` and `or`, which may leave their right side alone. @throws RaisedError */
export function apply(operator: Strict, left: Value, right: Value): Value {
  switch (operator) {
    case "==":
      return equal(left, right);
    case "!=":
      return !equal(left, right);
    case "in":
      return contains(right, left);
    case "<":
    case "<=":
    case ">":
    case ">=":
      return compare(operator, left, right);
    case "+":
      return isText(left) || isText(right) ? joined(left, right) : arithmetic(operator, left, right);
    default:
      return arithmetic(operator, left, right);
  }
}

const isText = (value: Value): value is string => typeof value === "string";

/**
 * A text and a number or boolean make a text. Source: docs/reference/syntax/datatypes, "Implicit
 * data type conversions".
 */
function joined(left: Value, right: Value): string {
  const [before, after] = [asText(left), asText(right)];
  if (before === undefined || after === undefined) throw wrongTypes("+", left, right);
  return before + after;
}

/** As `string()` writes it; undefined for other types. */
export function asText(value: Value): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "boolean" || isNumber(value) ? String(value) : undefined;
}

function wrongTypes(operator: string, left: Value, right: Value) {
  return raised("TypeError", `unsupported operand types for ${operator}: ${typeOf(left)} and ${typeOf(right)}`);
}

function compare(operator: "<" | "<=" | ">" | ">=", left: Value, right: Value): boolean {
  const order = orderOf(left, right);
  if (order === undefined) throw wrongTypes(operator, left, right);
  if (operator === "<") return order < 0;
  if (operator === "<=") return order <= 0;
  return operator === ">" ? order > 0 : order >= 0;
}

/**
 * Texts by their UTF-8 bytes, which is the order of code points; JavaScript's own order is that of
 * UTF-16.
 */
function orderOf(left: Value, right: Value): number | undefined {
  if (typeof left === "string" && typeof right === "string")
    return Buffer.compare(Buffer.from(left), Buffer.from(right));
  return isNumber(left) && isNumber(right) ? orderOfNumbers(left, right) : undefined;
}

function contains(whole: Value, part: Value): boolean {
  if (isList(whole)) return whole.some((item) => equal(item, part));
  if (isMap(whole)) return typeof part === "string" && whole.has(part);
  throw raised("TypeError", `in needs a list or a map on its right, not ${typeOf(whole)}`);
}

function arithmetic(operator: "+" | "-" | "*" | "/" | "//" | "%", left: Value, right: Value): Value {
  if (!isNumber(left) || !isNumber(right)) throw wrongTypes(operator, left, right);
  if (["/", "//", "%"].includes(operator) && Number(right) === 0) throw raised("ZeroDivisionError", "division by zero");
  if (operator === "/") return Number(left) / Number(right);
  if (typeof left === "bigint" && typeof right === "bigint") return integer(integers(operator, left, right));
  return doubles(operator, Number(left), Number(right));
}

function integers(operator: "+" | "-" | "*" | "//" | "%", left: bigint, right: bigint): bigint {
  if (operator === "+") return left + right;
  if (operator === "-") return left - right;
  if (operator === "*") return left * right;
  // Division goes down, the remainder has the divisor's sign: "floor division".
  const rest = left % right;
  const below = rest !== 0n && rest < 0n !== right < 0n;
  if (operator === "%") return below ? rest + right : rest;
  return left / right - (below ? 1n : 0n);
}

function doubles(operator: "+" | "-" | "*" | "//" | "%", left: number, right: number): number {
  if (operator === "+") return left + right;
  if (operator === "-") return left - right;
  if (operator === "*") return left * right;
  const quotient = Math.floor(left / right);
  return operator === "//" ? quotient : left - quotient * right;
}

/** Integers have 64 bits. @throws RaisedError ValueError beyond */
export function integer(value: bigint): bigint {
  if (BigInt.asIntN(64, value) !== value) throw raised("ValueError", `${value} does not fit into 64 bits`);
  return value;
}

/** `whole[key]`, `whole.key`. @throws RaisedError KeyError, IndexError, TypeError */
export function member(whole: Value, key: Value): Value {
  if (isMap(whole)) {
    if (typeof key !== "string") throw raised("TypeError", `a map's key is a string, not ${typeOf(key)}`);
    const value = whole.get(key);
    if (value === undefined) throw raised("KeyError", `key not found: ${key}`);
    return value;
  }
  if (isList(whole)) return whole[indexIn(whole, key)] as Value;
  throw raised("TypeError", `${typeOf(whole)} has no parts`);
}

function indexIn(list: readonly Value[], key: Value): number {
  if (typeof key !== "bigint") throw raised("TypeError", `a list's index is an integer, not ${typeOf(key)}`);
  if (key < 0n || key >= BigInt(list.length))
    throw raised("IndexError", `index out of range: ${key} of ${list.length}`);
  return Number(key);
}

/** A copy of the whole in which one part is another. */
export function withPart(whole: Value, [key, ...more]: readonly Value[], value: Value): Value {
  if (key === undefined) return value;
  if (isList(whole)) {
    const index = indexIn(whole, key);
    return whole.with(index, withPart(whole[index] as Value, more, value));
  }
  if (!isMap(whole)) throw raised("TypeError", `${typeOf(whole)} has no parts`);
  if (typeof key !== "string") throw raised("TypeError", `a map's key is a string, not ${typeOf(key)}`);
  const part = more.length > 0 ? withPart(member(whole, key), more, value) : value;
  return new Map([...whole, [key, part]]);
}
