import { ARTIFACT_REGISTRY } from "./artifact-registry";
import { CLOUD_FUNCTIONS } from "./cloud-functions";
import { CLOUD_RUN } from "./cloud-run";
import { CLOUD_RUN_JOBS } from "./cloud-run-jobs";
import { CLOUD_SCHEDULER } from "./cloud-scheduler";
import { CLOUD_STORAGE } from "./cloud-storage";
import { CLOUD_TASKS } from "./cloud-tasks";
import { COMPUTE_ENGINE } from "./compute-engine";
import { DATAFLOW } from "./dataflow";
import { EVENTARC } from "./eventarc";
import { IAM } from "./iam";
import { KMS } from "./kms";
import { MONITORING } from "./monitoring";
import { PROJECT } from "./project";
import { PUBSUB } from "./pubsub";
import type { Computed, GoogleService, ResourceType, ServiceAgent } from "./resource-type";
import { SECRET_MANAGER } from "./secret-manager";
import { VERTEX_AI } from "./vertex-ai";
import { WORKFLOWS } from "./workflows";

/** What is known of Google's services. Links are drawn in this order. */
const SERVICES: readonly GoogleService[] = [
  CLOUD_TASKS,
  PUBSUB,
  CLOUD_STORAGE,
  CLOUD_SCHEDULER,
  CLOUD_FUNCTIONS,
  CLOUD_RUN,
  CLOUD_RUN_JOBS,
  WORKFLOWS,
  DATAFLOW,
  VERTEX_AI,
  SECRET_MANAGER,
  ARTIFACT_REGISTRY,
  KMS,
  IAM,
  PROJECT,
  MONITORING,
  EVENTARC,
  COMPUTE_ENGINE,
];

/** By the type's name. */
export const RESOURCE_TYPES: ReadonlyMap<string, ResourceType> = new Map(
  SERVICES.flatMap(({ resources }) => Object.entries(resources)),
);

const DATA_SOURCES: ReadonlyMap<string, Computed> = new Map(SERVICES.flatMap(({ data = {} }) => Object.entries(data)));

export const SERVICE_AGENTS: readonly ServiceAgent[] = SERVICES.flatMap(({ agents = [] }) => agents);

/** What a resource or data source computes; empty for a type that is not known. */
export function computedOf(type: string, kind: "resource" | "data"): Computed {
  return (kind === "resource" ? RESOURCE_TYPES.get(type)?.computed : DATA_SOURCES.get(type)) ?? {};
}
