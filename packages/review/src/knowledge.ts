import { at, type Change, type Reading } from "./change";
import { PROVIDER, REGISTRY } from "./provider-docs";

/** A known consequence of a change, and its source. */
export interface Note {
  readonly text: string;
  readonly source: string;
}

interface Rule extends Note {
  readonly when: (change: Change, reading: Reading) => boolean;
}

/** What the review knows about a resource type. */
export interface Knowledge {
  /** The data that is lost when the resource is deleted. */
  readonly holds?: string;
  /** Attributes that cannot change in place. Needed without a plan, which has `replace_paths`. */
  readonly immutable?: readonly string[];
  /** For types of which almost nothing can change in place: the attributes that can. */
  readonly mutable?: readonly string[];
  /**
   * The attribute that identifies the resource: a resource with another value is never a rename of
   * it.
   */
  readonly identity?: string;
  /** Shown with a change that they apply to. Such a change always needs attention. */
  readonly notes?: readonly Rule[];
  /** Replacing it is normal and needs no attention. */
  readonly harmless?: boolean;
}

const destroyed = ({ action }: Change) => action === "delete" || action === "replace";
const deleted = ({ action }: Change) => action === "delete";
const forcedBy =
  (...attributes: string[]) =>
  ({ action, forcedBy }: Change) =>
    action === "replace" && forcedBy.some(([first]) => attributes.includes(String(first)));
/** Whether the replacement has the same full name. */
const sameName = (change: Change) =>
  change.action === "replace" &&
  ["name", "location", "project"].every((key) => change.before?.[key] === change.after?.[key]);
const isBatch = ({ before }: Change) => before?.type !== "JOB_TYPE_STREAMING";

const QUEUE_TOMBSTONE = "https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues/delete";
const SUBSCRIBER_PROPERTIES = "https://cloud.google.com/pubsub/docs/subscription-properties";

/**
 * By resource type. Which attributes are immutable was tried with the provider, hashicorp/google
 * 6.50.0.
 */
