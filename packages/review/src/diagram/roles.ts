import type { Kind } from "./model";

/**
 * What the holder of a role does, in a word, by the kind of resource. Sources: the roles' pages in
 * cloud.google.com/iam/docs.
 */
const VERBS: Partial<Readonly<Record<Kind, Readonly<Record<string, string>>>>> = {
  bucket: {
    "roles/storage.objectCreator": "writes",
    "roles/storage.objectViewer": "reads",
    "roles/storage.objectUser": "reads, writes",
  },
  "dead-letter": { "roles/pubsub.publisher": "gives up" },
  function: { "roles/run.invoker": "calls" },
  service: { "roles/run.invoker": "calls" },
  queue: { "roles/cloudtasks.enqueuer": "enqueues" },
  subscription: { "roles/pubsub.subscriber": "pulled by" },
  topic: { "roles/pubsub.publisher": "publishes" },
};

/** Predefined roles with these permissions, as far as stacks are likely to use them. */
const HOLDERS: Readonly<Record<string, readonly string[]>> = {
  "aiplatform.endpoints.predict": ["roles/aiplatform.user", "roles/aiplatform.admin"],
  "dataflow.jobs.create": ["roles/dataflow.developer", "roles/dataflow.admin"],
  "run.jobs.run": [
    "roles/run.invoker",
    "roles/run.jobsExecutor",
    "roles/run.jobsExecutorWithOverrides",
    "roles/run.developer",
    "roles/run.admin",
  ],
  "workflows.executions.create": ["roles/workflows.invoker", "roles/workflows.editor", "roles/workflows.admin"],
};

/**
 * Roles on a project that are not drawn: every workload may write logs and metrics, and work on its
 * Dataflow job.
 */
const QUIET = new Set(["roles/logging.logWriter", "roles/monitoring.metricWriter", "roles/dataflow.worker"]);

/** The word for a role, else the role's name: every grant is drawn. */
export function verbs(role: string, kind: Kind): string {
  return VERBS[kind]?.[role] ?? roleName(role);
}

/** The last part of `roles/storage.admin` and `projects/p/roles/mine`. */
export function roleName(role: string): string {
  return role.slice(role.lastIndexOf("/") + 1);
}

export function isQuiet(role: string): boolean {
  return QUIET.has(role);
}

/** Whether a predefined role holds a permission. */
export function holds(role: string, permission: string): boolean {
  return HOLDERS[permission]?.includes(role) ?? false;
}
