import { createHash } from "node:crypto";
import { TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { Deployment } from "./deployment";
import { isKnown, report } from "./validation";

interface NameRule {
  /** Kind of resource, for messages. */
  readonly resource: string;
  readonly pattern: RegExp;
  readonly allowed: string;
  readonly max: number;
  /** Joins the words of a generated name. */
  readonly separator: "-" | "_";
  /**
   * All projects share these names, so generated ones begin with the project.
   * @default false
   */
  readonly global?: boolean;
  /**
   * The type whose names these share, with a last word that keeps generated names apart.
   * @default - names of their own
   */
  readonly shared?: { readonly with: string; readonly word: string };
  /**
   * Rule for resources that this app does not create.
   * @default - the same rule
   */
  readonly imported?: Pick<NameRule, "pattern" | "allowed">;
}

/**
 * Names of Cloud Run: the id "must begin with letter, and cannot end with hyphen; must contain fewer
 * than 50 characters" (run v2, `service_id`, `worker_pool_id`; believed to hold for `job_id`).
 */
const CLOUD_RUN_NAME = {
  pattern: /^[a-z]([a-z0-9-]{0,47}[a-z0-9])?$/,
  allowed: "1 to 49 of a-z, 0-9 and -, beginning with a letter, not ending with -",
  max: 49,
  separator: "-",
} as const;

/** Names that Google accepts. Sources: the API definitions, see `docs/errors.md`, InvalidName. */
const NAME_RULES = {
  artifactRepository: {
    resource: "an Artifact Registry repository",
    pattern: /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/,
    allowed: "1 to 63 of a-z, 0-9 and -, beginning with a letter, not ending with -",
    max: 63,
    separator: "-",
  },
  bucket: {
    resource: "a Cloud Storage bucket",
    pattern: /^(?!goog)(?!.*(?:google|g00gle|go0gle|g0ogle))(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/,
    allowed: "3 to 63 of a-z, 0-9, -, _ and ., beginning and ending with a letter or digit, without the word google",
    max: 63,
    separator: "-",
    global: true,
    // Names with dots are domains. Google's own buckets may have "google" in their names.
    imported: {
      pattern: /^(?=.{3,222}$)(?=[^.]{1,63}(?:\.[^.]{1,63})*$)[a-z0-9][a-z0-9._-]*[a-z0-9]$/,
      allowed:
        "3 to 63 of a-z, 0-9, - and _, or up to 222 with dots between parts of up to 63, beginning and ending with a letter or digit, without gs://",
    },
  },
  customRole: {
    resource: "a custom IAM role",
    pattern: /^[A-Za-z0-9_.]{3,64}$/,
    allowed: "3 to 64 of A-Z, a-z, 0-9, _ and .",
    max: 64,
    separator: "_",
  },
  dataflowJob: {
    resource: "a Dataflow job",
    pattern: /^[a-z]([-a-z0-9]{0,1022}[a-z0-9])?$/,
    allowed: "1 to 1024 of a-z, 0-9 and -, beginning with a letter, not ending with -",
    max: 40,
    separator: "-",
  },
  function: {
    resource: "a function",
    // Also the name of the Cloud Run service, whose id "must be fewer than 50 characters" (run v2,
    // `service_id`).
    pattern: /^[a-z][a-z0-9-]{2,47}[a-z0-9]$/,
    allowed: "4 to 49 of a-z, 0-9 and -, beginning with a letter, not ending with -",
    max: 49,
    separator: "-",
  },
  job: { resource: "a Cloud Run job", ...CLOUD_RUN_NAME },
  queue: {
    resource: "a Cloud Tasks queue",
    pattern: /^[A-Za-z0-9-]{1,100}$/,
    allowed: "1 to 100 of A-Z, a-z, 0-9 and -",
    max: 100,
    separator: "-",
  },
  schedulerJob: {
    resource: "a Cloud Scheduler job",
    pattern: /^[A-Za-z0-9_-]{1,500}$/,
    allowed: "1 to 500 of A-Z, a-z, 0-9, _ and -",
    max: 500,
    separator: "-",
  },
  schema: {
    resource: "a Pub/Sub schema",
    pattern: /^(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}$/,
    allowed: "3 to 255 of A-Z, a-z, 0-9 and ._~+%-, beginning with a letter, not with goog",
    max: 255,
    separator: "-",
  },
  // A function has a Cloud Run service of its name. The word lets one apply replace the one by the
  // other.
  service: {
    resource: "a Cloud Run service",
    ...CLOUD_RUN_NAME,
    shared: { with: "function", word: "container" },
  },
  serviceAccount: {
    resource: "a service account",
    pattern: /^[a-z][-a-z0-9]{4,28}[a-z0-9]$/,
    allowed: "6 to 30 of a-z, 0-9 and -, beginning with a letter, not ending with -",
    max: 30,
    separator: "-",
  },
  subscription: {
    resource: "a Pub/Sub subscription",
    pattern: /^(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}$/,
    allowed: "3 to 255 of A-Z, a-z, 0-9 and ._~+%-, beginning with a letter, not with goog",
    max: 255,
    separator: "-",
  },
  topic: {
    resource: "a Pub/Sub topic",
    pattern: /^(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}$/,
    allowed: "3 to 255 of A-Z, a-z, 0-9 and ._~+%-, beginning with a letter, not with goog",
    max: 255,
    separator: "-",
  },
  workerPool: { resource: "a Cloud Run worker pool", ...CLOUD_RUN_NAME },
  workflow: {
    resource: "a workflow",
    pattern: /^[A-Za-z]([A-Za-z0-9_-]{0,62}[A-Za-z0-9])?$/,
    allowed: "1 to 64 of A-Z, a-z, 0-9, _ and -, beginning with a letter, ending with a letter or digit",
    max: 64,
    separator: "-",
  },
} satisfies Record<string, NameRule>;

export type NamedResource = keyof typeof NAME_RULES;

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
