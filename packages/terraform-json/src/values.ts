import { ExpressionError } from "./expression";
import { BigFloat } from "./number";

// biome-ignore lint/suspicious/noExplicitAny: values of Terraform, whose types only its functions know.
export type Value = any;

/** A list or a set; all items are of one type. An array is a tuple, whose items may differ. */
export class Sequence {
  constructor(
    readonly kind: "list" | "set",
    readonly items: readonly Value[],
  ) {}
}

/** A map; all values are of one type. A plain object is an object, whose attributes may differ. */
export class Dictionary {
  constructor(readonly entries: Readonly<Record<string, Value>>) {}
}

/** Items of a list, set or tuple; undefined for other values. */
export function itemsOf(value: Value): readonly Value[] | undefined {
  return Array.isArray(value) ? value : value instanceof Sequence ? value.items : undefined;
}

/** Entries of a map or object; undefined for other values. */
export function entriesOf(value: Value): Readonly<Record<string, Value>> | undefined {
  if (value instanceof Dictionary) return value.entries;
  const isOther = typeof value !== "object" || value === null || Array.isArray(value);
  return isOther || value instanceof Sequence || value instanceof BigFloat ? undefined : value;
}

/**
 * A JSON value as Terraform's: a list becomes a tuple, and strings are normalized (NFC).
 */
export function fromJson(value: Value): Value {
  if (typeof value === "number") return BigFloat.of(value);
  if (typeof value === "string") return value.normalize("NFC");
  if (Array.isArray(value)) return value.map(fromJson);
  const entries = value instanceof Dictionary ? undefined : entriesOf(value);
  return entries ? mapped(entries, fromJson) : (value ?? null);
}

/** The JSON of a value. A number that JavaScript cannot represent becomes text with all digits. */
export function toJson(value: Value): Value {
  if (value instanceof BigFloat) return value.toJson();
  const [items, entries] = [itemsOf(value), entriesOf(value)];
  return items ? items.map(toJson) : entries ? mapped(entries, toJson) : value;
}

export function mapped(entries: Readonly<Record<string, Value>>, by: (value: Value) => Value): Record<string, Value> {
  return Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, by(value)]));
}

const MARK = "\u0000number ";

/**
 * JSON.parse that keeps all digits: numbers that JavaScript cannot represent become BigFloats.
 *
 * @throws SyntaxError
 */
export function parseJson(source: string): Value {
  // Outside strings, digits belong to numbers.
  const token = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;
  const kept = source.replace(token, (text) => {
    if (text.startsWith('"') || !isJsonNumber(text)) return text;
    return typeof BigFloat.parse(text)?.toJson() === "number" ? text : JSON.stringify(`${MARK}${text}`);
  });
  return JSON.parse(kept, (_, value) =>
    typeof value === "string" && value.startsWith(MARK) ? BigFloat.parse(value.slice(MARK.length)) : value,
  );
}

function isJsonNumber(text: string): boolean {
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text);
}

/** Terraform's conversion to a string, for numbers and booleans. @throws ExpressionError */
export function text(value: Value): string {
  if (typeof value === "string") return value;
  if (value instanceof BigFloat || typeof value === "boolean" || typeof value === "number") return String(value);
  throw new ExpressionError(`${describe(value)} where a string is needed`);
}

/** Terraform's conversion to a number. @throws ExpressionError */
export function number(value: Value): BigFloat {
  if (value instanceof BigFloat) return value;
  if (typeof value === "number") return BigFloat.of(value);
  const parsed = typeof value === "string" ? BigFloat.parse(value) : undefined;
  if (parsed) return parsed;
  throw new ExpressionError(`${describe(value)} where a number is needed`);
}

export function boolean(value: Value, what = "a condition that is neither true nor false"): boolean {
  if (value === true || value === "true") return true;
  if (value === false || value === "false") return false;
  throw new ExpressionError(what);
}

export function describe(value: Value): string {
  if (value === null || value === undefined) return "null";
  if (value instanceof BigFloat) return "a number";
  if (value instanceof Sequence) return `a ${value.kind}`;
  if (value instanceof Dictionary) return "a map";
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