export const KNOWLEDGE: Readonly<Record<string, Knowledge>> = {
  google_artifact_registry_repository: {
    holds: "its images and packages",
    immutable: ["repository_id", "location", "format", "kms_key_name", "mode"],
  },
  google_bigquery_dataset: { holds: "its tables", immutable: ["dataset_id", "location"] },
  google_bigquery_table: { holds: "its rows", immutable: ["dataset_id", "table_id"] },
  google_bigtable_instance: { holds: "its tables", immutable: ["name"] },
  google_cloud_run_v2_job: {
    holds: "the history of its executions",
    immutable: ["name", "location"],
    notes: [
      {
        when: destroyed,
        // Believed: executions are children of the job, and the page does not say more.
        text: "Executions that run are stopped, and what is started before the job exists again fails.",
        source: "https://cloud.google.com/run/docs/managing/jobs",
      },
    ],
  },
  google_cloud_run_v2_service: {
    immutable: ["name", "location"],
    notes: [
      {
        when: destroyed,
        text: "Callers get errors until the service exists again. A service with another name or in another region has another URL.",
        source: `${REGISTRY}/cloud_run_v2_service`,
      },
    ],
  },
  google_cloud_run_v2_worker_pool: {
    immutable: ["name", "location"],
    notes: [
      {
        when: destroyed,
        text: "Its instances are stopped, also those that work on something. Nothing pulls until the pool exists again, and the subscription drops messages that are older than its retention.",
        source: "https://cloud.google.com/run/docs/managing/workerpools",
      },
    ],
  },
  google_cloud_scheduler_job: { immutable: ["name", "region"] },
  google_cloud_tasks_queue: {
    holds: "its tasks",
    immutable: ["name", "location"],
    notes: [
      {
        when: (change) => destroyed(change) && !sameName(change),
        text: "The name of a deleted queue stays blocked for up to 3 days (7 days by older pages). Until then, creating a queue with this name fails or only seems to succeed.",
        source: QUEUE_TOMBSTONE,
      },
      {
        when: sameName,
        text: "The apply fails after the deletion: the new queue has the same name, which stays blocked for up to 3 days (7 days by older pages).",
        source: QUEUE_TOMBSTONE,
      },
    ],
  },
  google_cloudfunctions2_function: {
    immutable: ["name", "location"],
    notes: [
      {
        when: destroyed,
        text: "Callers get errors until the function exists again. A function with another name has another URL.",
        source: `${REGISTRY}/cloudfunctions2_function`,
      },
    ],
  },
  google_dataflow_job: {
    // A batch job never changes in place: any difference, even of labels, makes a new job.
    mutable: ["on_delete"],
    notes: [
      {
        when: (change, { vanished }) => change.action === "create" && vanished.has(change.address),
        text: "The job has finished, so Terraform no longer finds it: this apply runs it again.",
        source: `${REGISTRY}/dataflow_job`,
      },
      {
        when: (change) => change.action === "replace" && isBatch(change),
        text: "A batch job cannot be changed in place, not even its labels: this apply stops it if it still runs, and runs it again from the start.",
        source: `${REGISTRY}/dataflow_job`,
      },
    ],
  },
  google_firestore_database: { holds: "its documents", immutable: ["name", "location_id"] },
  google_kms_crypto_key: {
    holds: "its key versions, and with them whatever they encrypt",
    immutable: ["name", "key_ring", "purpose"],
    notes: [
      {
        when: destroyed,
        text: "All versions of the key are destroyed. The key itself stays and blocks its name.",
        source: `${REGISTRY}/kms_crypto_key`,
      },
    ],
  },
  google_project_iam_custom_role: {
    immutable: ["role_id"],
    notes: [
      {
        when: destroyed,
        text: "The id of a deleted custom role stays blocked for up to 37 days. In the first 7 days the role can be restored.",
        source: "https://cloud.google.com/iam/docs/creating-custom-roles#deleting-custom-role",
      },
    ],
  },
  google_project_service: {
    immutable: ["service"],
    identity: "service",
    notes: [
      {
        when: (change) => destroyed(change) && change.before?.disable_on_destroy !== false,
        text: "The API is disabled for the whole project, also for everything else that uses it (`disable_on_destroy` is not `false`).",
        source: `${REGISTRY}/google_project_service`,
      },
    ],
  },
  google_pubsub_subscription: {
    holds: "its backlog of messages",
    immutable: ["name", "topic", "filter", "enable_message_ordering"],
    notes: [
      {
        when: forcedBy("filter"),
        text: "A changed filter replaces the subscription: unacknowledged messages are lost, and so are messages that are published before the new subscription exists.",
        source: SUBSCRIBER_PROPERTIES,
      },
      {
        when: forcedBy("enable_message_ordering"),
        text: "Changed ordering replaces the subscription: unacknowledged messages are lost, and so are messages that are published before the new subscription exists.",
        source: SUBSCRIBER_PROPERTIES,
      },
    ],
  },
  google_pubsub_topic: {
    holds: "its retained messages, and the link to its subscriptions",
    immutable: ["name"],
    notes: [
      {
        when: destroyed,
        text: "Subscriptions that stay are detached for good (topic `_deleted-topic_`), even if a new topic has the same name.",
        source: "https://cloud.google.com/pubsub/docs/delete-topic",
      },
    ],
  },
  google_secret_manager_secret: { holds: "its versions", immutable: ["secret_id"] },
  google_secret_manager_secret_version: { holds: "the secret's value" },
  google_service_account: {
    immutable: ["account_id"],
    notes: [
      {
        when: destroyed,
        text: "Grants belong to this account: an account that is created later with the same e-mail does not have them.",
        source: "https://cloud.google.com/iam/docs/service-accounts-delete-undelete",
      },
    ],
  },
  google_spanner_database: { holds: "its tables", immutable: ["name", "instance"] },
  google_sql_database: { holds: "its tables", immutable: ["name", "instance"] },
  google_sql_database_instance: { holds: "its databases", immutable: ["name", "region"] },
  google_storage_bucket: {
    holds: "its objects",
    immutable: ["name", "location"],
    notes: [
      {
        when: (change) => destroyed(change) && change.before?.force_destroy === true,
        text: "All objects are deleted with it (`force_destroy` is `true`).",
        source: `${REGISTRY}/storage_bucket#force_destroy`,
      },
      {
        when: (change) => destroyed(change) && change.before?.force_destroy !== true,
        text: "The apply fails unless the bucket is empty (`force_destroy` is not `true`).",
        source: `${REGISTRY}/storage_bucket#force_destroy`,
      },
    ],
  },
  google_storage_bucket_object: { holds: "its content", immutable: ["name", "bucket"], identity: "name" },
  google_storage_notification: {
    immutable: ["bucket", "topic", "event_types", "payload_format", "object_name_prefix", "custom_attributes"],
    notes: [
      {
        when: destroyed,
        text: "Changes of objects are not published until the notification exists again.",
        source: "https://cloud.google.com/storage/docs/pubsub-notifications",
      },
    ],
  },
  google_workflows_workflow: {
    holds: "the history of its executions",
    immutable: ["name", "region"],
    notes: [
      {
        when: (change) => destroyed(change) && change.before?.deletion_protection !== false,
        text: "Deletion protection stops the apply: set `deletion_protection` to `false` and apply that first.",
        source: `${REGISTRY}/workflows_workflow#deletion_protection`,
      },
    ],
  },
  null_resource: { harmless: true },
  time_sleep: { harmless: true },
};

