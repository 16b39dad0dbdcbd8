import type { Change, Value } from "./change";
import { referencesAt } from "./differences";

/** The resource that a grant is on. */
export interface Target {
  /** Such as `storage bucket`. */
  readonly kind: string;
  /**
   * The most specific name, such as `acme-results`; for a part, after the name of the whole:
   * `orders/customers`.
   */
  readonly name: string;
  /** Project and location, each if it is known. */
  readonly within: Readonly<Record<string, string>>;
}

/** Attributes about the grant itself. All other attributes say what it is on, for every type. */
const GRANT_ITSELF = new Set(["role", "member", "members", "condition", "policy_data", "etag", "id", "timeouts", "//"]);
/**
 * Attributes, and words in paths, that name a container of resources; with the one word that is
 * used here.
 */
const CONTAINERS: Readonly<Record<string, string>> = {
  project: "project",
  projects: "project",
  location: "location",
  locations: "location",
  region: "location",
  regions: "location",
  zone: "location",
  zones: "location",
};

/**
 * What a grant is on, from all attributes that are not about member and role. Google accepts most
 * names in a short and a long form (`t` in the project `p` is `projects/p/topics/t`). Both give the
 * same target.
 *
 * @param kind of the type's name, such as `storage_bucket` of `google_storage_bucket_iam_member`
 */
export function targetOf(change: Change, kind: string, side: "before" | "after"): Target {
  const values = change[side] ?? {};
  const unknown =
    side === "after" ? Object.keys(change.unknown ?? {}).filter((key) => change.unknown[key] === true) : [];
  const keys = [...new Set([...Object.keys(values), ...unknown])].filter((key) => !GRANT_ITSELF.has(key)).sort();
  const within: Record<string, string> = {};
  const names = new Map<string, string>();
  for (const key of keys) {
    const value = known(change, key, side);
    if (value === undefined) continue;
    const container = Object.hasOwn(CONTAINERS, key) ? CONTAINERS[key] : undefined;
    if (container !== undefined) within[container] = value;
    else names.set(key, leaf(value, within));
  }
  const { project, region } = change.defaults ?? {};
  if (project !== undefined && (has(values, "project") || keys.includes("project"))) within.project ??= project;
  if (region !== undefined && keys.some((key) => CONTAINERS[key] === "location")) within.location ??= region;
  const ordered = [...names.keys()].sort((a, b) => Number(isMain(a, kind)) - Number(isMain(b, kind)));
  const name = ordered.map((key) => names.get(key)).join("/");
  const readable = kind.replaceAll("_", " ");
  const sorted = Object.fromEntries(Object.entries(within).sort(([a], [b]) => (a < b ? -1 : 1)));
  if (name !== "") return { kind: readable, name, within: sorted };
  // A grant on a project has no other name.
  const { project: only = "", ...rest } = sorted;
  return { kind: readable, name: only, within: rest };
}

/** Equal for the same resource, in both forms of its name. */
export function sameTarget({ kind, name, within }: Target): string {
  return JSON.stringify([kind, name, within]);
}

/**
 * Whether an attribute names the resource itself: `table_id` of a `bigquery_table`, `name` of many
 * types.
 */
function isMain(key: string, kind: string): boolean {
  const stem = key.replace(/_(id|name)$/, "");
  return key === "name" || stem === kind || kind.endsWith(`_${stem}`);
}

/** The last name of a path such as `projects/p/topics/t`. Notes its containers in `within`. */
function leaf(value: string, within: Record<string, string>): string {
  const words = value.split("/");
  const first = words[0] ?? "";
  const isPath = words.length > 1 && words.length % 2 === 0 && (Object.hasOwn(CONTAINERS, first) || PARENTS.has(first));
  if (!isPath) return value;
  const names: string[] = [];
  for (let index = 0; index < words.length; index += 2) {
    const [collection = "", name = ""] = words.slice(index, index + 2);
    const container = Object.hasOwn(CONTAINERS, collection) ? CONTAINERS[collection] : undefined;
    // `-` is a wildcard for the project or location.
    if (container === undefined) names.push(name);
    else if (name !== "-" && name !== "_") within[container] = name;
  }
  return names.length === 0 ? value : names.join("/");
}

/**
 * First words of paths, besides those of containers; the provider's state has buckets as
 * `b/<name>`.
 */
const PARENTS = new Set(["organizations", "folders", "billingAccounts", "b", "accessPolicies", "tagKeys", "tagValues"]);

/**
 * The value, or the references that it will be made of; undefined if it is neither known nor
 * configured.
 */
function known(change: Change, key: string, side: "before" | "after"): string | undefined {
  const value: Value = change[side]?.[key];
  if (value !== undefined && value !== null) return typeof value === "string" ? value : JSON.stringify(value);
  const references = side === "after" ? referencesAt(change.expressions, [key]) : undefined;
  if (references === undefined) return undefined;
  return references.length > 0 ? references.join(", ") : "(known after apply)";
}

function has(values: Readonly<Record<string, Value>>, key: string): boolean {
  return Object.hasOwn(values, key);
}
