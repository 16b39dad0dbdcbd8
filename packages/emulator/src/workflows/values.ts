import { parse as parseLossless } from "lossless-json";

/**
 * What variables hold. Integers are bigint and doubles number, so that `4 / 2` stays a double as it
 * does in Workflows. Values never change: an assignment to a part makes a new whole, so no branch
 * sees a change of another.
 */
export type Value = null | boolean | bigint | number | string | Buffer | readonly Value[] | WorkflowMap;
export type WorkflowMap = ReadonlyMap<string, Value>;

export type TypeName = "null" | "boolean" | "integer" | "double" | "string" | "bytes" | "list" | "map";

/** As `get_type` calls them. Source: docs/reference/stdlib/expression-helpers. */
export function typeOf(value: Value): TypeName {
  if (value === null) return "null";
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "bigint") return "integer";
  if (typeof value === "number") return "double";
  if (typeof value === "string") return "string";
  if (Buffer.isBuffer(value)) return "bytes";
  return Array.isArray(value) ? "list" : "map";
}

export const isMap = (value: Value | undefined): value is WorkflowMap => value instanceof Map;
export const isList = (value: Value | undefined): value is readonly Value[] => Array.isArray(value);
export const isNumber = (value: Value): value is bigint | number =>
  typeof value === "bigint" || typeof value === "number";

/** From what a program has. Whole numbers become integers. */
export function fromPlain(plain: unknown): Value {
  return fromParsed(plain, (number) => (Number.isSafeInteger(number) ? BigInt(number) : number));
}

/** From a parser's result, in which integers are bigint and doubles number. */
function fromParsed(plain: unknown, fromNumber: (number: number) => Value = (number) => number): Value {
  if (plain === null || plain === undefined) return null;
  if (typeof plain === "number") return fromNumber(plain);
  if (typeof plain === "boolean" || typeof plain === "bigint" || typeof plain === "string") return plain;
  if (Buffer.isBuffer(plain)) return plain;
  if (plain instanceof Map) return plain;
  if (Array.isArray(plain)) return plain.map((part) => fromParsed(part, fromNumber));
  return new Map(Object.entries(plain).map(([key, value]) => [key, fromParsed(value, fromNumber)]));
}

/**
 * Numbers without fraction or exponent are integers of 64 bits, others doubles. Source:
 * docs/reference/syntax/datatypes.
 *
 * @throws SyntaxError, also for a number that is neither: no document says what becomes of it, and
 *   it shall not become another
 */
export function parseJson(text: string): Value {
  return fromParsed(parseLossless(text, undefined, { parseNumber }));
}

function parseNumber(text: string): bigint | number {
  const isWhole = /^-?\d+$/.test(text);
  const value = isWhole ? BigInt(text) : Number(text);
  const fits = typeof value === "bigint" ? BigInt.asIntN(64, value) === value : Number.isFinite(value);
  if (fits) return value;
  throw new SyntaxError(`the number ${text.slice(0, 100)} is no ${isWhole ? "integer of 64 bits" : "double"}`);
}

/** @throws TypeError for bytes, which JSON cannot hold. Source: docs/reference/syntax/datatypes. */
export function toJson(value: Value): string {
  if (typeof value === "bigint") return String(value);
  if (Buffer.isBuffer(value)) throw new TypeError("bytes cannot be encoded as JSON");
  if (isList(value)) return `[${value.map(toJson).join(",")}]`;
  if (isMap(value)) return `{${[...value].map(([key, part]) => `${JSON.stringify(key)}:${toJson(part)}`).join(",")}}`;
  return JSON.stringify(value);
}

/** Below 0, 0 or above; NaN where one of them is. Integers and doubles are compared exactly. */
export function orderOfNumbers(a: bigint | number, b: bigint | number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return Number.isNaN(Number(a)) || Number.isNaN(Number(b)) ? Number.NaN : 0;
}

/** Deeply; numbers by what they are worth. */
export function equal(a: Value, b: Value): boolean {
  if (isNumber(a) && isNumber(b)) return orderOfNumbers(a, b) === 0;
  if (Buffer.isBuffer(a) && Buffer.isBuffer(b)) return a.equals(b);
  if (isList(a) && isList(b)) return a.length === b.length && a.every((part, index) => equal(part, b[index] as Value));
  if (isMap(a) && isMap(b)) {
    return a.size === b.size && [...a].every(([key, part]) => b.has(key) && equal(part, b.get(key) as Value));
  }
  return a === b;
}
