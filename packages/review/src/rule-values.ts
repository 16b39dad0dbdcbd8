import type { Value } from "./change";
import type { Note } from "./knowledge";

/** A setting that can hurt when it changes, or already when it is made. */
export interface SettingRule extends Note {
  /** The types that have it; of all types, where it is left out. */
  readonly types?: readonly string[];
  /** Keys that lead to it. A block that occurs once has no index. */
  readonly path: readonly string[];
  /** @param before is left out where the resource is new. */
  readonly worse: (after: Value, before?: { readonly value: Value }) => boolean;
}

type Worse = SettingRule["worse"];

/** It is so now, and was not before; of a new resource: it is so. */
export const becomes =
  (isSo: (value: Value) => boolean): Worse =>
  (after, before) =>
    isSo(after) && !(before && isSo(before.value));

/** It was so, and is so no more. What is new loses nothing. */
export const ceases =
  (isSo: (value: Value) => boolean): Worse =>
  (after, before) =>
    before !== undefined && isSo(before.value) && !isSo(after);

export const is =
  (...wanted: Value[]) =>
  (value: Value): boolean =>
    wanted.includes(value);

/**
 * It was longer, or there was none of it.
 *
 * @param unset what it is worth where it is not set: `Infinity` for something that ends only where that is said.
 */
export const shortens =
  (unset: number): Worse =>
  (after, before) =>
    before !== undefined && amount(after, unset) < amount(before.value, unset);

/** Plain numbers, and durations such as `604800s`. Zero of some settings is the same as unset. */
function amount(value: Value, unset: number): number {
  if (value === undefined || value === null || value === "") return unset;
  const number = Number(String(value).replace(/s$/, ""));
  return Number.isNaN(number) ? unset : number;
}

export function list(value: Value): Value[] {
  return Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
}

/** Every address there is. */
export const isEverywhere = (range: Value): boolean => /^(0\.0\.0\.0|::|0:0:0:0:0:0:0:0)\/0$/.test(String(range));

/** Somebody who is nobody in particular. Source: cloud.google.com/iam/docs/principals-overview */
export const isEverybody = (who: Value): boolean => /(^|:)(allUsers|allAuthenticatedUsers)$/.test(String(who));
