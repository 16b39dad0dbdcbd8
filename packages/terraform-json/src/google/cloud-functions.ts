import { block } from "../json";
import type { ProviderDefaults } from "../model";
import { serviceAlias, serviceUri } from "./cloud-run";
import { project, projectNumber, regional, regionalFamily } from "./names";
import type { Attributes, GoogleService } from "./resource-type";

export const CLOUD_FUNCTIONS: GoogleService = {
  resources: {
    google_cloudfunctions2_function: {
      computed: {
        id: (a, d) => `${regional(a, d)}/functions/${a.name}`,
        url: (a, d) => functionsUrl(a, d),
        "service_config.service": (a, d) => `${regional(a, d)}/services/${a.name}`,
        "service_config.uri": (a, d) => serviceUri(String(a.name), String(a.location ?? d.region), project(a, d)),
      },
      iam: regionalFamily("cloud_function", "functions"),
      kind: "function",
      runsAs: (a) => block(a, "service_config")?.service_account_email,
      builtBy: (a) => block(a, "build_config")?.service_account,
    },
  },
  agents: [{ domain: "gcf-admin-robot", api: "cloudfunctions" }],
};

/**
 * The other URLs of a function: the one of its Cloud Run service that follows from the project's
 * number, and the one of Cloud Functions.
 *
 * Source: `google_cloudfunctions2_function.url` in the provider's reference.
 */
export function functionAliases(
  a: Attributes,
  d: ProviderDefaults,
  number = projectNumber(project(a, d)),
): readonly string[] {
  return [serviceAlias(a, d, number), functionsUrl(a, d)];
}

function functionsUrl(a: Attributes, d: ProviderDefaults): string {
  return `https://${a.location ?? d.region}-${project(a, d)}.cloudfunctions.net/${a.name}`;
}
