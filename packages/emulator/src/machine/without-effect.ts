import type { Simulated } from "../core/emulator";

/** Attributes that are taken though nothing here does what they ask for, and why that cannot change what a run shows. */
export interface WithoutEffect {
  /** What they stand for, and why they do nothing: for the notice that a run begins with. */
  readonly why: string;
  readonly attributes: Simulated;
}

export const WITHOUT_EFFECT: readonly WithoutEffect[] = [
  {
    why: "customer-managed keys: nothing is encrypted here, and no service agent uses its grant on them",
    attributes: {
      google_cloudfunctions2_function: ["kms_key_name"],
      google_dataflow_job: ["kms_key_name"],
      google_pubsub_topic: ["kms_key_name"],
      google_storage_bucket: ["encryption.default_kms_key_name"],
      google_workflows_workflow: ["crypto_key_name"],
    },
  },
  {
    why: "image repositories: no image is built here",
    attributes: { google_cloudfunctions2_function: ["build_config.docker_repository"] },
  },
  {
    why: "VPC connectors: there is no network here, and nothing but Google's simulated hosts can be reached",
    attributes: {
      google_cloudfunctions2_function: ["service_config.vpc_connector", "service_config.vpc_connector_egress_settings"],
    },
  },
];

/** Which resources ask for what is without effect, each kind in one sentence. */
export function noticesOf(
  resources: readonly { readonly address: string; readonly type: string; readonly configured: readonly string[] }[],
): string[] {
  return WITHOUT_EFFECT.flatMap(({ why, attributes }) => {
    const using = resources.filter(({ type, configured }) =>
      attributes[type]?.some((path) => configured.some((each) => each === path || each.startsWith(`${path}.`))),
    );
    const [first, ...more] = using.map(({ address }) => address);
    return first === undefined ? [] : [`${why} (${first}${more.length > 0 ? ` and ${more.length} more` : ""})`];
  });
}
