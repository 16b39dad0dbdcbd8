import { block } from "@cdktf-serverless-ml/terraform-json";
import type { EvaluatedResource } from "../core/emulator";
import { cpusForMemory, cpusOf, type MachineSize, memoryOf } from "./machine-size";

/** What the bill of a function, a container service or a worker pool depends on. */
export interface BilledWorker {
  readonly address: string;
  readonly name: string;
  readonly kind: "function" | "service" | "pool";
  readonly size: MachineSize;
  /** Whether the CPUs follow from the memory. */
  readonly cpusByMemory: boolean;
  /** Requests that an instance takes at once. */
  readonly concurrency: number;
  /** Instances that are always there. */
  readonly minInstances: number;
  /** Whether only the time of requests is billed, and not all that an instance lives. */
  readonly byRequest: boolean;
}

/** Defaults of both containers and functions: the provider's documentation of the resources. */
const DEFAULT_FUNCTION_MEMORY = "256M";
const DEFAULT_CONTAINER_MEMORY = "512Mi";

/** The functions, container services and worker pools of a stack. */
export function billedWorkers(resources: readonly EvaluatedResource[]): BilledWorker[] {
  return resources.flatMap((resource) => {
    if (resource.type === "google_cloudfunctions2_function") return [functionOf(resource)];
    if (resource.type === "google_cloud_run_v2_service") return [serviceOf(resource)];
    return resource.type === "google_cloud_run_v2_worker_pool" ? [poolOf(resource)] : [];
  });
}

function functionOf({ address, attributes }: EvaluatedResource): BilledWorker {
  const service = block(attributes, "service_config") ?? {};
  const memory = memoryOf(service.available_memory ?? DEFAULT_FUNCTION_MEMORY) ?? 0.25;
  const given = service.available_cpu;
  return {
    address,
    name: attributes.name,
    kind: "function",
    size: { memory, cpus: given === undefined ? cpusForMemory(memory) : cpusOf(given) },
    cpusByMemory: given === undefined,
    concurrency: Number(service.max_instance_request_concurrency ?? 1),
    minInstances: Number(service.min_instance_count ?? 0),
    byRequest: true,
  };
}

/**
 * CPU is always on, and so billed, in a service with `resources` whose `cpu_idle` is not true: the
 * provider's documentation.
 */
function serviceOf({ address, attributes }: EvaluatedResource): BilledWorker {
  const template = block(attributes, "template") ?? {};
  const resources = block(template, "containers", "resources");
  const size = containerSize(resources?.limits);
  const minimum = [block(template, "scaling"), block(attributes, "scaling")].map((each) =>
    Number(each?.min_instance_count ?? 0),
  );
  return {
    address,
    name: attributes.name,
    kind: "service",
    size,
    cpusByMemory: false,
    concurrency: Number(template.max_instance_request_concurrency || (size.cpus < 1 ? 1 : 80)),
    minInstances: Math.max(...minimum),
    byRequest: resources === undefined || resources.cpu_idle === true,
  };
}

function poolOf({ address, attributes }: EvaluatedResource): BilledWorker {
  const limits = block(attributes, "template", "containers", "resources", "limits");
  return {
    address,
    name: attributes.name,
    kind: "pool",
    size: containerSize(limits),
    cpusByMemory: false,
    concurrency: 1,
    minInstances: Number(block(attributes, "scaling")?.manual_instance_count ?? 0),
    byRequest: false,
  };
}

/** Of the limits of a container. */
export function containerSize(limits: Readonly<Record<string, unknown>> | undefined): MachineSize {
  return { cpus: cpusOf(limits?.cpu), memory: memoryOf(limits?.memory ?? DEFAULT_CONTAINER_MEMORY) ?? 0.5 };
}
