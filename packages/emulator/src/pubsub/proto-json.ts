import { Enum, type Field, MapField, Type } from "protobufjs";

/** Largest and smallest values. */
const INTEGERS: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  sint32: [-(2n ** 31n), 2n ** 31n - 1n],
  sfixed32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  fixed32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  sint64: [-(2n ** 63n), 2n ** 63n - 1n],
  sfixed64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  fixed64: [0n, 2n ** 64n - 1n],
};

/**
 * Checks JSON against a message type, as ProtoJSON says: names in either spelling, 64-bit numbers
 * as texts, enums by name or number, bytes as base64; what the type does not have is refused.
 * protobufjs reads JSON more loosely, so this is ours. Source:
 * https://protobuf.dev/programming-guides/json/
 *
 * @throws Error that says where it does not fit
 */
export function readProtoJson(type: Type, value: unknown, at = type.name): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw unfit(at, value, "an object");
  const given = new Set<string>();
  for (const [name, item] of Object.entries(value)) {
    const field = type.fieldsArray.find((field) => field.name === name || jsonName(field) === name);
    if (!field) throw new Error(`${at} has no field ${name}`);
    if (given.has(field.name)) throw new Error(`${at}.${field.name} is given twice`);
    // null stands for a field that is not set.
    if (item === null) continue;
    given.add(field.name);
    checkField(field, item, `${at}.${field.name}`);
  }
  for (const { name, oneof } of type.oneofsArray) {
    const set = oneof.filter((field) => given.has(field));
    if (set.length > 1) throw new Error(`${at} has ${set.join(" and ")}, both of the oneof ${name}`);
  }
  const missing = type.fieldsArray.find((field) => field.required && !given.has(field.name));
  if (missing) throw new Error(`${at} has no ${missing.name}, which is required`);
}

function checkField(field: Field, value: unknown, at: string): void {
  if (field instanceof MapField) {
    if (typeof value !== "object" || Array.isArray(value)) throw unfit(at, value, "an object");
    for (const [key, item] of Object.entries(value as object)) {
      checkKey(field.keyType, key, at);
      checkValue(field, item, `${at}.${key}`);
    }
  } else if (field.repeated) {
    if (!Array.isArray(value)) throw unfit(at, value, "a list");
    for (const [index, item] of value.entries()) checkValue(field, item, `${at}[${index}]`);
  } else checkValue(field, value, at);
}

function checkValue({ type, resolvedType }: Field, value: unknown, at: string): void {
  const range = INTEGERS[type];
  if (resolvedType instanceof Type) readProtoJson(resolvedType, value, at);
  else if (resolvedType instanceof Enum) checkEnum(resolvedType, value, at);
  else if (range) checkInteger(range, value, at);
  else if (type === "bool") {
    if (typeof value !== "boolean") throw unfit(at, value, "true or false");
  } else if (type === "string") {
    if (typeof value !== "string") throw unfit(at, value, "a text");
  } else if (type === "bytes") {
    if (typeof value !== "string" || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(value)) throw unfit(at, value, "base64");
  } else if (!isFloat(value)) throw unfit(at, value, "a number");
}

/** JSON has texts alone for keys. */
function checkKey(type: string, key: string, at: string): void {
  const range = INTEGERS[type];
  if (range) checkInteger(range, key, `the key ${key} of ${at}`);
  if (type === "bool" && key !== "true" && key !== "false") throw unfit(`the key of ${at}`, key, "true or false");
}

function checkEnum({ name, values }: Enum, value: unknown, at: string): void {
  const isKnown = typeof value === "string" ? Object.hasOwn(values, value) : Number.isInteger(value);
  if (!isKnown) throw unfit(at, value, `one of ${name}: ${Object.keys(values).join(", ")}`);
}

function checkInteger([min, max]: readonly [bigint, bigint], value: unknown, at: string): void {
  const isWhole = typeof value === "number" ? Number.isInteger(value) : /^-?\d+$/.test(String(value));
  const isFit =
    isWhole && typeof value !== "boolean" && BigInt(value as string) >= min && BigInt(value as string) <= max;
  if (!isFit) throw unfit(at, value, `a whole number from ${min} to ${max}`);
}

function isFloat(value: unknown): boolean {
  if (typeof value === "number") return true;
  return typeof value === "string" && /^(-?\d+(\.\d+)?(e[+-]?\d+)?|NaN|-?Infinity)$/i.test(value);
}

/** `json_name`, or the name in lowerCamelCase. */
function jsonName({ name, options }: Field): string {
  return String(options?.json_name ?? name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()));
}

function unfit(at: string, value: unknown, allowed: string): Error {
  return new Error(`${at} is ${String(JSON.stringify(value)).slice(0, 100)}; allowed: ${allowed}`);
}
