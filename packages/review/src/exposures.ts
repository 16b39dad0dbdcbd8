import type { Value } from "./change";
import { hasPlainSecret, RUN_TYPES } from "./containers";
import { REGISTRY } from "./provider-docs";
import { becomes, ceases, is, isEverybody, isEverywhere, list, type SettingRule } from "./rule-values";

const RUN_INGRESS = "https://cloud.google.com/run/docs/securing/ingress";
const ANYWHERE = "The whole internet can reach it. Only IAM decides who may call it.";
const NO_IAM = "IAM is not checked: everyone who can reach it may call it.";
const PUBLIC_ACL =
  "An access control list grants access to everyone (`allUsers`, or `allAuthenticatedUsers`: any Google account).";
const PUBLIC_RANGE = "Every address on the internet may connect (`0.0.0.0/0` or `::/0`).";

const PREDEFINED = is("publicRead", "publicReadWrite", "authenticatedRead");
const anyOf =
  (isSo: (item: Value) => boolean) =>
  (value: Value): boolean =>
    list(value).some(isSo);
const opensIn = (key: string) => anyOf((block) => anyOf(isEverywhere)(block?.[key]));

/**
 * Settings that give more access than before. An unset value counts as the provider's or Google's
 * default.
 */
export const EXPOSURES: readonly SettingRule[] = [
  {
    types: ["google_cloudfunctions2_function"],
    path: ["service_config", "ingress_settings"],
    worse: becomes(is("ALLOW_ALL", undefined, null, "")),
    text: ANYWHERE,
    source: "https://cloud.google.com/functions/docs/networking/network-settings#ingress_settings",
  },
  {
    types: ["google_cloudfunctions_function"],
    path: ["ingress_settings"],
    worse: becomes(is("ALLOW_ALL", undefined, null, "")),
    text: ANYWHERE,
    source: "https://cloud.google.com/functions/docs/networking/network-settings#ingress_settings",
  },
  {
    types: ["google_cloud_run_v2_service"],
    path: ["ingress"],
    worse: becomes(is("INGRESS_TRAFFIC_ALL", undefined, null, "")),
    text: ANYWHERE,
    source: RUN_INGRESS,
  },
  {
    types: ["google_cloud_run_service"],
    path: ["metadata", "annotations", "run.googleapis.com/ingress"],
    worse: becomes(is("all", undefined, null, "")),
    text: ANYWHERE,
    source: RUN_INGRESS,
  },
  {
    types: ["google_cloud_run_v2_service"],
    path: ["invoker_iam_disabled"],
    worse: becomes(is(true)),
    text: NO_IAM,
    source: "https://cloud.google.com/run/docs/securing/managing-access#invoker_check",
  },
  {
    types: ["google_cloud_run_service"],
    path: ["metadata", "annotations", "run.googleapis.com/invoker-iam-disabled"],
    worse: becomes(is("true")),
    text: NO_IAM,
    source: "https://cloud.google.com/run/docs/securing/managing-access#invoker_check",
  },
  {
    types: [...RUN_TYPES, "google_cloudfunctions2_function"],
    path: [],
    worse: becomes(hasPlainSecret),
    text: "A variable that is named as a secret has its value in the configuration and in the state, where everybody who may read them sees it. Name a secret of Secret Manager instead.",
    source: "https://cloud.google.com/run/docs/configuring/services/secrets",
  },
  {
    types: ["google_storage_bucket"],
    path: ["public_access_prevention"],
    worse: ceases(is("enforced")),
    text: "Public access is no longer prevented: a grant or an access control list can open it to everyone.",
    source: "https://cloud.google.com/storage/docs/public-access-prevention",
  },
  {
    types: ["google_storage_bucket"],
    path: ["uniform_bucket_level_access"],
    worse: ceases(is(true)),
    text: "Access control lists of single objects apply again, in addition to IAM.",
    source: "https://cloud.google.com/storage/docs/uniform-bucket-level-access",
  },
  {
    types: ["google_storage_bucket_acl", "google_storage_object_acl", "google_storage_default_object_acl"],
    path: ["role_entity"],
    worse: becomes(anyOf(isEverybody)),
    text: PUBLIC_ACL,
    source: "https://cloud.google.com/storage/docs/access-control/lists#scopes",
  },
  {
    types: ["google_storage_bucket_acl", "google_storage_object_acl"],
    path: ["predefined_acl"],
    worse: becomes(PREDEFINED),
    text: PUBLIC_ACL,
    source: "https://cloud.google.com/storage/docs/access-control/lists#predefined-acl",
  },
  {
    types: ["google_storage_bucket_acl"],
    path: ["default_acl"],
    worse: becomes(PREDEFINED),
    text: PUBLIC_ACL,
    source: "https://cloud.google.com/storage/docs/access-control/lists#predefined-acl",
  },
  {
    types: [
      "google_storage_bucket_access_control",
      "google_storage_default_object_access_control",
      "google_storage_object_access_control",
    ],
    path: ["entity"],
    worse: becomes(isEverybody),
    text: PUBLIC_ACL,
    source: "https://cloud.google.com/storage/docs/access-control/lists#scopes",
  },
  {
    types: ["google_bigquery_dataset"],
    path: ["access"],
    worse: becomes(anyOf((entry) => isEverybody(entry?.special_group) || isEverybody(entry?.iam_member))),
    text: PUBLIC_ACL,
    source: "https://cloud.google.com/bigquery/docs/reference/rest/v2/datasets#Dataset.FIELDS.access",
  },
  ...["special_group", "iam_member"].map((key) => ({
    types: ["google_bigquery_dataset_access"],
    path: [key],
    worse: becomes(isEverybody),
    text: PUBLIC_ACL,
    source: "https://cloud.google.com/bigquery/docs/reference/rest/v2/datasets#Dataset.FIELDS.access",
  })),
  {
    types: ["google_sql_database_instance"],
    path: ["settings", "ip_configuration", "authorized_networks"],
    worse: becomes(anyOf((network) => isEverywhere(network?.value))),
    text: PUBLIC_RANGE,
    source: "https://cloud.google.com/sql/docs/mysql/authorize-networks",
  },
  {
    types: ["google_compute_firewall"],
    path: [],
    worse: becomes(
      (rule) => list(rule.allow).length > 0 && rule.disabled !== true && anyOf(isEverywhere)(rule.source_ranges),
    ),
    text: PUBLIC_RANGE,
    source: "https://cloud.google.com/firewall/docs/firewalls#sources_for_ingress",
  },
  {
    types: [
      "google_compute_firewall_policy_rule",
      "google_compute_network_firewall_policy_rule",
      "google_compute_region_network_firewall_policy_rule",
    ],
    path: [],
    worse: becomes(
      ({ action, direction, disabled, match }) =>
        action !== "deny" && direction !== "EGRESS" && disabled !== true && opensIn("src_ip_ranges")(match),
    ),
    text: PUBLIC_RANGE,
    source: "https://cloud.google.com/firewall/docs/firewall-policies-rule-details#sources",
  },
  {
    types: ["google_container_cluster"],
    path: ["master_authorized_networks_config", "cidr_blocks"],
    worse: becomes(anyOf((block) => isEverywhere(block?.cidr_block))),
    text: PUBLIC_RANGE,
    source: "https://cloud.google.com/kubernetes-engine/docs/how-to/authorized-networks",
  },
  {
    types: ["google_dataflow_job", "google_dataflow_flex_template_job"],
    path: ["ip_configuration"],
    worse: ceases(is("WORKER_IP_PRIVATE")),
    text: "Its workers get public IP addresses.",
    source: `${REGISTRY}/dataflow_job#ip_configuration`,
  },
];
