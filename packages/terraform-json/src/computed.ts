import { createHash } from "node:crypto";
import type { Value } from "./values";

/** Of the Google provider's configuration, where resources may leave it out. */
export interface ProviderDefaults {
  readonly project: string;
  readonly region: string;
}

type Attributes = Readonly<Record<string, Value>>;
type Computed = Readonly<Record<string, (attributes: Attributes, defaults: ProviderDefaults) => Value>>;

/**
 * Attributes that Terraform learns from Google, as Google and the provider compute them from what is configured. Paths in
 * blocks are written with dots. Sources: the Attributes Reference of each type in hashicorp/google 6.50.0.
 */
export const COMPUTED: Readonly<Record<string, Computed>> = {
  google_artifact_registry_repository: {
    id: (a, d) => `projects/${project(a, d)}/locations/${a.location ?? d.region}/repositories/${a.repository_id}`,
    name: (a) => a.repository_id,
  },
  google_cloud_scheduler_job: { id: (a, d) => `${regional(a, d)}/jobs/${a.name}` },
  google_cloud_tasks_queue: { id: (a, d) => `${regional(a, d)}/queues/${a.name}` },
  google_cloudfunctions2_function: {
    id: (a, d) => `${regional(a, d)}/functions/${a.name}`,
    url: (a, d) => `https://${a.location ?? d.region}-${project(a, d)}.cloudfunctions.net/${a.name}`,
    "service_config.service": (a, d) => `${regional(a, d)}/services/${a.name}`,
    "service_config.uri": (a, d) => functionUri(String(a.name), String(a.location ?? d.region), project(a, d)),
  },
  google_dataflow_job: { id: (a) => jobId(a.name), job_id: (a) => jobId(a.name), state: () => "JOB_STATE_RUNNING" },
  google_kms_crypto_key: { id: (a) => `${a.key_ring}/cryptoKeys/${a.name}` },
  google_kms_key_ring: { id: (a, d) => `${regional(a, d)}/keyRings/${a.name}` },
  google_monitoring_notification_channel: {
    id: (a, d) => channelName(a, d),
    name: (a, d) => channelName(a, d),
  },
  google_project: { id: (a) => `projects/${a.project_id}`, number: (a, d) => projectNumber(a.project_id ?? d.project) },
  google_project_iam_custom_role: {
    id: (a, d) => `projects/${project(a, d)}/roles/${a.role_id}`,
    name: (a, d) => `projects/${project(a, d)}/roles/${a.role_id}`,
  },
  google_project_service: { id: (a, d) => `${project(a, d)}/${a.service}` },
  google_pubsub_schema: { id: (a, d) => `projects/${project(a, d)}/schemas/${a.name}` },
  google_pubsub_subscription: { id: (a, d) => `projects/${project(a, d)}/subscriptions/${a.name}` },
  google_pubsub_topic: { id: (a, d) => `projects/${project(a, d)}/topics/${a.name}` },
  google_secret_manager_secret: {
    id: (a, d) => `projects/${project(a, d)}/secrets/${a.secret_id}`,
    name: (a, d) => `projects/${project(a, d)}/secrets/${a.secret_id}`,
  },
  google_secret_manager_secret_version: {
    id: (a) => `${a.secret}/versions/1`,
    name: (a) => `${a.secret}/versions/1`,
    version: () => "1",
  },
  google_service_account: {
    id: (a, d) => `projects/${project(a, d)}/serviceAccounts/${email(a, d)}`,
    name: (a, d) => `projects/${project(a, d)}/serviceAccounts/${email(a, d)}`,
    email,
    member: (a, d) => `serviceAccount:${email(a, d)}`,
    // 21 digits, as Google's are.
    unique_id: (a, d) => `1${digits(email(a, d), 20)}`,
  },
  google_storage_bucket: {
    id: (a) => a.name,
    url: (a) => `gs://${a.name}`,
    self_link: (a) => `https://www.googleapis.com/storage/v1/b/${a.name}`,
  },
  google_storage_bucket_object: {
    id: (a) => `${a.bucket}-${a.name}`,
    output_name: (a) => a.name,
    // Google counts in microseconds since 1970; any number identifies the one upload.
    generation: (a) => Number(`17${digits(`${a.bucket}/${a.name}`, 14)}`),
    self_link: (a) => `https://www.googleapis.com/storage/v1/b/${a.bucket}/o/${encodeURIComponent(String(a.name))}`,
  },
  google_storage_notification: {
    id: (a) => `${a.bucket}/notificationConfigs/1`,
    notification_id: () => "1",
    self_link: (a) => `https://www.googleapis.com/storage/v1/b/${a.bucket}/notificationConfigs/1`,
  },
  google_workflows_workflow: {
    id: (a, d) => `${regional(a, d)}/workflows/${a.name}`,
    state: () => "ACTIVE",
  },
};

