import { type Change, isObject, type Json, type Path, type Value } from "./change";
import { isHidden } from "./secrets";

/** What the review can show of a value. `items`: the members that a list lost or gained. */
export type Shown =
  | { readonly kind: "none" }
  | { readonly kind: "value"; readonly value: Value }
  | { readonly kind: "items"; readonly items: readonly Value[] }
  | { readonly kind: "sensitive" }
  | { readonly kind: "unknown"; readonly references: readonly string[] };

export interface Difference {
  /** Such as `service_config.environment_variables.LEVEL`; blocks that occur once have no index. */
  readonly path: string;
  readonly before: Shown;
  readonly after: Shown;
}

/** Attributes that the provider computes from configured ones. */
const DERIVED = new Set(["terraform_labels", "effective_labels", "effective_annotations", "timeouts"]);

/** The differences between before and after, key by key, sorted by key. */
export function differences(change: Change): Difference[] {
  const found: Difference[] = [];
  const compare = (path: Path, before: Value, after: Value, unknown: Value, label = path): void => {
    if (path.length === 1 && DERIVED.has(String(path[0]))) return;
    if (unknown === true) {
      const references = referencesAt(change.expressions, path);
      // A value without an expression is computed, and unknown at every update.
      if (references === undefined) return;
      found.push({ path: format(label), before: shown(before), after: { kind: "unknown", references } });
    } else if (isObject(before) || isObject(after)) {
      if (isLeaf(before) && isLeaf(after)) return;
      for (const key of keysOf(before, after, unknown)) {
        compare([...path, key], before?.[key], after?.[key], unknown?.[key], [...label, key]);
      }
    } else if (isBlocks(before, after)) {
      const variables = path.at(-1) === "env" ? variablesOf(before, after) : undefined;
      const length = Math.max(before?.length ?? 0, after?.length ?? 0);
      for (const { name, was, is, index } of variables ?? []) {
        compare([...path, index], was, is, unknown?.[index], [...label, name]);
      }
      for (let index = 0; !variables && index < length; index++) {
        const end = length === 1 ? [] : [index];
        compare([...path, ...end], before?.[index], after?.[index], unknown?.[index], [...label, ...end]);
      }
    } else if (!same(before, after)) {
      const lists = itemsOf(before, after);
      found.push({
        path: format(label),
        before: lists ? { kind: "items", items: lists.removed } : shown(before),
        after: lists ? { kind: "items", items: lists.added } : shown(after),
      });
    }
  };
  if (isObject(change.before) && isObject(change.after)) {
    for (const key of keysOf(change.before, change.after, change.unknown)) {
      compare([key], change.before[key], change.after[key], change.unknown?.[key]);
    }
  } else compare(["value"], change.before, change.after, change.unknown);
  return found;
}

/** The values at a path, as the review can show them. */
export function differenceAt(change: Change, path: Path): Difference {
  let { before, after, unknown }: { before?: Value; after?: Value; unknown?: Value } = change;
  for (const key of path) [before, after, unknown] = [before?.[key], after?.[key], unknown === true || unknown?.[key]];
  const references = referencesAt(change.expressions, path) ?? [];
  return {
    path: format(path.filter((key, index) => key !== 0 || index === path.length - 1)),
    before: shown(before),
    after: unknown === true ? { kind: "unknown", references } : shown(after),
  };
}

function shown(value: Value): Shown {
  if (value === null || value === undefined) return { kind: "none" };
  return typeof value === "string" && isHidden(value) && !value.includes("\n")
    ? { kind: "sensitive" }
    : { kind: "value", value };
}

function keysOf(...values: Value[]): string[] {
  return [...new Set(values.flatMap((value) => (isObject(value) ? Object.keys(value) : [])))].sort();
}

/** An empty object on one side only is no configured difference. */
function isLeaf(value: Value): boolean {
  return value === undefined || value === null || (isObject(value) && Object.keys(value).length === 0);
}

function isBlocks(before: Value, after: Value): boolean {
  const lists = [before, after].filter((value) => value !== null && value !== undefined);
  return lists.every(Array.isArray) && lists.flat().some((item) => typeof item === "object" && item !== null);
}

/**
 * The variables of a container by their names, which are left out: the provider sorts them anew
 * when one is added. Undefined where a name is missing or occurs twice.
 */
function variablesOf(before: Value, after: Value) {
  const [was, is] = [before, after].map((list: Value[] | null) => list ?? []) as [Value[], Value[]];
  for (const list of [was, is]) {
    const names = list.map((each) => each?.name);
    if (names.some((name) => typeof name !== "string") || new Set(names).size < names.length) return undefined;
  }
  const unnamed = (list: Value[], name: string) => {
    const { name: _, ...rest } = list.find((each) => each.name === name) ?? {};
    return Object.keys(rest).length > 0 ? rest : undefined;
  };
  return [...new Set([...was, ...is].map(({ name }) => String(name)))].sort().map((name) => {
    const index = is.findIndex((each) => each.name === name);
    return { name, was: unnamed(was, name), is: unnamed(is, name), index: index < 0 ? is.length : index };
  });
}

/** For lists of plain values: removed and added items. Their order may not matter. */
function itemsOf(before: Value, after: Value): { removed: Value[]; added: Value[] } | undefined {
  if (!Array.isArray(before) || !Array.isArray(after)) return undefined;
  const removed = before.filter((item) => !after.includes(item));
  const added = after.filter((item) => !before.includes(item));
  return removed.length + added.length === 0 ? undefined : { removed, added };
}

/** Absent, null and empty values are equal: providers replace one by the other. */
function same(a: Value, b: Value): boolean {
  const plain = (value: Value) => (value === undefined || value === "" || value?.length === 0 ? null : value);
  return JSON.stringify(plain(a)) === JSON.stringify(plain(b));
}

/** The references of an unknown value; undefined if the path is not configured. */
export function referencesAt(expressions: Json | undefined, path: Path): readonly string[] | undefined {
  let found: Value = expressions;
  for (const key of path) {
    if (isObject(found) && Array.isArray(found.references)) break;
    if (Array.isArray(found) && typeof key === "string") found = found[0];
    found = found?.[key];
  }
  if (found === undefined) return undefined;
  const references: string[] = isObject(found) && Array.isArray(found.references) ? found.references : [];
  // Terraform lists `a.b.c` and then `a.b`; the longest one is enough.
  return references.filter((each) => !references.some((other) => other.startsWith(`${each}.`)));
}

function format(path: Path): string {
  return path
    .map((key, index) => {
      if (typeof key === "number") return `[${key}]`;
      const plain = /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
      return index === 0 ? plain : `.${plain}`;
    })
    .join("");
}
