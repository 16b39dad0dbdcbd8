import type { Simulated } from "../core/emulator";

/**
 * Types that do nothing while a stack runs, and why. All their attributes are taken: none of them can change what happens here.
 */
export const PASSIVE: Readonly<Record<string, string>> = {
  google_artifact_registry_repository: "holds the images that builds push; here nothing is built",
  google_kms_crypto_key: "encrypts what Google stores; here nothing is stored",
  google_kms_key_ring: "holds keys",
  google_logging_metric: "counts log lines for alerts",
  google_monitoring_alert_policy: "tells people; here the summary does",
  google_monitoring_notification_channel: "says how people are told",
  google_project_service: "turns an API on; here all that are simulated are on",
  google_secret_manager_secret: "holds versions; their values come from their own resources, or from --secrets",
  google_service_account: "is a name; what it may do is said by bindings",
  time_sleep: "waits while deploying",
};

/** Data sources that are computed when the stack is read. */
export const READ_AT_LOAD: readonly string[] = [
  "google_client_config",
  "google_project",
  "google_service_account",
  "google_storage_project_service_account",
];

/** Whether a path, such as `retry_config.max_attempts`, is among what an emulator honours, itself or with the block it is in. */
export function isSimulated(simulated: Simulated, type: string, path: string): boolean {
  const attributes = Object.hasOwn(simulated, type) ? (simulated[type] ?? []) : [];
  return attributes.some((known) => path === known || path.startsWith(`${known}.`) || known.startsWith(`${path}.`));
}
