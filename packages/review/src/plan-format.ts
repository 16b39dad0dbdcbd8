import { counted } from "@cdktf-serverless-ml/cli";
import { isObject, type Json, type Value } from "./change";
import { code } from "./markdown/text";

/**
 * The keys of a plan that are read here, or that do not matter for the apply. Any other key is
 * reported, because it may matter. Source: developer.hashicorp.com/terraform/internals/json-format,
 * of Terraform 1.11.
 */
const KNOWN = {
  plan: [
    "format_version",
    "terraform_version",
    "variables",
    "planned_values",
    "resource_drift",
    "resource_changes",
    "deferred_changes",
    "output_changes",
    "prior_state",
    "configuration",
    "relevant_attributes",
    "checks",
    "timestamp",
    "applyable",
    "complete",
    "errored",
    "proposed_unknown",
  ],
  resource: [
    "address",
    "previous_address",
    "module_address",
    "mode",
    "type",
    "name",
    "index",
    "provider_name",
    "deposed",
    "change",
    "action_reason",
  ],
  change: [
    "actions",
    "before",
    "after",
    "after_unknown",
    "before_sensitive",
    "after_sensitive",
    "replace_paths",
    "importing",
    "generated_config",
    // Since Terraform 1.12: how the provider identifies the resource.
    "before_identity",
    "after_identity",
  ],
  importing: ["id", "identity", "unknown"],
} as const;

/** Terraform 1.5 to 1.11 write 1.2. A newer minor version can add keys that are not known here. */
const NEWEST_MINOR = 2;
/** Data sources are only read. */
const MODES = new Set(["managed", "data"]);

/** The parts of a plan that are not understood, by name, and what the plan leaves open itself. */
export function gapsOf(plan: Json, stack: string): string[] {
  const of = `of the plan of ${code(stack)}`;
  const gaps: string[] = [];
  const minor = Number(String(plan.format_version).split(".")[1]);
  if (minor > NEWEST_MINOR) {
    gaps.push(
      `The format ${code(String(plan.format_version))} ${of} is newer than 1.${NEWEST_MINOR}, the newest that is understood.`,
    );
  }
  if (plan.complete === false)
    gaps.push(`The plan of ${code(stack)} is not complete: Terraform deferred some of its changes.`);
  const deferred: Value[] = Array.isArray(plan.deferred_changes) ? plan.deferred_changes : [];
  for (const { reason, resource_change: change } of deferred) {
    const why = typeof reason === "string" ? ` (${code(reason)})` : "";
    gaps.push(`${code(`${stack} ${change?.address ?? "a resource"}`)} is deferred to a later plan${why}.`);
  }
  for (const [what, places] of unknownParts(plan)) {
    const named = places.slice(0, MOST_PLACES).map((place) => code(place));
    const more = places.length > MOST_PLACES ? ` and ${counted(places.length - MOST_PLACES, "more")}` : "";
    const where = named.length === 0 ? "" : `of ${named.join(", ")}${more} `;
    gaps.push(`${code(what)} ${where}${of} is not understood.`);
  }
  return gaps;
}

/** The `check` blocks of the configuration that fail in the plan. */
export function failedChecks(plan: Json, stack: string): string[] {
  const checks: Value[] = Array.isArray(plan.checks) ? plan.checks : [];
  return checks
    .filter(({ status }) => status === "fail" || status === "error")
    .map(({ address, instances }) => {
      const problems: string[] = (Array.isArray(instances) ? instances : []).flatMap((each: Value) =>
        (each?.problems ?? []).map(({ message }: Value) => String(message)),
      );
      const why = problems.length === 0 ? "" : `: ${problems.map((problem) => code(problem)).join(", ")}`;
      return `The check ${code(`${stack} ${address?.to_display ?? "of the configuration"}`)} fails${why}.`;
    });
}

const MOST_PLACES = 5;

/**
 * Unknown keys and modes, and the addresses that have them; no addresses for keys of the plan
 * itself.
 */
function unknownParts(plan: Json): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const note = (what: string, ...at: string[]) => found.set(what, [...(found.get(what) ?? []), ...at]);
  const look = (value: Value, kind: keyof typeof KNOWN, ...at: string[]) => {
    const known: readonly string[] = KNOWN[kind];
    for (const key of isObject(value) ? Object.keys(value) : []) {
      if (!known.includes(key)) note(kind === "plan" ? key : `${kind}.${key}`, ...at);
    }
  };
  look(plan, "plan");
  const resources: Value[] = Array.isArray(plan.resource_changes) ? plan.resource_changes : [];
  for (const resource of resources) {
    const address = String(resource?.address);
    look(resource, "resource", address);
    look(resource?.change, "change", address);
    look(resource?.change?.importing, "importing", address);
    if (!MODES.has(resource?.mode)) note(`mode ${resource?.mode}`, address);
  }
  for (const [name, output] of Object.entries(plan.output_changes ?? {})) look(output, "change", `output.${name}`);
  return found;
}
