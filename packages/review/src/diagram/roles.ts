import type { Kind } from "./model";

/** What a role lets do, in a word, by what it is granted on. Sources: the roles' pages in cloud.google.com/iam/docs. */
const VERBS: Partial<Readonly<Record<Kind, Readonly<Record<string, string>>>>> = {
  bucket: {
    "roles/storage.objectCreator": "writes",
    "roles/storage.objectViewer": "reads",
    "roles/storage.objectUser": "reads, writes",
  },
  "dead-letter": { "roles/pubsub.publisher": "gives up" },
  function: { "roles/run.invoker": "calls" },
  queue: { "roles/cloudtasks.enqueuer": "enqueues" },
  subscription: { "roles/pubsub.subscriber": "pulled by" },
  topic: { "roles/pubsub.publisher": "publishes" },
};

/** Of the predefined roles, the ones with these permissions that stacks are likely to use. */
const HOLDERS: Readonly<Record<string, readonly string[]>> = {
  "aiplatform.endpoints.predict": ["roles/aiplatform.user", "roles/aiplatform.admin"],
  "dataflow.jobs.create": ["roles/dataflow.developer", "roles/dataflow.admin"],
  "workflows.executions.create": ["roles/workflows.invoker", "roles/workflows.editor", "roles/workflows.admin"],
};

/** On a project, rights to log and to work on a job that somebody launched: every workload has them, no arrow does. */
const QUIET = new Set(["roles/logging.logWriter", "roles/monitoring.metricWriter", "roles/dataflow.worker"]);

/** A word for a role that the table knows, its own name otherwise, so that no grant goes unseen. */
export function verbs(role: string, kind: Kind): string {
  return VERBS[kind]?.[role] ?? roleName(role);
}

/** `roles/storage.admin` and `projects/p/roles/mine` without what goes before their names. */
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
