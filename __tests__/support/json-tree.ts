import { alikes } from "./hostile-values";

/**
 * JSON that need not be what `JSON.stringify` writes: an object may have a key twice, and any text
 * may stand for a value (`1e999`, `-0`, or no JSON at all).
 */
export type Tree = string | { items: Tree[] } | { fields: [key: string, value: Tree][] };

/** The same value as a tree; texts, numbers and literals become their JSON. */
export function treeOf(value: unknown): Tree {
  if (Array.isArray(value)) return { items: value.map(treeOf) };
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const defined = Object.entries(value).filter(([, item]) => item !== undefined);
  return { fields: defined.map(([key, item]) => [key, treeOf(item)]) };
}

export function render(tree: Tree): string {
  if (typeof tree === "string") return tree;
  if ("items" in tree) return `[${tree.items.map(render).join()}]`;
  return `{${tree.fields.map(([key, value]) => `${JSON.stringify(key)}:${render(value)}`).join()}}`;
}

/** One change of a tree at one of its places. */
export type Edit =
  | { at: number; op: "replace" | "append" | "again"; value: Tree }
  | { at: number; op: "alike"; pick: number }
  | { at: number; op: "rename"; key: string }
  | { at: number; op: "insert"; text: string; offset: number }
  | { at: number; op: "repeat"; times: number }
  | { at: number; op: "remove" | "wrap" | "quote" };

/** @param at counts the tree's places, outermost first, and begins anew where they end. */
export function edited(tree: Tree, edits: readonly Edit[]): Tree {
  return edits.reduce((current, edit) => editOnce(current, edit), tree);
}

/**
 * An edit for each value that looks like the right one, at each of the tree's texts and numbers.
 */
export function lookAlikes(tree: Tree): Edit[] {
  const root: Tree = { fields: [["", tree]] };
  return placesIn(root).flatMap((place, at) => {
    const json = valueAt(place);
    return typeof json === "string" ? alikes(json).map((_, pick): Edit => ({ at, op: "alike", pick })) : [];
  });
}

const valueAt = ({ parent, index }: Place) => ("items" in parent ? parent.items[index] : parent.fields[index]?.[1]);

function editOnce(tree: Tree, edit: Edit): Tree {
  // The whole is a field like any other.
  const root: { fields: [string, Tree][] } = { fields: [["", copyOf(tree)]] };
  const places = placesIn(root);
  const place = places[edit.at % places.length];
  if (place) change(place, edit);
  return root.fields[0]?.[1] ?? "";
}

interface Place {
  readonly parent: { items: Tree[] } | { fields: [string, Tree][] };
  readonly index: number;
}

function copyOf(tree: Tree): Tree {
  if (typeof tree === "string") return tree;
  if ("items" in tree) return { items: tree.items.map(copyOf) };
  return { fields: tree.fields.map(([key, value]) => [key, copyOf(value)]) };
}

function placesIn(parent: Tree): Place[] {
  if (typeof parent === "string") return [];
  const children = "items" in parent ? parent.items : parent.fields.map(([, value]) => value);
  // Of a long array the first few stand for all.
  return children.slice(0, 20).flatMap((child, index) => [{ parent, index }, ...placesIn(child)]);
}

function change({ parent, index }: Place, edit: Edit): void {
  if ("items" in parent) {
    parent.items.splice(index, 1, ...replacements(parent.items[index] ?? "", edit));
    return;
  }
  const [key, old] = parent.fields[index] ?? ["", ""];
  const values = replacements(old, edit);
  parent.fields.splice(
    index,
    1,
    ...values.map((value): [string, Tree] => [edit.op === "rename" ? edit.key : key, value]),
  );
}

/** What stands in a value's place after the edit. */
function replacements(old: Tree, edit: Edit): Tree[] {
  switch (edit.op) {
    case "replace":
      return [edit.value];
    case "alike":
      return [typeof old === "string" ? (alikes(old).at(edit.pick % alikes(old).length) ?? old) : old];
    case "again":
      return [old, edit.value];
    case "append":
      return [appended(old, edit.value)];
    case "insert":
      return [inserted(old, edit.text, edit.offset)];
    case "repeat":
      return [repeated(firstItem(old), edit.times)];
    case "wrap":
      return [{ items: [old] }];
    case "quote":
      return [JSON.stringify(render(old))];
    case "rename":
      return [old];
    case "remove":
      return [];
  }
}

/** A repetition that is repeated in turn stays below a few megabytes. */
function repeated(item: Tree, times: number): Tree {
  const most = Math.floor(2_000_000 / (render(item).length + 1));
  return { items: Array.from({ length: Math.min(times, most) }, () => copyOf(item)) };
}

function firstItem(tree: Tree): Tree {
  return typeof tree === "object" && "items" in tree ? (tree.items[0] ?? "0") : tree;
}

function appended(tree: Tree, value: Tree): Tree {
  if (typeof tree === "string") return value;
  return "items" in tree ? { items: [...tree.items, value] } : { fields: [...tree.fields, ["__proto__", value]] };
}

/** Into a text at any of its positions; other values become that text. */
function inserted(tree: Tree, text: string, offset: number): Tree {
  const old = typeof tree === "string" && tree.startsWith('"') ? String(JSON.parse(tree)) : "";
  const at = offset % (old.length + 1);
  return JSON.stringify(old.slice(0, at) + text + old.slice(at));
}
