import { readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { type Action, type Change, isObject, type Json, type Reading, type Value } from "./change";
import { InputError } from "./input-error";
import { code } from "./markdown/text";

/** Pairs of actions are written in both orders: `create_before_destroy` turns them around. */
const ACTIONS: Readonly<Record<string, Action>> = {
  "no-op": "none",
  create: "create",
  update: "update",
  delete: "delete",
  forget: "forget",
  "delete,create": "replace",
  "create,delete": "replace",
  "create,forget": "replace",
  "forget,create": "replace",
};

/** Names that say nothing about the stack; the folder does. */
const PLAIN_NAMES = new Set(["plan", "tfplan"]);

/**
 * Reads `terraform show -json` of a saved plan.
 *
 * @param file named after the stack (`async-batch.json`), or `plan.json` in a folder that is.
 * @throws InputError
 */
export function readPlan(file: string): Reading {
  return planReading(parse(file), file);
}

/** The same for JSON at hand. @param file names it in errors, and its stack. */
export function planReading(plan: Json, file: string): Reading {
  check(plan, file);
  const stack = stackOf(file);
  const configured = configuredIn(plan.configuration?.root_module, "");
  const defaults = defaultsOf(plan);
  const list = (name: string): Value[] => (Array.isArray(plan[name]) ? plan[name] : []);
  const managed = list("resource_changes").filter(({ mode }) => mode === "managed");
  const changes = managed.map((each) => resourceChange(each, { stack, file, configured, defaults }));
  const outputs = Object.entries<Value>(plan.output_changes ?? {}).map(([name, change]) =>
    changeOf(change, { stack, address: `output.${name}`, type: "output", file }),
  );
  const vanished = list("resource_drift").filter(({ change }) => change?.actions?.[0] === "delete");
  return {
    stack,
    from: "plan",
    changes,
    outputs,
    vanished: new Set(vanished.map(({ address }) => address)),
    secrets: secretsOf(plan, [...changes, ...outputs]),
    notes:
      plan.complete === false
        ? [`The plan of ${code(stack)} is not complete: terraform put off some of its changes.`]
        : [],
    attention: plan.complete === false,
    headFolder: dirname(resolve(file)),
  };
}

function parse(file: string): Json {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new InputError(`${file} cannot be read: ${(error as Error).message}`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const hint = text.startsWith("PK") ? "; it is a saved plan: give what `terraform show -json` makes of it" : "";
    throw new InputError(`${file} is not JSON: ${(error as Error).message}${hint}`);
  }
}

function check(plan: Json, file: string): void {
  const wanted = "give the output of `terraform show -json <saved plan>`";
  if (!isObject(plan) || plan.format_version === undefined) {
    throw new InputError(`${file} has no format_version, so it is not a plan; ${wanted}`);
  }
  if (!/^1\.\d+$/.test(String(plan.format_version))) {
    const given = JSON.stringify(plan.format_version);
    throw new InputError(`${file} has format_version ${given}; allowed is 1.x (Terraform 1.1 and newer)`);
  }
  if (plan.values !== undefined) throw new InputError(`${file} is a state, not a plan; ${wanted}`);
  if (plan.resource_changes !== undefined && !Array.isArray(plan.resource_changes)) {
    throw new InputError(`${file}: resource_changes is not a list`);
  }
  if (plan.errored === true)
    throw new InputError(`${file} is of a plan that failed (errored: true); mend it and plan again`);
}

function stackOf(file: string): string {
  const name = basename(file).replace(/\.json$/, "");
  return PLAIN_NAMES.has(name) ? basename(dirname(resolve(file))) : name.replace(/\.(tf)?plan$/, "");
}

interface Surroundings {
  readonly stack: string;
  readonly file: string;
  /** By address, without the keys of count and for_each. */
  readonly configured: ReadonlyMap<string, Value>;
  readonly defaults: (providerKey: string) => Change["defaults"];
}

function resourceChange(each: Value, { stack, file, configured, defaults }: Surroundings): Change {
  for (const key of ["address", "type", "change"]) {
    if (each?.[key] === undefined) throw new InputError(`${file}: an entry of resource_changes has no ${key}`);
  }
  const { address, type, change, action_reason, previous_address, deposed } = each;
  // In the configuration, a resource of count or for_each stands once, and so does a module.
  const own = configured.get(`${address}`.replaceAll(/\[[^\]]*\]/g, ""));
  return {
    ...changeOf(change, { stack, address, type, file }),
    expressions: own && (own.expressions ?? {}),
    defaults: defaults(String(own?.provider_config_key ?? type.split("_")[0])),
    forcedBy: Array.isArray(change.replace_paths) ? change.replace_paths : [],
    reason: action_reason,
    previousAddress: previous_address,
    importing: change.importing && String(change.importing.id ?? "an unknown id"),
    deposed,
  };
}