/** The same of data sources. */
export const COMPUTED_DATA: Readonly<Record<string, Computed>> = {
  google_client_config: { project: (_, d) => d.project, region: (_, d) => d.region },
  google_project: {
    id: (a, d) => `projects/${a.project_id ?? d.project}`,
    number: (a, d) => projectNumber(a.project_id ?? d.project),
    project_id: (_, d) => d.project,
  },
  google_service_account: {
    email,
    id: (a, d) => `projects/${project(a, d)}/serviceAccounts/${email(a, d)}`,
    name: (a, d) => `projects/${project(a, d)}/serviceAccounts/${email(a, d)}`,
    member: (a, d) => `serviceAccount:${email(a, d)}`,
  },
  google_storage_project_service_account: {
    id: (a, d) => storageAgent(project(a, d)),
    email_address: (a, d) => storageAgent(project(a, d)),
    member: (a, d) => `serviceAccount:${storageAgent(project(a, d))}`,
  },
};

/** Google's twelve digits of a project; here made of its id, so that every run has the same. */
export function projectNumber(projectId: string): string {
  return `1${digits(projectId, 11)}`;
}

/** The service agent of Cloud Storage. Source: cloud.google.com/storage/docs/getting-service-agent */
export function storageAgent(projectId: string): string {
  return `service-${projectNumber(projectId)}@gs-project-accounts.iam.gserviceaccount.com`;
}

/** DNS allows 63 characters in a label; the hash and the region take 14 of them. */
const LONGEST_NAME = 49;

/**
 * The URL of a function's Cloud Run service, in the form that Google gives: `https://<name>-<hash>-<region>.a.run.app`.
 * Google draws the hash; here it follows from project, region and name, so that it is known before anything runs. The region
 * is its initials, as Google has it for the common ones (`uc`, `ew`, `ue`).
 */
export function functionUri(name: string, region: string, project: string): string {
  const hash = BigInt(`0x${createHash("sha256").update(`${project}/${region}/${name}`).digest("hex")}`).toString(36);
  const initials = region.split("-").map((part) => part.charAt(0));
  return `https://${name.slice(0, LONGEST_NAME)}-${hash.slice(0, 10)}-${initials.slice(0, 2).join("")}.a.run.app`;
}

function project(a: Attributes, d: ProviderDefaults): string {
  return a.project ?? d.project;
}

function regional(a: Attributes, d: ProviderDefaults): string {
  return `projects/${project(a, d)}/locations/${a.location ?? a.region ?? d.region}`;
}

function email(a: Attributes, d: ProviderDefaults): string {
  return a.account_id.includes("@") ? a.account_id : `${a.account_id}@${project(a, d)}.iam.gserviceaccount.com`;
}

function channelName(a: Attributes, d: ProviderDefaults): string {
  return `projects/${project(a, d)}/notificationChannels/${digits(`${a.type}/${a.display_name}`, 19)}`;
}

function jobId(name: string): string {
  return `2026-01-01_00_00_00-${digits(name, 19)}`;
}

function digits(seed: string, count: number): string {
  const hash = createHash("sha256").update(String(seed)).digest("hex");
  return (BigInt(`0x${hash}`) % 10n ** BigInt(count)).toString().padStart(count, "0");
}
