import { at, type Change, type Reading } from "./change";

/** Something that this project knows about a change, and where it is written. */
export interface Note {
  readonly text: string;
  readonly source: string;
}

interface Rule extends Note {
  readonly when: (change: Change, reading: Reading) => boolean;
}

/** What is known of a resource type. */
export interface Knowledge {
  /** The data that is gone with the resource. */
  readonly holds?: string;
  /** Attributes that cannot change in place: needed where there is no plan to tell (`replace_paths`). */
  readonly immutable?: readonly string[];
  /** The reverse, for types of which nearly nothing can change in place: what can. */
  readonly mutable?: readonly string[];
  /** What the resource is about: one that differs in it is never the same one renamed. */
  readonly identity?: string;
  /** Shown with the change where they apply; one that applies always needs a look. */
  readonly notes?: readonly Rule[];
  /** Its replacement is part of normal work. */
  readonly harmless?: boolean;
}

const REGISTRY = "https://registry.terraform.io/providers/hashicorp/google/6.50.0/docs/resources";

const destroyed = ({ action }: Change) => action === "delete" || action === "replace";
const deleted = ({ action }: Change) => action === "delete";
const forcedBy =
  (...attributes: string[]) =>
  ({ action, forcedBy }: Change) =>
    action === "replace" && forcedBy.some(([first]) => attributes.includes(String(first)));
/** Replaced by one of the same full name. */
const sameName = (change: Change) =>
  change.action === "replace" &&
  ["name", "location", "project"].every((key) => change.before?.[key] === change.after?.[key]);
const isBatch = ({ before }: Change) => before?.type !== "JOB_TYPE_STREAMING";

const QUEUE_TOMBSTONE = "https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues/delete";
const SUBSCRIBER_PROPERTIES = "https://cloud.google.com/pubsub/docs/subscription-properties";

/** By resource type. Attributes that are immutable were tried with the provider, hashicorp/google 6.50.0. */
export const KNOWLEDGE: Readonly<Record<string, Knowledge>> = {
  google_artifact_registry_repository: {
    holds: "its images and packages",
    immutable: ["repository_id", "location", "format", "kms_key_name", "mode"],
  },
  google_bigquery_dataset: { holds: "its tables", immutable: ["dataset_id", "location"] },
  google_bigquery_table: { holds: "its rows", immutable: ["dataset_id", "table_id"] },
  google_bigtable_instance: { holds: "its tables", immutable: ["name"] },
  google_cloud_scheduler_job: { immutable: ["name", "region"] },
  google_cloud_tasks_queue: {
    holds: "its tasks",
    immutable: ["name", "location"],
    notes: [
      {
        when: (change) => destroyed(change) && !sameName(change),
        text: "The name of a deleted queue is blocked for up to 3 days (7 by older pages): until then, making a queue of this name fails, or only seems to succeed.",
        source: QUEUE_TOMBSTONE,
      },
      {
        when: sameName,
        text: "The apply will fail after the deletion: the new queue has the same name, which is blocked for up to 3 days (7 by older pages).",
        source: QUEUE_TOMBSTONE,
      },
    ],
  },
  google_cloudfunctions2_function: {
    immutable: ["name", "location"],
    notes: [
      {
        when: destroyed,
        text: "Whoever calls the function gets errors until it is there again; a function of another name has another URL.",
        source: `${REGISTRY}/cloudfunctions2_function`,
      },
    ],
  },
  google_dataflow_job: {
    // A batch job is never changed: whatever differs, labels too, makes another one.
    mutable: ["on_delete"],
    notes: [
      {
        when: (change, { vanished }) => change.action === "create" && vanished.has(change.address),
        text: "The job has ended, so Terraform no longer counts it as there: this apply runs it again.",
        source: `${REGISTRY}/dataflow_job`,
      },
      {
        when: (change) => change.action === "replace" && isBatch(change),
        text: "A batch job cannot be changed, labels too: this apply stops it if it still runs, and runs it again from the start.",
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
        text: "All versions of the key are destroyed, the key itself stays and blocks its name.",
        source: `${REGISTRY}/kms_crypto_key`,
      },
    ],
  },
  google_project_iam_custom_role: {
    immutable: ["role_id"],
    notes: [
      {
        when: destroyed,
        text: "The id of a deleted custom role is blocked for up to 37 days; in the first 7 the role can be restored.",
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
        text: "The API is switched off for the whole project, whoever else uses it (`disable_on_destroy` is not `false`).",
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
        text: "A changed filter replaces the subscription: messages that are not acknowledged yet are dropped, and so are those that come while there is none.",
        source: SUBSCRIBER_PROPERTIES,
      },
      {
        when: forcedBy("enable_message_ordering"),
        text: "Changed ordering replaces the subscription: messages that are not acknowledged yet are dropped, and so are those that come while there is none.",
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
        text: "Subscriptions that stay are detached for good (topic `_deleted-topic_`), also from a new topic of the same name.",
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
        text: "Grants are bound to this very account: one of the same e-mail made later does not have them.",
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
        text: "Nobody is told of objects that change while there is no notification.",
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
        text: "Deletion protection will stop the apply: set `deletion_protection` to `false` and apply that first.",
        source: `${REGISTRY}/workflows_workflow#deletion_protection`,
      },
    ],
  },
  null_resource: { harmless: true },
  time_sleep: { harmless: true },
};

/** For types that have no rule of their own about it. */
const EVERYWHERE: readonly Rule[] = [
  {
    when: (change) =>
      destroyed(change) &&
      change.type !== "google_workflows_workflow" &&
      at(change.before, "deletion_protection") === true,
    text: "Deletion protection will stop the apply: set `deletion_protection` to `false` and apply that first.",
    source: "https://registry.terraform.io/providers/hashicorp/google/6.50.0/docs",
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
  replace_because_tainted: "it is tainted: an earlier apply failed halfway, or somebody marked it",
  replace_because_cannot_update: "it cannot be changed in place",
  replace_by_request: "somebody asked for it (-replace)",
  replace_by_triggers: "something in its replace_triggered_by changes",
  delete_because_no_resource_config: "it is no longer in the configuration",
  delete_because_no_module: "its module is no longer in the configuration",
  delete_because_wrong_repetition: "count or for_each came or went",
  delete_because_count_index: "its index is beyond the new count",
  delete_because_each_key: "its key is no longer in for_each",
  delete_because_no_move_target: "the address it is moved to is not in the configuration",
};
