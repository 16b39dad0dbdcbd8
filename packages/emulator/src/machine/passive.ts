import type { Simulated } from "../core/emulator";
import type { WithoutEffect } from "../core/service";
import { DESCRIPTIONS } from "../services";

/**
 * Types that do nothing while a stack runs, and why. All their attributes are accepted, since none
 * of them can change what happens here. Types that belong to an emulated service are in its
 * definition.
 */
export const PASSIVE: Readonly<Record<string, string>> = {
  google_artifact_registry_repository: "holds the images that builds push; here nothing is built",
  google_kms_crypto_key: "encrypts what Google stores; here nothing is stored",
  google_kms_key_ring: "holds keys",
  google_logging_metric: "counts log lines for alerts",
  google_monitoring_alert_policy: "notifies people; here the summary does",
  google_monitoring_notification_channel: "says how people are notified",
  google_project_service: "turns an API on; here all that are simulated are on",
  time_sleep: "waits while deploying",
  ...Object.assign({}, ...DESCRIPTIONS.map(({ passive }) => passive)),
};

/** Data sources that are computed when the stack is read. */
export const DATA_SOURCES: readonly string[] = [
  "google_client_config",
  "google_project",
  ...DESCRIPTIONS.flatMap(({ dataSources = [] }) => dataSources),
];

/** What all services accept without effect, each reason once. */
export const WITHOUT_EFFECT: readonly WithoutEffect[] = merged(
  DESCRIPTIONS.flatMap(({ withoutEffect = [] }) => withoutEffect),
);

function merged(all: readonly WithoutEffect[]): WithoutEffect[] {
  const byWhy = new Map<string, Simulated>();
  for (const { why, attributes } of all) byWhy.set(why, { ...byWhy.get(why), ...attributes });
  return [...byWhy].map(([why, attributes]) => ({ why, attributes }));
}

/**
 * Whether an emulator honours a path such as `retry_config.max_attempts`: the path itself, a block
 * around it, or a part of it.
 */
export function isSimulated(simulated: Simulated, type: string, path: string): boolean {
  const attributes = Object.hasOwn(simulated, type) ? (simulated[type] ?? []) : [];
  return attributes.some((known) => path === known || path.startsWith(`${known}.`) || known.startsWith(`${path}.`));
}
