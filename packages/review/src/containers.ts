import { isObject, type Value } from "./change";
import { list } from "./rule-values";
import { isSecretName } from "./secret-names";

/** Resource types of Cloud Run that run containers. */
export const RUN_TYPES = [
  "google_cloud_run_v2_service",
  "google_cloud_run_v2_job",
  "google_cloud_run_v2_worker_pool",
] as const;

/** What all instances or tasks have in common; a job has it one level deeper. */
function templateOf(resource: Value): Value {
  const [outer] = list(resource?.template);
  const [inner] = list(outer?.template);
  return inner ?? outer;
}

function containersOf(resource: Value): Value[] {
  return list(templateOf(resource)?.containers).filter(isObject);
}

/** Whether each image is named by its digest. */
export function isPinned(resource: Value): boolean {
  return containersOf(resource).every(({ image }) => String(image).includes("@sha256:"));
}

/** Instances with a GPU that exist without work: those that are kept ready, and all of a pool. */
export function keptWithGpu(resource: Value): number {
  const template = templateOf(resource);
  if (!list(template?.node_selector)[0]?.accelerator) return 0;
  const blocks = [...list(template?.scaling), ...list(resource?.scaling)].filter(isObject);
  return Math.max(0, ...blocks.map((block) => Number(block.manual_instance_count ?? block.min_instance_count ?? 0)));
}

/** Whether a variable that is named as a secret has a value, rather than a reference to one. */
export function hasPlainSecret(resource: Value): boolean {
  const variables = list(list(resource?.service_config)[0]?.environment_variables).filter(isObject);
  const pairs: [string, Value][] = [
    ...variables.flatMap((each) => Object.entries<Value>(each)),
    ...containersOf(resource).flatMap(({ env }) => list(env).map(({ name, value }): [string, Value] => [name, value])),
  ];
  return pairs.some(([name, value]) => isSecretName(String(name)) && typeof value === "string" && value !== "");
}
