import { createHash, randomBytes } from "node:crypto";

// biome-ignore lint/suspicious/noExplicitAny: Terraform's plans have no type here.
type Json = any;

/** Keys of a plan that may leave the job as they are; state and variables may not. */
const SHOWN = ["format_version", "terraform_version", "complete", "applyable", "errored"];
/** A value that stands in other places too is hidden there as well, unless it is so short that it hides everything. */
const SHORTEST_SECRET = 6;

/**
 * SHA-256 of what a plan does: two plans that do the same to the same have the same, whenever and as whomever they were
 * made. Values from before count: a resource that somebody changed since makes it another plan.
 */
export function digest(plan: Json): string {
  const changes = (plan.resource_changes ?? [])
    .filter(({ mode, change }: Json) => mode !== "data" && !isNothing(change.actions))
    .map(({ address, previous_address, deposed, change }: Json) => ({ address, previous_address, deposed, change }))
    .sort((a: Json, b: Json) => compare(a.address + (a.deposed ?? ""), b.address + (b.deposed ?? "")));
  const moves = (plan.resource_changes ?? [])
    .filter(({ previous_address: from, change }: Json) => from !== undefined && isNothing(change.actions))
    .map(({ address, previous_address }: Json) => [previous_address, address])
    .sort();
  const outputs = Object.entries<Json>(plan.output_changes ?? {}).filter(([, change]) => !isNothing(change.actions));
  const text = JSON.stringify(sorted({ changes, moves, outputs: Object.fromEntries(outputs) }));
  return createHash("sha256").update(text).digest("hex");
}

/**
 * The plan without state and variables. In place of every sensitive value, and of every text with one in it, stands a
 * digest under a key that is thrown away: a reader still sees whether it changes, and nothing else of it.
 */
export function shareable(plan: Json): Json {
  const { resources = [], module_calls: modules } = plan.configuration?.root_module ?? {};
  const changes = [...(plan.resource_changes ?? []), ...(plan.resource_drift ?? [])].map(({ change }: Json) => change);
  const outputs = Object.values<Json>(plan.output_changes ?? {});
  const secrets = new Set<string>();
  for (const change of [...changes, ...outputs]) {
    for (const side of ["before", "after"]) collect(change[side], change[`${side}_sensitive`], secrets);
  }
  for (const [name, { sensitive }] of Object.entries<Json>(plan.configuration?.root_module?.variables ?? {})) {
    collect(plan.variables?.[name]?.value, sensitive, secrets);
  }

  const key = randomBytes(32);
  const hidden = (value: Json) =>
    `sensitive ${createHash("sha256")
      .update(key)
      .update(JSON.stringify(value) ?? "")
      .digest("hex")}`;
  const hide = (value: Json, mask?: Json): Json => {
    if (mask === true && value !== null && value !== undefined) return hidden(value);
    if (typeof value === "string") return [...secrets].some((secret) => value.includes(secret)) ? hidden(value) : value;
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map((item, index) => hide(item, mask?.[index]));
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, hide(item, mask?.[name])]));
  };
  const hideChange = (change: Json): Json => ({
    ...change,
    ...("before" in change && { before: hide(change.before, change.before_sensitive) }),
    ...("after" in change && { after: hide(change.after, change.after_sensitive) }),
  });
  const all = (changed: Json): Json => changed.map((item: Json) => ({ ...item, change: hideChange(item.change) }));
  return {
    ...Object.fromEntries(SHOWN.filter((name) => name in plan).map((name) => [name, plan[name]])),
    configuration: { root_module: hide({ resources, ...(modules && { module_calls: modules }) }) },
    resource_changes: all(plan.resource_changes ?? []),
    ...(plan.resource_drift && { resource_drift: all(plan.resource_drift) }),
    output_changes: Object.fromEntries(
      Object.entries<Json>(plan.output_changes ?? {}).map(([name, change]) => [name, hideChange(change)]),
    ),
  };
}

/** The texts at the places that a mask marks. */
function collect(value: Json, mask: Json, into: Set<string>): void {
  if (typeof value === "string" && mask === true && value.length >= SHORTEST_SECRET) into.add(value);
  if (typeof value !== "object" || value === null || !mask) return;
  for (const [name, item] of Object.entries(value)) collect(item, mask === true ? true : mask[name], into);
}

function isNothing(actions: readonly string[]): boolean {
  return actions.every((action) => action === "no-op" || action === "read");
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort(compare)
      .map((name) => [name, sorted(value[name])]),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
