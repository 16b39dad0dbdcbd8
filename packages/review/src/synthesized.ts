import { existsSync, readdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { counted } from "@cdktf-serverless-ml/cli";
import { readStack, type Stack, StackError, type StackResource } from "@cdktf-serverless-ml/terraform-json";
import type { Change, Json, Path, Reading, Value } from "./change";
import { differences } from "./differences";
import { isGrant } from "./iam";
import { InputError } from "./input-error";
import { isImmutable } from "./knowledge";
import { code } from "./markdown/text";
import { Secrets } from "./secrets";

/** A synthesized stack. */
export interface Synthesized {
  readonly stack: Stack;
  /** `moved` blocks: from the new address to the old one. */
  readonly moved: ReadonlyMap<string, string>;
}

/**
 * The stacks of a folder by name.
 *
 * @param folder `cdktf.out`, or another that has `stacks/<name>/cdk.tf.json`, or one stack's
 * folder.
 * @throws InputError
 */
export function readStacks(folder: string): Map<string, Synthesized> {
  const stacks = join(folder, "stacks");
  const folders = existsSync(join(folder, "cdk.tf.json"))
    ? [folder]
    : existsSync(stacks)
      ? readdirSync(stacks).map((name) => join(stacks, name))
      : [];
  const found = folders.filter((each) => existsSync(join(each, "cdk.tf.json")));
  if (found.length === 0) {
    throw new InputError(`${folder} has no synthesized stacks: neither stacks/<name>/cdk.tf.json nor cdk.tf.json`);
  }
  try {
    return new Map(
      found.map((each) => {
        const stack = readStack(each);
        return [basename(resolve(each)), { stack: complete(stack), moved: movesOf(stack) }];
      }),
    );
  } catch (error) {
    if (error instanceof StackError) throw new InputError(error.message);
    throw error;
  }
}

/** Compares base and head, without a plan. What is deployed may differ from base. */
export function compare(name: string, base: Synthesized | undefined, head: Synthesized | undefined): Reading {
  if (!head) return removed(name, base);
  const before = new Map(base?.stack.resources.map((each) => [each.address, each]));
  const changes = head.stack.resources.map((resource) => {
    const old = head.moved.get(resource.address);
    const previous = before.get(resource.address) ?? before.get(old ?? "");
    if (previous) before.delete(previous.address);
    return changeOf(name, previous, resource);
  });
  changes.push(...[...before.values()].map((resource) => changeOf(name, resource, undefined)));
  const changedOutputs = outputs(name, base?.stack.outputs ?? {}, head.stack.outputs);
  const secrets = new Secrets();
  for (const value of [base, head].flatMap((side) => side?.stack.sensitive ?? [])) secrets.learn(value, true);
  for (const { before, after } of changes) secrets.learn([before, after]);
  const hide = (change: Change): Change => {
    const [before, after] = secrets.hide([change.before, change.after]);
    return { ...change, address: secrets.text(change.address), before, after };
  };
  return {
    stack: name,
    from: "synthesized",
    changes: changes.map(hide),
    outputs: changedOutputs.map(hide),
    vanished: new Set(),
    notes: providerNotes(name, base?.stack, head.stack),
    gaps: [...new Set([...gapsIn(name, head.stack), ...gapsIn(name, base?.stack)])],
    baseFolder: base?.stack.folder,
    headFolder: head.stack.folder,
  };
}

/** The parts of a stack that were not understood. */
function gapsIn(name: string, stack: Stack | undefined): string[] {
  return (stack?.findings ?? []).map(({ address, attribute, expression, why }) => {
    const what = code([name, address, attribute].filter(Boolean).join(" "));
    return `${what} was ${expression === undefined ? "not compared" : "compared as written"}: ${why}.`;
  });
}

/**
 * Resources without a project or region are in the provider's. Without a plan, nothing else shows
 * that they move.
 */
function providerNotes(name: string, base: Stack | undefined, head: Stack): string[] {
  return (["project", "region"] as const)
    .filter((key) => base !== undefined && base.defaults[key] !== head.defaults[key])
    .map((key) => {
      const change = `${code(String(base?.defaults[key]))} to ${code(head.defaults[key])}`;
      return `The ${key} of the provider of ${code(name)} changes from ${change}: resources without a ${key} of their own are deleted there and created again.`;
    });
}

function removed(stack: string, base: Synthesized | undefined): Reading {
  const count = base?.stack.resources.length ?? 0;
  const note = `The stack ${code(stack)} is no longer synthesized. What it deployed (${counted(count, "resource")}) stays and is no longer managed. Destroy it first, while the stack still exists.`;
  return {
    stack,
    from: "synthesized",
    changes: [],
    outputs: [],
    vanished: new Set(),
    notes: [note],
    gaps: [],
  };
}

function changeOf(stack: string, before: StackResource | undefined, after: StackResource | undefined): Change {
  const { address, type, path } = (after ?? before) as StackResource;
  const change: Change = {
    stack,
    address,
    type,
    action: before ? (after ? "update" : "delete") : "create",
    before: before && configured(before),
    after: after && configured(after),
    forcedBy: [],
    path,
    ...(before && after && before.address !== after.address && { previousAddress: before.address }),
    ...(!after && { reason: "delete_because_no_resource_config" }),
  };
  if (change.action !== "update") return change;
  const changed = new Set(differences(change).map((each) => each.path.split(/[.[]/)[0] ?? ""));
  if (changed.size === 0) return { ...change, action: "none" };
  const cannotChange = (key: string) => (isGrant(type) ? isImmutableOfGrant(key) : isImmutable(type, key));
  const forcedBy: Path[] = [...changed].filter(cannotChange).map((key) => [key]);
  return forcedBy.length === 0
    ? change
    : { ...change, action: "replace", forcedBy, reason: "replace_because_cannot_update" };
}

/**
 * Of a grant, only members and policies change in place. Source: the resources `*_iam_*` of
 * hashicorp/google 6.50.0.
 */
function isImmutableOfGrant(attribute: string): boolean {
  return attribute !== "members" && attribute !== "policy_data";
}

/** The configured attributes, without those that Google and the provider compute from them. */
function configured({ attributes, configured }: StackResource): Json {
  const prefixes = new Set(
    configured.flatMap((path) => path.split(".").map((_, index, keys) => keys.slice(0, index + 1).join("."))),
  );
  const leaves = new Set(configured);
  const pick = (value: Value, path: string): Value => {
    if (leaves.has(path) || typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map((item) => pick(item, path));
    const kept = Object.entries(value).filter(([key]) => prefixes.has(`${path}.${key}`));
    return Object.fromEntries(kept.map(([key, item]) => [key, pick(item, `${path}.${key}`)]));
  };
  const kept = Object.entries(attributes).filter(([key]) => prefixes.has(key));
  return Object.fromEntries(kept.map(([key, value]) => [key, pick(value, key)]));
}

function outputs(stack: string, before: Json, after: Json): Change[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.map((name) => {
    const same = JSON.stringify(before[name]) === JSON.stringify(after[name]);
    const action = same ? "none" : !(name in before) ? "create" : name in after ? "update" : "delete";
    return {
      stack,
      address: `output.${name}`,
      type: "output",
      action,
      before: before[name],
      after: after[name],
      forcedBy: [],
    };
  });
}

/** Puts the expression in the place of each value that could not be evaluated. */
function complete(stack: Stack): Stack {
  const byAddress = new Map([...stack.resources, ...stack.data].map((each) => [each.address, each]));
  for (const { address, attribute, expression } of stack.findings) {
    const keys = attribute.split(".");
    const last = keys.pop();
    let place: Value = byAddress.get(address)?.attributes;
    for (const key of keys) place = place?.[key];
    if (expression !== undefined && last !== undefined && typeof place === "object" && place !== null)
      place[last] = expression;
  }
  return stack;
}

function movesOf({ moved }: Stack): Map<string, string> {
  return new Map(moved.map(({ from, to }) => [String(to), String(from)]));
}
