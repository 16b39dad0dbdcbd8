import { createHash, createHmac, randomUUID } from "node:crypto";
import { raised } from "../errors";
import { asText, integer } from "../expression/operators";
import { isList, isMap, isNumber, parseJson, toJson, typeOf, type Value, type WorkflowMap } from "../values";
import { type Args, type Library, pure } from "./function";

/** Functions that only calculate. Source: docs/reference/stdlib/overview. */
export const data: Library = {
  default: pure("value default_value", (args) => args.any("value") ?? args.any("default_value")),
  // All three are evaluated, as with any function; null counts as false.
  if: pure("condition if_true if_false", (args) =>
    args.any(args.any("condition") !== null && args.boolean("condition") ? "if_true" : "if_false"),
  ),
  get_type: pure("value", (args) => typeOf(args.any("value"))),
  keys: pure("map", (args) => [...args.map("map").keys()]),
  len: pure("value", (args) => BigInt(lengthOf(args))),
  int: pure("value", toInteger),
  double: pure("value", toDouble),
  string: pure("value", toText),

  "json.decode": pure("data", (args) => decodeJson(args.bytesOrText("data").toString())),
  "json.encode": pure("data", (args) => Buffer.from(encodeJson(args.any("data")))),
  "json.encode_to_string": pure("data", (args) => encodeJson(args.any("data"))),

  "base64.encode": pure("data", (args) => args.bytes("data").toString("base64")),
  "base64.decode": pure("data", (args) => decodeBase64(args.text("data"))),

  "list.concat": pure("objs val", (args) => [...args.list("objs"), args.any("val")]),
  "list.prepend": pure("objs val", (args) => [args.any("val"), ...args.list("objs")]),

  "map.get": pure("map keys", getInMap),
  "map.delete": pure("map key", (args) => new Map([...args.map("map")].filter(([key]) => key !== args.text("key")))),
  "map.merge": pure("first second", (args) => new Map([...args.map("first"), ...args.map("second")])),
  "map.merge_nested": pure("first second", (args) => mergeNested(args.map("first"), args.map("second"))),

  "math.abs": pure("value", (args) => absolute(args.number("value"))),
  "math.floor": pure("value", (args) => floor(args.number("value"))),
  "math.max": pure("a b", (args) => (args.number("a") >= args.number("b") ? args.number("a") : args.number("b"))),
  "math.min": pure("a b", (args) => (args.number("a") <= args.number("b") ? args.number("a") : args.number("b"))),

  "time.format": pure("seconds", (args) => formatTime(Number(args.number("seconds")))),
  "time.parse": pure("value", (args) => parseTime(args.text("value"))),

  "hash.compute_checksum": pure("data algorithm", (args) =>
    createHash(algorithm(args)).update(args.bytesOrText("data")).digest(),
  ),
  "hash.compute_hmac": pure("key data algorithm", (args) =>
    createHmac(algorithm(args), args.bytesOrText("key")).update(args.bytesOrText("data")).digest(),
  ),
  "uuid.generate": pure("", () => randomUUID()),
};

/** Characters of a text, items of a list, pairs of a map, bytes. */
function lengthOf(args: Args): number {
  const value = args.any("value");
  if (typeof value === "string") return [...value].length;
  if (Buffer.isBuffer(value) || isList(value)) return value.length;
  return isMap(value) ? value.size : args.wrong("value", "string, bytes, list or map");
}

function toInteger(args: Args): bigint {
  const value = args.any("value");
  if (typeof value === "bigint") return value;
  if (typeof value === "number" && Number.isFinite(value)) return integer(BigInt(Math.trunc(value)));
  if (typeof value !== "string") return args.wrong("value", "number or string");
  if (!/^\s*[+-]?\d+\s*$/.test(value)) throw raised("ValueError", `invalid integer: ${JSON.stringify(value)}`);
  return integer(BigInt(value.trim().replace(/^\+/, "")));
}

function toDouble(args: Args): number {
  const value = args.any("value");
  if (isNumber(value)) return Number(value);
  if (typeof value !== "string") return args.wrong("value", "number or string");
  const number = Number(value);
  if (value.trim() === "" || Number.isNaN(number))
    throw raised("ValueError", `invalid double: ${JSON.stringify(value)}`);
  return number;
}

function toText(args: Args): string {
  return asText(args.any("value")) ?? args.wrong("value", "number, boolean or string");
}

export function decodeJson(text: string): Value {
  try {
    return parseJson(text);
  } catch (error) {
    throw raised("ValueError", `invalid JSON: ${(error as Error).message}`);
  }
}

export function encodeJson(value: Value): string {
  try {
    return toJson(value);
  } catch (error) {
    throw raised("TypeError", (error as Error).message);
  }
}

function decodeBase64(text: string): Buffer {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) throw raised("ValueError", "invalid base64");
  return Buffer.from(text, "base64");
}

/**
 * By one key, or by a list of keys one in the other; null where there is nothing, or no map.
 * Source: docs/reference/stdlib/map/get.
 */
function getInMap(args: Args): Value {
  const keys = args.any("keys");
  const path = isList(keys) ? keys : [keys];
  let value: Value | undefined = args.any("map");
  for (const key of path) {
    if (typeof key !== "string") return args.wrong("keys", "string or list of strings");
    value = isMap(value) ? value.get(key) : undefined;
  }
  return value ?? null;
}

function mergeNested(first: WorkflowMap, second: WorkflowMap): WorkflowMap {
  const merged = new Map(first);
  for (const [key, value] of second) {
    const before = merged.get(key);
    merged.set(key, isMap(before) && isMap(value) ? mergeNested(before, value) : value);
  }
  return merged;
}

function absolute(value: bigint | number): Value {
  if (typeof value === "number") return Math.abs(value);
  return integer(value < 0n ? -value : value);
}

function floor(value: bigint | number): Value {
  if (typeof value === "bigint") return value;
  if (!Number.isFinite(value)) throw raised("ValueError", `${value} has no integer`);
  return integer(BigInt(Math.floor(value)));
}

function formatTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) throw raised("ValueError", `invalid time: ${seconds}`);
  return date.toISOString();
}

function parseTime(text: string): number {
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw raised("ValueError", `invalid time: ${JSON.stringify(text)}`);
  return time / 1000;
}

const ALGORITHMS = ["MD5", "SHA1", "SHA256", "SHA384", "SHA512"];

function algorithm(args: Args): string {
  const name = args.text("algorithm");
  if (!ALGORITHMS.includes(name)) throw raised("ValueError", `algorithm ${name}; allowed: ${ALGORITHMS.join(", ")}`);
  return name.toLowerCase();
}
