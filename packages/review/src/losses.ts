import type { Value } from "./change";
import { REGISTRY } from "./provider-docs";
import { becomes, ceases, is, list, type SettingRule, shortens } from "./rule-values";

const UNPROTECTED = "Its deletion protection is off: an apply can delete it.";
const SHORTER = "Its data is deleted earlier than before.";
const LIFECYCLE = "https://cloud.google.com/storage/docs/lifecycle#actions";
const NEVER = Number.POSITIVE_INFINITY;
const SEVEN_DAYS = 604_800;

/** Of an existing resource; a new one has the setting on purpose. */
const turnsOn: SettingRule["worse"] = (after, before) => before !== undefined && becomes(is(true))(after, before);

/** Settings that let data be lost that was kept before. */
export const LOSSES: readonly SettingRule[] = [
  ...["deletion_protection", "deletion_protection_enabled", "delete_protection"].map((key) => ({
    path: [key],
    worse: ceases(is(true)),
    text: UNPROTECTED,
    source: `${REGISTRY}/sql_database_instance#deletion_protection`,
  })),
  {
    types: ["google_sql_database_instance"],
    path: ["settings", "deletion_protection_enabled"],
    worse: ceases(is(true)),
    text: UNPROTECTED,
    source: "https://cloud.google.com/sql/docs/mysql/deletion-protection",
  },
  {
    types: ["google_firestore_database"],
    path: ["delete_protection_state"],
    worse: ceases(is("DELETE_PROTECTION_ENABLED")),
    text: UNPROTECTED,
    source: "https://cloud.google.com/firestore/docs/manage-databases#delete_protection",
  },
  {
    path: ["deletion_policy"],
    worse: ceases(is("PREVENT", "ABANDON")),
    text: "Its deletion policy no longer keeps it: it is deleted when it is removed from the configuration.",
    source: `${REGISTRY}/google_project#deletion_policy`,
  },
  ...["force_destroy", "force_delete"].map((key) => ({
    path: [key],
    worse: turnsOn,
    text: "When it is deleted, everything in it is deleted too.",
    source: `${REGISTRY}/storage_bucket#force_destroy`,
  })),
  {
    types: ["google_bigquery_dataset"],
    path: ["delete_contents_on_destroy"],
    worse: turnsOn,
    text: "When it is deleted, everything in it is deleted too.",
    source: `${REGISTRY}/bigquery_dataset#delete_contents_on_destroy`,
  },
  {
    types: ["google_storage_bucket"],
    path: ["lifecycle_rule"],
    worse: (after, before) => before !== undefined && deletesMore(list(before.value), list(after)),
    text: "A lifecycle rule deletes objects that no rule deleted before, or deletes them earlier.",
    source: LIFECYCLE,
  },
  {
    types: ["google_storage_bucket"],
    path: ["retention_policy", "retention_period"],
    worse: shortens(0),
    text: "Objects can be deleted or overwritten earlier: their retention period is removed or shorter.",
    source: "https://cloud.google.com/storage/docs/bucket-lock",
  },
  {
    types: ["google_storage_bucket"],
    path: ["soft_delete_policy", "retention_duration_seconds"],
    worse: shortens(SEVEN_DAYS),
    text: "Deleted objects can be restored for a shorter time than before, or not at all.",
    source: "https://cloud.google.com/storage/docs/soft-delete",
  },
  {
    types: ["google_storage_bucket"],
    path: ["versioning", "enabled"],
    worse: ceases(is(true)),
    text: "Overwritten and deleted objects no longer leave a version behind.",
    source: "https://cloud.google.com/storage/docs/object-versioning",
  },
  {
    types: ["google_storage_bucket"],
    path: ["default_event_based_hold"],
    worse: ceases(is(true)),
    text: "New objects are no longer held: they can be deleted at once.",
    source: "https://cloud.google.com/storage/docs/object-holds",
  },
  ...["default_table_expiration_ms", "default_partition_expiration_ms"].map((key) => ({
    types: ["google_bigquery_dataset"],
    path: [key],
    worse: shortens(NEVER),
    text: SHORTER,
    source: "https://cloud.google.com/bigquery/docs/updating-datasets#table-expiration",
  })),
  {
    types: ["google_bigquery_dataset"],
    path: ["max_time_travel_hours"],
    worse: shortens(168),
    text: "Deleted and changed rows can be restored for a shorter time than before.",
    source: "https://cloud.google.com/bigquery/docs/time-travel",
  },
  {
    types: ["google_bigquery_table"],
    path: ["expiration_time"],
    worse: shortens(NEVER),
    text: SHORTER,
    source: "https://cloud.google.com/bigquery/docs/managing-tables#updating_a_tables_expiration_time",
  },
  {
    types: ["google_bigquery_table"],
    path: ["time_partitioning", "expiration_ms"],
    worse: shortens(NEVER),
    text: SHORTER,
    source: "https://cloud.google.com/bigquery/docs/managing-partitioned-tables#partition-expiration",
  },
  {
    types: ["google_pubsub_topic"],
    path: ["message_retention_duration"],
    worse: shortens(0),
    text: "Published messages can be replayed for a shorter time than before, or not at all.",
    source: "https://cloud.google.com/pubsub/docs/topic-properties#message_retention",
  },
  {
    types: ["google_pubsub_subscription"],
    path: ["message_retention_duration"],
    worse: shortens(SEVEN_DAYS),
    text: "Unacknowledged messages are dropped earlier than before.",
    source: "https://cloud.google.com/pubsub/docs/subscription-properties#message_retention",
  },
  {
    types: ["google_pubsub_subscription"],
    path: ["retain_acked_messages"],
    worse: ceases(is(true)),
    text: "Acknowledged messages are no longer kept for a replay.",
    source: "https://cloud.google.com/pubsub/docs/replay-overview",
  },
  {
    types: ["google_pubsub_subscription"],
    path: ["expiration_policy", "ttl"],
    worse: (after, before) => before !== undefined && ttl(after) < ttl(before.value),
    text: "It is deleted with its backlog after it was not used for that long.",
    source: "https://cloud.google.com/pubsub/docs/subscription-properties#expiration_period",
  },
  {
    types: ["google_pubsub_subscription"],
    path: ["dead_letter_policy", "dead_letter_topic"],
    worse: ceases((topic) => typeof topic === "string" && topic !== ""),
    text: "Messages that fail no longer go to a dead-letter topic: they are delivered again until their retention ends.",
    source: "https://cloud.google.com/pubsub/docs/handling-failures#dead_letter_topic",
  },
  {
    types: ["google_cloud_tasks_queue"],
    path: ["retry_config", "max_attempts"],
    worse: (after, before) => before !== undefined && attempts(after) < attempts(before.value),
    text: "A task is dropped after fewer attempts than before.",
    source: "https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues#RetryConfig",
  },
  {
    types: ["google_sql_database_instance"],
    path: ["settings", "backup_configuration", "enabled"],
    worse: ceases(is(true)),
    text: "Backups are no longer made.",
    source: "https://cloud.google.com/sql/docs/mysql/backup-recovery/backups",
  },
  {
    types: ["google_sql_database_instance"],
    path: ["settings", "backup_configuration", "point_in_time_recovery_enabled"],
    worse: ceases(is(true)),
    text: "It can no longer be restored to a point in time.",
    source: "https://cloud.google.com/sql/docs/postgres/backup-recovery/pitr",
  },
  {
    types: ["google_firestore_database"],
    path: ["point_in_time_recovery_enablement"],
    worse: ceases(is("POINT_IN_TIME_RECOVERY_ENABLED")),
    text: "It can no longer be restored to a point in time.",
    source: "https://cloud.google.com/firestore/docs/pitr",
  },
  {
    types: ["google_logging_project_bucket_config"],
    path: ["retention_days"],
    worse: shortens(30),
    text: SHORTER,
    source: "https://cloud.google.com/logging/docs/buckets#custom-retention",
  },
  {
    types: ["google_monitoring_alert_policy"],
    path: ["enabled"],
    worse: (after, before) => before !== undefined && before.value !== false && after === false,
    text: "It no longer sends alerts.",
    source: `${REGISTRY}/monitoring_alert_policy#enabled`,
  },
];

