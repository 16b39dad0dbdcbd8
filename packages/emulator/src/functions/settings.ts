import { block, blocks, defaultComputeAccount, functionAliases, serviceUri } from "@cdktf-serverless-ml/terraform-json";
import type { EvaluatedResource } from "../core/emulator";
import type { Place } from "../run/container-service";
import type { ServiceSettings } from "../run/service-settings";

/** A function as the stack's JSON has it, defaults filled in. */
export interface FunctionSettings extends ServiceSettings {
  readonly entryPoint: string;
  readonly runtime: string;
  /**
   * The account that builds it, if the stack names one. The roles of the default account are not in
   * the stack.
   */
  readonly buildIdentity?: string;
  /** Whole CPUs, and parts of one. */
  readonly cpus: number;
  readonly source: { readonly bucket: string; readonly object: string };
}

/**
 * Defaults:
 * https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/cloudfunctions2_function
 */
export function settingsOf({ address, attributes }: EvaluatedResource, stack: Place): FunctionSettings {
  const { name, location: region = stack.region, project = stack.project } = attributes;
  const build = block(attributes, "build_config") ?? {};
  const service = block(attributes, "service_config") ?? {};
  const { bucket, object } = block(build, "source", "storage_source") ?? {};
  return {
    address,
    name,
    region,
    url: serviceUri(name, region, project),
    aliases: functionAliases(attributes, stack, stack.projectNumber),
    audiences: [],
    open: false,
    service: `projects/${project}/locations/${region}/services/${name}`,
    entryPoint: build.entry_point,
    runtime: build.runtime,
    buildIdentity: build.service_account?.split("/").at(-1),
    cpus: Number.parseFloat(service.available_cpu ?? "1") || 1,
    source: { bucket, object },
    environment: service.environment_variables ?? {},
    secrets: blocks(service, "secret_environment_variables").map(({ key, project_id, secret, version }) => ({
      variable: key,
      name: `projects/${project_id ?? project}/secrets/${secret}`,
      version: version ?? "latest",
    })),
    identity: service.service_account_email ?? defaultComputeAccount(stack.projectNumber),
    internalOnly: service.ingress_settings?.startsWith("ALLOW_INTERNAL") ?? false,
    egressThroughVpc: service.vpc_connector_egress_settings === "ALL_TRAFFIC",
    timeout: Number(service.timeout_seconds ?? 60) * 1000,
    concurrency: Number(service.max_instance_request_concurrency ?? 1),
    minInstances: Number(service.min_instance_count ?? 0),
    maxInstances: Number(service.max_instance_count ?? 100),
  };
}

/** The functions of a stack, each with the file of its source, relative to the stack's folder. */
export function functionsOf({
  resources,
  ...stack
}: Place & { readonly resources: readonly EvaluatedResource[] }): readonly {
  readonly settings: FunctionSettings;
  readonly file?: string;
}[] {
  return resources
    .filter(({ type }) => type === "google_cloudfunctions2_function")
    .map((resource) => {
      const settings = settingsOf(resource, stack);
      const { bucket, object } = settings.source;
      const source = resources.find(
        ({ type, attributes }) =>
          type === "google_storage_bucket_object" && attributes.bucket === bucket && attributes.name === object,
      );
      return { settings, file: source?.attributes.source as string | undefined };
    });
}

/** Why a function cannot run here; empty if it can. */
export function problemsOf({ address, runtime, source }: FunctionSettings, file: string | undefined): string[] {
  const problems: string[] = [];
  if (!/^(nodejs|python3)\d+$/.test(runtime ?? "")) {
    problems.push(`${address}: runtime ${runtime} is not simulated; allowed: nodejs*, python3*`);
  }
  if (!file)
    problems.push(`${address}: no google_storage_bucket_object is its source ${source.bucket}/${source.object}`);
  return problems;
}
