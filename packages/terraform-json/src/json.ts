import type { Key } from "./evaluate";
import { BigFloat } from "./number";
import type { Value } from "./values";

export type Json = Record<string, Value>;

export function isBlock(value: Value): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof BigFloat);
}

export function objectOf(value: Value): Json {
  return isBlock(value) ? value : {};
}

/**
 * The block at a path of blocks that occur once. Terraform JSON has such a block as an object or as
 * a list of one.
 *
 * @returns undefined if there is none
 */
export function block(attributes: Readonly<Json> | undefined, ...path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>((outer, name) => {
    const value = outer?.[name];
    const inner = Array.isArray(value) ? value[0] : value;
    return isBlock(inner) ? inner : undefined;
  }, attributes);
}

/** The blocks of a name that can occur several times. */
export function blocks(attributes: Readonly<Json> | undefined, name: string): Json[] {
  const value = attributes?.[name] ?? [];
  return Array.isArray(value) ? value : [value];
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
  } else assign(objectOf(Array.isArray(attributes[key]) ? attributes[key][0] : attributes[key]), rest, value);
}