/**
 * An unset time to live is 31 days, an empty one is never. Source: the subscription properties
 * above.
 */
function ttl(value: Value): number {
  if (value === "") return NEVER;
  return value === undefined || value === null ? 2_678_400 : Number(String(value).replace(/s$/, ""));
}

/** Unset is 100, -1 is unlimited. Source: RetryConfig above. */
function attempts(value: Value): number {
  if (value === -1) return NEVER;
  return value === undefined || value === null || value === 0 ? 100 : Number(value);
}

/**
 * Whether a rule deletes more than all rules before. A rule whose only difference is a higher age
 * deletes less.
 */
function deletesMore(before: readonly Value[], after: readonly Value[]): boolean {
  const deletions = (rules: readonly Value[]) => rules.filter((rule) => kind(rule) === "Delete").map(condition);
  const old = deletions(before);
  return deletions(after).some(
    (fresh) => !old.some((each) => each.rest === fresh.rest && Number(each.age ?? 0) <= Number(fresh.age ?? 0)),
  );
}

function kind(rule: Value): Value {
  return list(rule?.action)[0]?.type;
}

function condition(rule: Value): { age: Value; rest: string } {
  const { age, ...rest } = list(rule?.condition)[0] ?? {};
  const set = Object.entries<Value>(rest).filter(
    ([, value]) =>
      value !== null && value !== "" && value !== 0 && value !== false && !(Array.isArray(value) && value.length === 0),
  );
  return { age, rest: JSON.stringify(set.sort(([a], [b]) => (a < b ? -1 : 1))) };
}
