import type { ItemLine } from "../src/api-types";

export interface PlacedItem {
  readonly item: ItemLine;
  /** How far from the first ancestor. */
  readonly column: number;
  readonly row: number;
}

export interface Family {
  readonly placed: readonly PlacedItem[];
  /** Pairs of a parent and its child. */
  readonly edges: readonly (readonly [PlacedItem, PlacedItem])[];
  readonly columns: number;
  readonly rows: number;
}

/**
 * An item with its ancestors and descendants. Of a flow of thousands, others would hide it.
 *
 * @returns all items where they are few
 */
export function lineOf(items: readonly ItemLine[], id: string, few = 30): readonly ItemLine[] {
  if (items.length <= few) return items;
  const byId = new Map(items.map((item) => [item.id, item]));
  const kept = new Set<string>();
  for (let each = byId.get(id); each && !kept.has(each.id); each = byId.get(each.parent ?? "")) kept.add(each.id);
  const below = new Set([id]);
  // Parents come before their children.
  for (const item of items) if (item.parent !== undefined && below.has(item.parent)) below.add(item.id);
  return items.filter((item) => kept.has(item.id) || below.has(item.id));
}

/**
 * Places the items of one flow: a column for each generation, the children of an item below each
 * other, each first child beside its parent.
 */
export function placeFamily(items: readonly ItemLine[]): Family {
  const ids = new Set(items.map(({ id }) => id));
  const children = new Map<string | undefined, ItemLine[]>();
  for (const item of items) {
    const parent = item.parent !== undefined && ids.has(item.parent) ? item.parent : undefined;
    const there = children.get(parent);
    if (there) there.push(item);
    else children.set(parent, [item]);
  }
  const placed = new Map<string, PlacedItem>();
  let row = 0;
  let columns = 0;
  // Not recursive: a chain may be long.
  const stack = [...(children.get(undefined) ?? [])].reverse().map((item) => ({ item, column: 0, beside: false }));
  while (stack.length > 0) {
    const { item, column, beside } = stack.pop() as (typeof stack)[number];
    if (!beside) row++;
    placed.set(item.id, { item, column, row: row - 1 });
    columns = Math.max(columns, column + 1);
    const own = children.get(item.id) ?? [];
    stack.push(...own.map((child, index) => ({ item: child, column: column + 1, beside: index === 0 })).reverse());
  }
  const edges = [...placed.values()].flatMap((child) => {
    const parent = child.item.parent === undefined ? undefined : placed.get(child.item.parent);
    return parent ? [[parent, child] as const] : [];
  });
  return { placed: [...placed.values()], edges, columns, rows: row };
}
