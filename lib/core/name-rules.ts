/** What Google accepts as the name of a kind of resource. */
export interface NameRule {
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
 * Names of Cloud Run: the id "must begin with letter, and cannot end with hyphen; must contain
 * fewer than 50 characters" (run v2, `service_id`, `worker_pool_id`; believed to hold for
 * `job_id`).
 */
const CLOUD_RUN_NAME = {
  pattern: /^[a-z]([a-z0-9-]{0,47}[a-z0-9])?$/,
  allowed: "1 to 49 of a-z, 0-9 and -, beginning with a letter, not ending with -",
  max: 49,
  separator: "-",
} as const;

const PUBSUB_NAME = {
  pattern: /^(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}$/,
  allowed: "3 to 255 of A-Z, a-z, 0-9 and ._~+%-, beginning with a letter, not with goog",
  max: 255,
  separator: "-",
} as const;

/** Names that Google accepts. Sources: the API definitions, see `docs/errors.md`, InvalidName. */
export const NAME_RULES = {
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
  schema: { resource: "a Pub/Sub schema", ...PUBSUB_NAME },
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
  subscription: { resource: "a Pub/Sub subscription", ...PUBSUB_NAME },
  topic: { resource: "a Pub/Sub topic", ...PUBSUB_NAME },
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
