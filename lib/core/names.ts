import { createHash } from "node:crypto";
import { TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { Deployment } from "./deployment";
import { NAME_RULES, type NamedResource, type NameRule } from "./name-rules";
import { isKnown, report } from "./validation";

/** Names that are taken in a stack, each with the path of its construct. */
const taken = new WeakMap<TerraformStack, Map<string, string>>();

/**
 * The name of a resource: the given one, which is checked and used as it is, or one made of the
 * construct path and the environment. A construct always gets the same name. Two resources of one
 * type in a stack cannot share a name.
 *
 * Reports InvalidName and NameTaken.
 */
export function resourceName(scope: Construct, type: NamedResource, given?: string): string {
  const rule: NameRule = NAME_RULES[type];
  const word = rule.shared ? [rule.shared.word] : [];
  const name = given ?? generatedName(rule, [...pathWords(scope), ...word], Deployment.of(scope));
  if (!isKnown(name)) return name;

  checkName(scope, rule.resource, name, rule);
  const stack = TerraformStack.of(scope);
  const names = taken.get(stack) ?? new Map<string, string>();
  taken.set(stack, names);
  const key = `${rule.shared?.with ?? type} ${name}`;
  const owner = names.get(key);
  if (owner !== undefined && owner !== scope.node.path) {
    report(
      scope,
      "NameTaken",
      `the name "${name}" for ${rule.resource} is taken by [${owner}]; give one of the two another name`,
    );
  }
  names.set(key, scope.node.path);
  return name;
}

/** Checks the name of a resource that this app does not create. Reports InvalidName. */
export function checkImportedName(scope: Construct, type: NamedResource, name: string): void {
  const rule: NameRule = NAME_RULES[type];
  if (isKnown(name)) checkName(scope, rule.resource, name, rule.imported ?? rule);
}

function checkName(
  scope: Construct,
  resource: string,
  name: string,
  { pattern, allowed }: Pick<NameRule, "pattern" | "allowed">,
): void {
  if (!pattern.test(name))
    report(scope, "InvalidName", `"${name}" is not a valid name for ${resource}; allowed is ${allowed}`);
}

/** A name of this type, made of words. Needs no stack. */
export function composeName(
  type: NamedResource,
  words: readonly string[],
  deployment: Pick<Deployment, "project" | "environment">,
): string {
  return generatedName(NAME_RULES[type], words, deployment);
}

function generatedName(
  rule: NameRule,
  words: readonly string[],
  deployment: Pick<Deployment, "project" | "environment">,
): string {
  const { separator } = rule;
  const prefix = rule.global ? [slug(deployment.project, separator)] : [];
  const distinct = withoutRepeats([...prefix, ...words.map((word) => slug(word, separator))], separator);
  const tail = distinct.length > 1 ? (distinct.pop() as string) : "";
  return shorten(distinct.join(separator), tail, slug(deployment.environment, separator), rule.max, separator);
}

/** Ids that name a role below the parent and add nothing to a resource name. */
const UNNAMED_IDS = new Set(["Resource", "bucket", "identity", "topic"]);

/**
 * Ids from the stack down to the construct. They include the stack, so that two stacks in one
 * project have different names.
 */
function pathWords(scope: Construct): string[] {
  const stack = TerraformStack.of(scope);
  const above = stack.node.scopes.length - 1;
  return scope.node.scopes
    .slice(above)
    .map((construct) => construct.node.id)
    .filter((id) => !UNNAMED_IDS.has(id));
}

/** Leaves out a word that repeats the end of the words before it: async-batch + batch + worker. */
function withoutRepeats(words: readonly string[], separator: string): string[] {
  const kept: string[] = [];
  for (const word of words) {
    const before = kept.join(separator);
    if (word !== "" && before !== word && !before.endsWith(separator + word)) kept.push(word);
  }
  return kept;
}

function slug(word: string, separator: string): string {
  return word
    .replace(/([a-z0-9])([A-Z])/g, `$1${separator}$2`)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, separator)
    .replace(new RegExp(`^${separator}+|${separator}+$`, "g"), "");
}

/**
 * Shortens a long name to the beginning of its head, its last word, which says most, and a hash of
 * the whole name. The hash keeps similar names apart.
 */
function shorten(head: string, tail: string, environment: string, max: number, separator: string): string {
  const whole = [head, tail, environment].filter(Boolean).join(separator);
  if (whole.length <= max) return whole;
  const hash = createHash("sha256").update(whole).digest("hex").slice(0, 6);
  const room = max - hash.length - 1;
  const end = tail.slice(0, Math.floor(room / 2));
  const start = head.slice(0, room - (end ? end.length + 1 : 0));
  return [start, end, hash]
    .map((part) => part.replace(new RegExp(`^${separator}+|${separator}+$`, "g"), ""))
    .filter(Boolean)
    .join(separator);
}