/** Rules for all types. */
const EVERYWHERE: readonly Rule[] = [
  {
    when: (change) =>
      destroyed(change) &&
      change.type !== "google_workflows_workflow" &&
      at(change.before, "deletion_protection") === true,
    text: "Deletion protection stops the apply: set `deletion_protection` to `false` and apply that first.",
    source: PROVIDER,
  },
  {
    when: (change) => deleted(change) && change.deposed !== undefined,
    text: "It was left behind when an earlier replacement failed halfway (a deposed object).",
    source: "https://developer.hashicorp.com/terraform/internals/json-format#change-representation",
  },
];

export function knowledgeOf(type: string): Knowledge {
  return Object.hasOwn(KNOWLEDGE, type) ? (KNOWLEDGE[type] ?? {}) : {};
}

/** Whether a change of an attribute, not of a part of a block, makes another resource. */
export function isImmutable(type: string, attribute: string): boolean {
  const { immutable, mutable } = knowledgeOf(type);
  return mutable ? !mutable.includes(attribute) : (immutable ?? []).includes(attribute);
}

export function notesOn(change: Change, reading: Reading): Note[] {
  return [...(knowledgeOf(change.type).notes ?? []), ...EVERYWHERE]
    .filter(({ when }) => when(change, reading))
    .map(({ text, source }) => ({ text, source }));
}

/** Terraform's `action_reason`. Source: developer.hashicorp.com/terraform/internals/json-format */
export const REASONS: Readonly<Record<string, string>> = {
  replace_because_tainted: "it is tainted: an earlier apply failed halfway, or `terraform taint` marked it",
  replace_because_cannot_update: "it cannot be changed in place",
  replace_by_request: "it was requested (-replace)",
  replace_by_triggers: "something in its replace_triggered_by changes",
  delete_because_no_resource_config: "it is no longer in the configuration",
  delete_because_no_module: "its module is no longer in the configuration",
  delete_because_wrong_repetition: "count or for_each was added or removed",
  delete_because_count_index: "its index is beyond the new count",
  delete_because_each_key: "its key is no longer in for_each",
  delete_because_no_move_target: "the address it is moved to is not in the configuration",
};
