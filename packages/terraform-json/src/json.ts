import type { Key } from "./evaluate";
import { BigFloat } from "./number";
import type { Value } from "./values";

export type Json = Record<string, Value>;

export function isBlock(value: Value): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof BigFloat);
}

export function block(value: Value): Json {
  return isBlock(value) ? value : {};
}

/** A block that may be written as a list of one. */
export function one(value: Value): Json {
  return block(Array.isArray(value) ? value[0] : value);
}

export function has(attributes: Json, keys: readonly Key[]): boolean {
  let value: Value = attributes;
  for (const key of keys) {
    if (Array.isArray(value) && typeof key === "string") value = value[0];
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return false;
    value = value[key];
  }
  return true;
}

export function assign(attributes: Json, keys: readonly string[], value: Value): void {
  const [key, ...rest] = keys;
  if (key === undefined) return;
  if (rest.length === 0) attributes[key] = value;
  else if (isBlock(attributes[key] ?? {})) {
    attributes[key] ??= {};
    assign(attributes[key], rest, value);
  } else assign(one(attributes[key]), rest, value);
}
