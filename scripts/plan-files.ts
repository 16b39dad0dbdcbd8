import { createHash } from "node:crypto";
import { secretsOf } from "@cdktf-serverless-ml/review";

// biome-ignore lint/suspicious/noExplicitAny: Terraform's plans have no type here.
type Json = any;

/** Parts that stay in the job: they repeat all values, or a review does not need them. */
const KEPT_BACK = [
  "variables",
  "planned_values",
  "prior_state",
  "proposed_unknown",
  "relevant_attributes",
  "timestamp",
];

/**
 * SHA-256 of a plan's changes. Two plans with the same changes to the same resources have the same
 * digest, independent of time and user. It includes the values before the change: if a resource has
 * changed since, the plan is another one.
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
 * The plan without state and variables. A digest replaces every secret; its key is discarded. So a
 * reader sees whether a secret changes, and nothing else about it.
 */
export function shareable(plan: Json): Json {
  const { resources = [], module_calls: modules } = plan.configuration?.root_module ?? {};
  const secrets = secretsOf(plan);
  const without = (value: Json): Json => secrets.hide([value])[0];
  const hideChange = (change: Json): Json => {
    const [before, after] = secrets.hide(
      [change.before, change.after],
      change.before_sensitive,
      change.after_sensitive,
    );
    return {
      ...without(rest(change)),
      actions: change.actions,
      ...("before" in change && { before }),
      ...("after" in change && { after }),
      ...("before_sensitive" in change && { before_sensitive: change.before_sensitive }),
      ...("after_sensitive" in change && { after_sensitive: change.after_sensitive }),
      ...("after_unknown" in change && { after_unknown: change.after_unknown }),
    };
  };
  const all = (changed: Json): Json =>
    changed.map(({ change, ...item }: Json) => ({ ...without(item), ...words(item), change: hideChange(change) }));
  const module = ({ resources = [], module_calls: calls, ...others }: Json): Json => ({
    ...without(others),
    resources: resources.map((each: Json) => ({ ...without(each), ...words(each) })),
    ...(calls && {
      module_calls: Object.fromEntries(
        Object.entries<Json>(calls).map(([name, { module: inner = {}, ...call }]) => [
          name,
          { ...without(call), module: module(inner) },
        ]),
      ),
    }),
  });
  // Newer versions of Terraform may add keys. The reader sees their names.
  const others = Object.keys(plan).filter((name) => !KEPT_BACK.includes(name) && !HIDDEN_APART.includes(name));
  return {
    ...Object.fromEntries(others.map((name) => [name, without(plan[name])])),
    configuration: {
      root_module: module({ resources, ...(modules && { module_calls: modules }) }),
      ...(plan.configuration?.provider_config && { provider_config: defaults(plan) }),
    },
    resource_changes: all(plan.resource_changes ?? []),
    ...(plan.resource_drift && { resource_drift: all(plan.resource_drift) }),
    ...(plan.deferred_changes && {
      deferred_changes: plan.deferred_changes.map(({ reason, resource_change: { address } }: Json) => ({
        reason,
        resource_change: { address },
      })),
    }),
    output_changes: Object.fromEntries(
      Object.entries<Json>(plan.output_changes ?? {}).map(([name, change]) => [name, hideChange(change)]),
    ),
  };
}

const HIDDEN_APART = ["configuration", "resource_changes", "resource_drift", "deferred_changes", "output_changes"];

/** Names from Terraform's own vocabulary. They stay even if a secret is the same word. */
function words(item: Json): Json {
  const names = ["mode", "type", "name", "provider_name", "provider_config_key", "action_reason"];
  return Object.fromEntries(names.filter((name) => name in item).map((name) => [name, item[name]]));
}

/** The fields of a change besides its values. */
function rest({ actions, before, after, before_sensitive, after_sensitive, after_unknown, ...others }: Json): Json {
  return others;
}

/** Each provider's default project and region, never its credentials. */
function defaults({ configuration, variables }: Json): Json {
  const value = (expression: Json) => {
    const [, name] = /^var\.([\w-]+)$/.exec(expression?.references?.[0] ?? "") ?? [];
    const constant = expression?.constant_value ?? (name === undefined ? undefined : variables?.[name]?.value);
    return typeof constant === "string" ? { constant_value: constant } : undefined;
  };
  return Object.fromEntries(
    Object.entries<Json>(configuration.provider_config).map(([key, { expressions }]) => [
      key,
      { expressions: { project: value(expressions?.project), region: value(expressions?.region) } },
    ]),
  );
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