/** Project and region of a provider's configuration, where the plan says what they are. */
function defaultsOf(plan: Json): Surroundings["defaults"] {
  const given = (expression: Value): string | undefined => {
    if (typeof expression?.constant_value === "string") return expression.constant_value;
    const [reference, ...more] = expression?.references ?? [];
    const name = more.length === 0 ? /^var\.([\w-]+)$/.exec(reference ?? "")?.[1] : undefined;
    const value = name === undefined ? undefined : plan.variables?.[name]?.value;
    return typeof value === "string" ? value : undefined;
  };
  return (key) => {
    const { project, region } = plan.configuration?.provider_config?.[key]?.expressions ?? {};
    return { project: given(project), region: given(region) };
  };
}

function changeOf(change: Value, of: { stack: string; address: string; type: string; file: string }): Change {
  const actions = String(change?.actions);
  const action = Object.hasOwn(ACTIONS, actions) ? ACTIONS[actions] : undefined;
  if (!action) {
    const allowed = Object.keys(ACTIONS).join("; ");
    throw new InputError(`${of.file}: ${of.address} has the actions ${actions}; understood are: ${allowed}`);
  }
  const { file: _, ...named } = of;
  return {
    ...named,
    action,
    before: change.before ?? undefined,
    after: change.after ?? undefined,
    unknown: change.after_unknown,
    sensitiveBefore: change.before_sensitive,
    sensitiveAfter: change.after_sensitive,
    forcedBy: [],
  };
}

function configuredIn(module: Value, prefix: string): Map<string, Value> {
  const found = new Map<string, Value>();
  for (const resource of module?.resources ?? []) {
    if (resource.mode === "managed") found.set(`${prefix}${resource.type}.${resource.name}`, resource);
  }
  for (const [name, call] of Object.entries<Value>(module?.module_calls ?? {})) {
    for (const [address, each] of configuredIn(call?.module, `${prefix}module.${name}.`)) found.set(address, each);
  }
  return found;
}

/** Terraform marks paths, and a value may stand at another one too: `terraform_data` repeats its input as its output. */
function secretsOf(plan: Json, changes: readonly Change[]): string[] {
  const secrets = new Set<string>();
  for (const [name, { sensitive }] of Object.entries<Value>(plan.configuration?.root_module?.variables ?? {})) {
    if (sensitive) marked(plan.variables?.[name]?.value, true, secrets);
  }
  for (const { before, after, sensitiveBefore, sensitiveAfter } of changes) {
    marked(before, sensitiveBefore, secrets);
    marked(after, sensitiveAfter, secrets);
  }
  return [...secrets];
}

/** Shorter ones would blot out half of the comment, and are no secrets. */
const SHORTEST_SECRET = 6;

function marked(value: Value, mask: Value, into: Set<string>): void {
  if (mask === undefined || mask === null || mask === false) return;
  if (typeof value === "string") {
    if (mask === true && value.length >= SHORTEST_SECRET) into.add(value);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) marked(item, mask === true ? true : mask[key], into);
  }
}
