import { type Change, isObject, type Value, withoutKeys } from "./change";
import { isImmutable, knowledgeOf } from "./knowledge";

/** A deletion and a creation that look like one renamed resource. */
export interface Rename {
  readonly deleted: Change;
  readonly created: Change;
  /**
   * Attributes that differ and cannot change in place: with a move alone, Terraform still replaces
   * the resource.
   */
  readonly stillReplacedBy: readonly string[];
}

/**
 * Above this number, only identical resources are paired: comparing all pairs would take too long.
 */
const MOST_COMPARISONS = 40_000;
const LEAST_ALIKE = 0.5;
/** Attributes that are the same in all resources of a stack, or that are computed from others. */
const COMMON = new Set([
  "project",
  "location",
  "region",
  "labels",
  "email",
  "member",
  "terraform_labels",
  "effective_labels",
]);

/**
 * Pairs deletions with creations of the same type in the same stack. The most similar ones are
 * paired first. Then follow resources whose addresses differ in the same way: a renamed parent
 * changes all names that contain its path.
 */
export function findRenames(changes: readonly Change[]): Rename[] {
  const byType = new Map<string, { deleted: Change[]; created: Change[] }>();
  for (const change of changes) {
    const gone = change.action === "delete" && change.deposed === undefined;
    if (!gone && change.action !== "create") continue;
    const group = byType.get(change.type) ?? { deleted: [], created: [] };
    byType.set(change.type, group);
    group[gone ? "deleted" : "created"].push(change);
  }
  const alike = [...byType.values()].flatMap(({ deleted, created }) => pairs(deleted, created));
  return [...alike, ...withTheirParents(alike, changes)];
}

function withTheirParents(found: readonly Rename[], changes: readonly Change[]): Rename[] {
  const taken = new Set(found.flatMap(({ deleted, created }) => [deleted, created]));
  const created = new Map(
    changes
      .filter((change) => change.action === "create" && !taken.has(change))
      .map((change) => [[change.stack, change.type, ...wordsOf(change)].join("\n"), change]),
  );
  const gone = changes.filter(
    (change) => change.action === "delete" && change.deposed === undefined && !taken.has(change),
  );
  const parents = found.map((rename) => ({ stack: rename.deleted.stack, ...parentsOf(rename) }));
  return gone.flatMap((deleted): Rename[] => {
    const words = wordsOf(deleted);
    for (const { stack, before, after } of parents) {
      if (stack !== deleted.stack || before.some((word, index) => word !== words[index])) continue;
      const key = [stack, deleted.type, ...after, ...words.slice(before.length)].join("\n");
      const fresh = created.get(key);
      if (fresh && created.delete(key)) return [renameOf(deleted, fresh)];
    }
    return [];
  });
}

/** The words of both addresses, without the common words at the end. */
function parentsOf({ deleted, created }: Rename): { before: string[]; after: string[] } {
  const [before, after] = [wordsOf(deleted), wordsOf(created)];
  while (before.length > 1 && after.length > 1 && before.at(-1) === after.at(-1)) {
    before.pop();
    after.pop();
  }
  return { before, after };
}

function renameOf(deleted: Change, created: Change): Rename {
  const keys = Object.keys(created.after ?? {}).filter((key) => isImmutable(deleted.type, key));
  const differs = (key: string) =>
    isConfigured(deleted.before?.[key]) &&
    isConfigured(created.after?.[key]) &&
    text(deleted.before?.[key]) !== text(created.after?.[key]);
  return { deleted, created, stillReplacedBy: keys.filter(differs) };
}

function pairs(deleted: readonly Change[], created: readonly Change[]): Rename[] {
  const taken = new Set<Change>();
  const found: Rename[] = [];
  const take = (gone: Change, fresh: Change) => {
    taken.add(gone).add(fresh);
    found.push(renameOf(gone, fresh));
  };
  const twins = new Map<string, Change[]>();
  for (const fresh of created) {
    const key = attributesOf(fresh).map(String).join("\n");
    twins.set(key, [...(twins.get(key) ?? []), fresh]);
  }
  for (const gone of deleted) {
    // Only attributes that the new one configures can be compared: the old one also has computed
    // ones.
    const keys = new Set(created[0] ? attributesOf(created[0]).map(([key]) => key) : []);
    const twin = twins
      .get(
        attributesOf(gone)
          .filter(([key]) => keys.has(key))
          .map(String)
          .join("\n"),
      )
      ?.find((fresh) => !taken.has(fresh));
    if (twin) take(gone, twin);
  }
  const left = {
    deleted: deleted.filter((each) => !taken.has(each)),
    created: created.filter((each) => !taken.has(each)),
  };
  if (left.deleted.length * left.created.length > MOST_COMPARISONS) return found;
  const candidates = left.deleted
    .flatMap((gone) => left.created.map((fresh) => ({ gone, fresh, alike: likeness(gone, fresh) })))
    .filter(({ alike }) => alike >= LEAST_ALIKE)
    .sort((a, b) => b.alike - a.alike);
  for (const { gone, fresh } of candidates) if (!taken.has(gone) && !taken.has(fresh)) take(gone, fresh);
  return found;
}

/** The share of the new resource's settings and address words that the old one has too. */
function likeness(gone: Change, fresh: Change): number {
  const identity = knowledgeOf(fresh.type).identity;
  if (identity !== undefined && text(gone.before?.[identity]) !== text(fresh.after?.[identity])) return 0;
  const settings = Object.entries<Value>(fresh.after ?? {}).filter(([key]) => !COMMON.has(key));
  const [alike, all] = settings.reduce<readonly [number, number]>(
    ([same, count], [key, value]) => {
      const [more, of] = sharedSettings(gone.before?.[key], value);
      return [same + more, count + of];
    },
    [0, 0],
  );
  const words = wordsOf(fresh);
  const shared = words.filter((word) => wordsOf(gone).includes(word));
  return (alike + shared.length) / (all + words.length);
}

/** The number of configured values within a value, and how many of them the other value has too. */
function sharedSettings(before: Value, after: Value): readonly [shared: number, all: number] {
  if (!isConfigured(after)) return [0, 0];
  if (typeof after !== "object") return [before === after ? 1 : 0, 1];
  return Object.entries<Value>(after).reduce<readonly [number, number]>(
    ([shared, all], [key, value]) => {
      const [more, of] = sharedSettings(before?.[key], value);
      return [shared + more, all + of];
    },
    [0, 0],
  );
}

/** The words of an address, without the hash that cdktf appends. */
function wordsOf({ address, type }: Change): string[] {
  const plain = withoutKeys(address);
  const id = `${plain.slice(plain.lastIndexOf(`${type}.`) + type.length + 1)}${address.slice(plain.length)}`;
  return id.replace(/_[0-9A-F]{8}$/, "").split("_");
}

const cache = new WeakMap<Change, [string, string][]>();

/** Keys and values of the configured attributes, sorted. */
function attributesOf(change: Change): [string, string][] {
  const known = cache.get(change);
  if (known) return known;
  const attributes = Object.entries<Value>(change.after ?? change.before ?? {})
    .filter(([, value]) => isConfigured(value))
    .map(([key, value]): [string, string] => [key, text(value)])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  cache.set(change, attributes);
  return attributes;
}

function isConfigured(value: Value): boolean {
  if (value === undefined || value === null || value === "" || value === false) return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}

function text(value: Value): string {
  return JSON.stringify(isObject(value) ? Object.fromEntries(Object.entries(value).sort()) : value) ?? "";
}
