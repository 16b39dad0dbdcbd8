import { readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import {
  type Action,
  type Change,
  isObject,
  type Json,
  type Path,
  type Reading,
  type Value,
  withoutKeys,
} from "./change";
import { InputError } from "./input-error";
import { failedChecks, gapsOf } from "./plan-format";
import { Secrets } from "./secrets";

/** Pairs occur in both orders: `create_before_destroy` reverses them. */
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

/** File names that do not name the stack; then the folder does. */
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

/** Reads a parsed plan. @param file the name for errors, and for the stack */
export function planReading(plan: Json, file: string): Reading {
  check(plan, file);
  const stack = stackOf(file);
  const configured = configuredIn(plan.configuration?.root_module, "");
  const defaults = defaultsOf(plan);
  const list = (name: string): Value[] => (Array.isArray(plan[name]) ? plan[name] : []);
  const secrets = secretsOf(plan);
  const managed = list("resource_changes").filter(({ mode }) => mode === "managed");
  const changes = managed.map((each) => resourceChange(each, { stack, file, configured, defaults, secrets }));
  const outputs = Object.entries<Value>(plan.output_changes ?? {}).map(([name, change]) =>
    changeOf(change, { stack, address: `output.${name}`, type: "output", file, secrets }),
  );
  const vanished = list("resource_drift").filter(({ change }) => change?.actions?.[0] === "delete");
  return {
    stack,
    from: "plan",
    changes,
    outputs,
    vanished: new Set(vanished.map(({ address }) => secrets.text(address))),
    notes: failedChecks(plan, stack).map((note) => secrets.text(note)),
    gaps: gapsOf(plan, stack).map((gap) => secrets.text(gap)),
    headFolder: dirname(resolve(file)),
  };
}

function parse(file: string): Json {
  let text: string;
  try {
    text = decoded(readFileSync(file));
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
    throw new InputError(`${file} is of a plan that failed (errored: true); fix the error and plan again`);
}

function stackOf(file: string): string {
  const name = basename(file).replace(/\.json$/, "");
  return PLAIN_NAMES.has(name) ? basename(dirname(resolve(file))) : name.replace(/\.(tf)?plan$/, "");
}

interface PlanContext {
  readonly stack: string;
  readonly file: string;
  /** By address, without the keys of count and for_each. */
  readonly configured: ReadonlyMap<string, Value>;
  readonly defaults: (providerKey: string) => Change["defaults"];
  readonly secrets: Secrets;
}

function resourceChange(each: Value, { stack, file, configured, defaults, secrets }: PlanContext): Change {
  for (const key of ["address", "type", "change"]) {
    if (each?.[key] === undefined) throw new InputError(`${file}: an entry of resource_changes has no ${key}`);
  }
  const { address, type, change, action_reason, previous_address, deposed } = each;
  // The configuration has a resource with count or for_each once, and a module too.
  const own = configured.get(withoutKeys(String(address)));
  const [expressions] = secrets.hide([own && (own.expressions ?? {})]);
  const paths: Path[] = Array.isArray(change.replace_paths) ? change.replace_paths : [];
  return {
    ...changeOf(change, { stack, address, type, file, secrets }),
    expressions,
    defaults: defaults(String(own?.provider_config_key ?? type.split("_")[0])),
    forcedBy: paths.map((path) => path.map((key) => (typeof key === "string" ? secrets.text(key) : key))),
    reason: action_reason,
    previousAddress: previous_address && secrets.text(previous_address),
    importing: change.importing && secrets.text(importedBy(change.importing)),
    deposed,
  };
}

/** Project and region of a provider's configuration, if the plan has their values. */
function defaultsOf(plan: Json): PlanContext["defaults"] {
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

/** An id or, since Terraform 1.12, an identity with the provider's own keys. */
function importedBy({ id, identity }: Value): string {
  if (id !== undefined && id !== null && id !== "") return String(id);
  return isObject(identity) ? JSON.stringify(identity) : "";
}

interface Named {
  readonly stack: string;
  readonly address: string;
  readonly type: string;
  readonly file: string;
  readonly secrets: Secrets;
}

function changeOf(change: Value, { stack, address, type, file, secrets }: Named): Change {
  const actions = String(change?.actions);
  const action = Object.hasOwn(ACTIONS, actions) ? ACTIONS[actions] : undefined;
  if (!action) {
    const allowed = Object.keys(ACTIONS).join("; ");
    throw new InputError(`${file}: ${address} has the actions ${actions}; allowed: ${allowed}`);
  }
  const [before, after] = secrets.hide(
    [change.before ?? undefined, change.after ?? undefined],
    change.before_sensitive,
    change.after_sensitive,
  );
  return {
    stack,
    address: secrets.text(address),
    type,
    action,
    before,
    after,
    unknown: change.after_unknown,
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

/** All values that the plan marks as sensitive. */
export function secretsOf(plan: Json): Secrets {
  const secrets = new Secrets();
  const { variables = {} } = plan.configuration?.root_module ?? {};
  for (const [name, { sensitive }] of Object.entries<Value>(variables)) {
    secrets.learn(plan.variables?.[name]?.value, sensitive);
  }
  const changed: Value[] = [plan.resource_changes, plan.resource_drift].flatMap((each) =>
    Array.isArray(each) ? each : [],
  );
  for (const change of [...changed.map((each) => each?.change), ...Object.values<Value>(plan.output_changes ?? {})]) {
    const { before, after, before_sensitive: masksBefore, after_sensitive: masksAfter } = change ?? {};
    secrets.learn(before, masksBefore, masksAfter);
    secrets.learn(after, masksBefore, masksAfter);
  }
  return secrets;
}

/**
 * The text of a file, in UTF-8 or UTF-16: what PowerShell 5 redirects with `>` is UTF-16, with a
 * byte order mark. Source:
 * learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_character_encoding
 */
function decoded(bytes: Buffer): string {
  const [first, second] = bytes;
  // JSON begins with an ASCII character, so a zero beside it is half of one in UTF-16.
  const little = (first === 0xff && second === 0xfe) || (first !== 0 && second === 0);
  const big = (first === 0xfe && second === 0xff) || (first === 0 && second !== 0);
  const encoding = little ? "utf-16le" : big ? "utf-16be" : "utf-8";
  // It takes the byte order mark away.
  return new TextDecoder(encoding).decode(bytes);
}
