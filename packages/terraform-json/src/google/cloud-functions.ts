import { createHash } from "node:crypto";
import { block } from "../json";
import type { ProviderDefaults } from "../model";
import { project, projectNumber, regional, regionalFamily } from "./names";
import type { Attributes, GoogleService } from "./resource-type";

export const CLOUD_FUNCTIONS: GoogleService = {
  resources: {
    google_cloudfunctions2_function: {
      computed: {
        id: (a, d) => `${regional(a, d)}/functions/${a.name}`,
        url: (a, d) => functionsUrl(a, d),
        "service_config.service": (a, d) => `${regional(a, d)}/services/${a.name}`,
        "service_config.uri": (a, d) => functionUri(String(a.name), String(a.location ?? d.region), project(a, d)),
      },
      iam: regionalFamily("cloud_function", "functions"),
      kind: "function",
      runsAs: (a) => block(a, "service_config")?.service_account_email,
      builtBy: (a) => block(a, "build_config")?.service_account,
    },
  },
  agents: [{ domain: "gcf-admin-robot", api: "cloudfunctions" }],
};

/** DNS allows 63 characters in a label; the hash and the region take 14 of them. */
const LONGEST_NAME = 49;

/**
 * The URL of a function's Cloud Run service, in the form that Google gives:
 * `https://<name>-<hash>-<region>.a.run.app`. Google draws the hash; here it follows from project,
 * region and name, so that it is known before anything runs. The region is its initials, as Google
 * has it for the common ones (`uc`, `ew`, `ue`).
 */
export function functionUri(name: string, region: string, projectId: string): string {
  const hash = BigInt(`0x${createHash("sha256").update(`${projectId}/${region}/${name}`).digest("hex")}`).toString(36);
  const initials = region.split("-").map((part) => part.charAt(0));
  return `https://${name.slice(0, LONGEST_NAME)}-${hash.slice(0, 10)}-${initials.slice(0, 2).join("")}.a.run.app`;
}

/**
 * The other URLs of a function: the one of its Cloud Run service that follows from the project's
 * number, and the one of Cloud Functions.
 *
 * Sources: https://docs.cloud.google.com/run/docs/triggering/https-request#deterministic and
 * `google_cloudfunctions2_function.url` in the provider's reference.
 */
export function functionAliases(
  a: Attributes,
  d: ProviderDefaults,
  number = projectNumber(project(a, d)),
): readonly string[] {
  return [`https://${a.name}-${number}.${a.location ?? d.region}.run.app`, functionsUrl(a, d)];
}

function functionsUrl(a: Attributes, d: ProviderDefaults): string {
  return `https://${a.location ?? d.region}-${project(a, d)}.cloudfunctions.net/${a.name}`;
}
