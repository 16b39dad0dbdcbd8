import { type Change, isObject, type Value } from "./change";
import { knowledgeOf } from "./knowledge";

/** A deletion and a creation that look like one resource under a new address. */
export interface Rename {
  readonly deleted: Change;
  readonly created: Change;
  /** Attributes that differ and cannot change in place, so that the move alone does not save it. */
  readonly stillReplacedBy: readonly string[];
}

/** Above this, only identical ones are paired: comparing each with each would take too long. */
const MOST_COMPARISONS = 40_000;
const LEAST_ALIKE = 0.5;
/** Alike in all resources of a stack, or computed of others. */
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

/** Pairs deletions with creations of the same type in the same stack, the most alike first. */
export function findRenames(changes: readonly Change[]): Rename[] {
  const byType = new Map<string, { deleted: Change[]; created: Change[] }>();
  for (const change of changes) {
    const gone = change.action === "delete" && change.deposed === undefined;
    if (!gone && change.action !== "create") continue;
    const group = byType.get(change.type) ?? { deleted: [], created: [] };
    byType.set(change.type, group);
    group[gone ? "deleted" : "created"].push(change);
  }
  return [...byType.values()].flatMap(({ deleted, created }) => pairs(deleted, created));
}

function pairs(deleted: readonly Change[], created: readonly Change[]): Rename[] {
  const taken = new Set<Change>();
  const found: Rename[] = [];
  const take = (gone: Change, fresh: Change) => {
    taken.add(gone).add(fresh);
    const immutable = knowledgeOf(gone.type).immutable ?? [];
    const differs = (key: string) =>
      isConfigured(gone.before?.[key]) &&
      isConfigured(fresh.after?.[key]) &&
      text(gone.before?.[key]) !== text(fresh.after?.[key]);
    found.push({ deleted: gone, created: fresh, stillReplacedBy: immutable.filter(differs) });
  };
  const twins = new Map<string, Change[]>();
  for (const fresh of created) {
    const key = attributesOf(fresh).map(String).join("\n");
    twins.set(key, [...(twins.get(key) ?? []), fresh]);
  }
  for (const gone of deleted) {
    // Only what the new one configures can be compared: the old one also has what Google computed.
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

/** The share of the new one's attributes, and of the words of its address, that the old one has too. */
function likeness(gone: Change, fresh: Change): number {
  const identity = knowledgeOf(fresh.type).identity;
  if (identity !== undefined && text(gone.before?.[identity]) !== text(fresh.after?.[identity])) return 0;
  const attributes = attributesOf(fresh).filter(([key]) => !COMMON.has(key));
  const alike = attributes.filter(([key, value]) => text(gone.before?.[key]) === value);
  const words = wordsOf(fresh);
  const shared = words.filter((word) => wordsOf(gone).includes(word));
  return (alike.length + shared.length) / (attributes.length + words.length);
}

/** Without the hash that cdktf appends. */
function wordsOf({ address, type }: Change): string[] {
  const id = address.slice(address.lastIndexOf(`${type}.`) + type.length + 1);
  return id.replace(/_[0-9A-F]{8}$/, "").split("_");
}

const cache = new WeakMap<Change, [string, string][]>();

/** Keys and values of what is configured, sorted. */
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
