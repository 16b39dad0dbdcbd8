import type { Value } from "./change";
import type { Note } from "./knowledge";

/** A setting that can hurt when it changes, or when the resource is created. */
export interface SettingRule extends Note {
  /** @default - all types */
  readonly types?: readonly string[];
  /** Keys that lead to the setting. A block that occurs once has no index. */
  readonly path: readonly string[];
  /** @param before undefined for a new resource */
  readonly worse: (after: Value, before?: { readonly value: Value }) => boolean;
}

type Worse = SettingRule["worse"];

/** True now, and not before. */
export const becomes =
  (isSo: (value: Value) => boolean): Worse =>
  (after, before) =>
    isSo(after) && !(before && isSo(before.value));

/** True before, and no longer. A new resource loses nothing. */
export const ceases =
  (isSo: (value: Value) => boolean): Worse =>
  (after, before) =>
    before !== undefined && isSo(before.value) && !isSo(after);

export const is =
  (...wanted: Value[]) =>
  (value: Value): boolean =>
    wanted.includes(value);

/**
 * Shorter than before.
 *
 * @param unset the value of an unset setting; `Infinity` for a limit that applies only where it is
 * set
 */
export const shortens =
  (unset: number): Worse =>
  (after, before) =>
    before !== undefined && amount(after, unset) < amount(before.value, unset);

/** Of numbers and of durations such as `604800s`. */
function amount(value: Value, unset: number): number {
  if (value === undefined || value === null || value === "") return unset;
  const number = Number(String(value).replace(/s$/, ""));
  return Number.isNaN(number) ? unset : number;
}

export function list(value: Value): Value[] {
  return Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
}

/** All IP addresses. */
export const isEverywhere = (range: Value): boolean => /^(0\.0\.0\.0|::|0:0:0:0:0:0:0:0)\/0$/.test(String(range));

/** All users. Source: cloud.google.com/iam/docs/principals-overview */
export const isEverybody = (who: Value): boolean => /(^|:)(allUsers|allAuthenticatedUsers)$/.test(String(who));
