import { createHash } from "node:crypto";
import { block } from "../json";
import type { ProviderDefaults } from "../model";
import { project, projectNumber, regional, regionalFamily } from "./names";
import type { Attributes, GoogleService } from "./resource-type";

/** A service is that of a function, or runs containers of its own. */
const SERVICES = ["google_cloudfunctions2_function", "google_cloud_run_v2_service"];

const runsAs = (a: Attributes) => block(a, "template")?.service_account;

export const CLOUD_RUN: GoogleService = {
  resources: {
    google_cloud_run_service: { iam: { ...regionalFamily("service", "services"), on: SERVICES } },
    google_cloud_run_v2_service: {
      computed: {
        id: (a, d) => `${regional(a, d)}/services/${a.name}`,
        uri: (a, d) => serviceUri(String(a.name), String(a.location ?? d.region), project(a, d)),
        urls: (a, d) => [serviceAlias(a, d), serviceUri(String(a.name), String(a.location ?? d.region), project(a, d))],
      },
      iam: { ...regionalFamily("name", "services"), on: SERVICES },
      kind: "service",
      runsAs,
    },
    google_cloud_run_v2_worker_pool: {
      computed: { id: (a, d) => `${regional(a, d)}/workerPools/${a.name}` },
      iam: regionalFamily("name", "workerPools"),
      kind: "pool",
      runsAs,
    },
  },
  agents: [
    {
      domain: "serverless-robot-prod",
      api: "run",
      grantedRole: {
        role: "roles/run.serviceAgent",
        source: "cloud.google.com/iam/docs/service-agents: Cloud Run Service Agent",
      },
    },
  ],
};

/** DNS allows 63 characters in a label; the hash and the region take 14 of them. */
const LONGEST_NAME = 49;

/**
 * The URL of a Cloud Run service, in the form that Google gives:
 * `https://<name>-<hash>-<region>.a.run.app`. Google draws the hash; here it follows from project,
 * region and name, so that it is known before anything runs. The region is its initials, as Google
 * has it for the common ones (`uc`, `ew`, `ue`).
 */
export function serviceUri(name: string, region: string, projectId: string): string {
  const hash = BigInt(`0x${createHash("sha256").update(`${projectId}/${region}/${name}`).digest("hex")}`).toString(36);
  const initials = region.split("-").map((part) => part.charAt(0));
  return `https://${name.slice(0, LONGEST_NAME)}-${hash.slice(0, 10)}-${initials.slice(0, 2).join("")}.a.run.app`;
}

/**
 * The URL of a Cloud Run service that follows from the project's number. Source:
 * https://docs.cloud.google.com/run/docs/triggering/https-request#deterministic
 */
export function serviceAlias(a: Attributes, d: ProviderDefaults, number = projectNumber(project(a, d))): string {
  return `https://${a.name}-${number}.${a.location ?? d.region}.run.app`;
}
