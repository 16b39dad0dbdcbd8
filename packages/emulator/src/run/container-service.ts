import { block, blocks, defaultComputeAccount, serviceAlias, serviceUri } from "@cdktf-serverless-ml/terraform-json";
import type { EvaluatedResource } from "../core/emulator";
import { type ContainerSettings, containerOf, containerProblems } from "./container";
import { cpusOf } from "./machine-size";
import type { Probe } from "./probe";
import type { ServiceSettings } from "./service-settings";

export const CONTAINER_SERVICE = "google_cloud_run_v2_service";

/** Where a stack is. */
export interface Place {
  readonly project: string;
  readonly projectNumber: string;
  readonly region: string;
}

/** A container service as the stack's JSON has it, defaults filled in. */
export interface ContainerServiceSettings extends ServiceSettings {
  readonly container: ContainerSettings;
  readonly startupProbe: Probe;
}

/** An instance holds 80 requests at once if it has a whole CPU, else one. */
const FULL_CONCURRENCY = 80;

/**
 * Defaults:
 * https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/cloud_run_v2_service ,
 * https://docs.cloud.google.com/run/docs/about-concurrency ,
 * https://docs.cloud.google.com/run/docs/configuring/max-instances
 */
export function containerServiceOf({ address, attributes }: EvaluatedResource, stack: Place): ContainerServiceSettings {
  const { name, location: region = stack.region, project = stack.project } = attributes;
  const template = block(attributes, "template") ?? {};
  const scaling = block(template, "scaling");
  const service = block(attributes, "scaling");
  const container = containerOf(template, project);
  const limits = block(template, "containers", "resources", "limits");
  const whole = scaling?.max_instance_count ?? 100;
  const manual = service?.scaling_mode === "MANUAL" ? Number(service.manual_instance_count ?? 0) : undefined;
  return {
    address,
    name,
    region,
    url: serviceUri(name, region, project),
    aliases: [serviceAlias(attributes, stack, stack.projectNumber)],
    audiences: attributes.custom_audiences ?? [],
    service: `projects/${project}/locations/${region}/services/${name}`,
    environment: container.environment,
    secrets: container.secrets,
    identity: template.service_account ?? defaultComputeAccount(stack.projectNumber),
    internalOnly: /^INGRESS_TRAFFIC_INTERNAL/.test(attributes.ingress ?? ""),
    egressThroughVpc: block(template, "vpc_access")?.egress === "ALL_TRAFFIC",
    open: attributes.invoker_iam_disabled === true,
    timeout: Number.parseFloat(template.timeout ?? "300") * 1000,
    concurrency: Number(template.max_instance_request_concurrency || (cpusOf(limits?.cpu) < 1 ? 1 : FULL_CONCURRENCY)),
    minInstances:
      manual ?? Math.max(Number(scaling?.min_instance_count ?? 0), Number(service?.min_instance_count ?? 0)),
    maxInstances: manual ?? Number(whole || 100),
    container,
    startupProbe: startupProbeOf(block(template, "containers", "startup_probe")),
  };
}

/** Why a container service cannot run here; empty if it can. */
export function containerServiceProblems({ address, attributes }: EvaluatedResource): string[] {
  const traffic = blocks(attributes, "traffic");
  const split = traffic.some(({ type, percent }) => /REVISION/.test(type ?? "") || Number(percent ?? 100) !== 100);
  return [
    ...containerProblems(address, block(attributes, "template")),
    ...(split ? [`${address}: traffic: only all of it to the latest revision is simulated`] : []),
  ];
}

/**
 * Without a probe of its own, Cloud Run waits until the port is open, for 240 seconds. Source:
 * https://docs.cloud.google.com/run/docs/configuring/healthchecks
 */
// biome-ignore lint/suspicious/noExplicitAny: the shape is the provider's.
function startupProbeOf(probe: Record<string, any> | undefined): Probe {
  const http = block(probe, "http_get");
  const { initial_delay_seconds = 0, timeout_seconds = 1, period_seconds, failure_threshold } = probe ?? {};
  const tries = Number(failure_threshold ?? (probe ? 3 : 1));
  return {
    path: http && String(http.path ?? "/"),
    timeout: Number(timeout_seconds) * 1000,
    patience: (Number(initial_delay_seconds) + tries * Number(period_seconds ?? (probe ? 10 : 240))) * 1000,
  };
}
