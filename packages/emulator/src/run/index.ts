import { CUSTOMER_MANAGED_KEYS, type ServiceDescription } from "../core/service";
import { runBilling } from "./billing";

const SERVICE = "google_cloud_run_v2_service";
const POOL = "google_cloud_run_v2_worker_pool";

/** Why attributes of containers have no effect. */
export const GPUS = "GPUs: a container runs as a program on this machine and finds what this machine has";

/** Why attributes of containers have no effect. */
export const VPC_NETWORKS =
  "VPC networks: there is no network here, and nothing but Google's simulated hosts can be reached";

/** Why attributes of containers have no effect. */
export const BUCKETS_AS_FOLDERS =
  "buckets as folders: their objects are copied when a process starts, LOCAL_MOUNT_<PATH> says where, and what the process writes there does not reach the bucket";

/** Both resources have these, below `template`. */
const TEMPLATE = [
  "service_account",
  "labels",
  "annotations",
  "execution_environment",
  "volumes.name",
  "volumes.gcs.bucket",
  "volumes.gcs.read_only",
  "containers.name",
  "containers.image",
  "containers.command",
  "containers.args",
  "containers.env.name",
  "containers.env.value",
  "containers.env.value_source.secret_key_ref.secret",
  "containers.env.value_source.secret_key_ref.version",
  "containers.resources.limits",
  "containers.volume_mounts.name",
  "containers.volume_mounts.mount_path",
];

const COMMON = [
  "name",
  "location",
  "project",
  "description",
  "labels",
  "annotations",
  "deletion_protection",
  "launch_stage",
  ...TEMPLATE.map((path) => `template.${path}`),
];

/** The machine runs services and worker pools itself: as functions, or as programs of the user. */
export const cloudRun: ServiceDescription = {
  name: "Cloud Run",
  simulated: {
    [SERVICE]: [
      ...COMMON,
      "ingress",
      "invoker_iam_disabled",
      "custom_audiences",
      "traffic.type",
      "traffic.percent",
      "scaling.scaling_mode",
      "scaling.manual_instance_count",
      "scaling.min_instance_count",
      "template.timeout",
      "template.max_instance_request_concurrency",
      "template.scaling.min_instance_count",
      "template.scaling.max_instance_count",
      "template.containers.ports.container_port",
      "template.containers.ports.name",
      "template.containers.resources.cpu_idle",
      "template.containers.resources.startup_cpu_boost",
      "template.containers.startup_probe.initial_delay_seconds",
      "template.containers.startup_probe.timeout_seconds",
      "template.containers.startup_probe.period_seconds",
      "template.containers.startup_probe.failure_threshold",
      "template.containers.startup_probe.http_get.path",
      "template.containers.startup_probe.http_get.port",
      "template.containers.startup_probe.tcp_socket",
    ],
    [POOL]: [...COMMON, "scaling.scaling_mode", "scaling.manual_instance_count"],
  },
  withoutEffect: [
    {
      why: CUSTOMER_MANAGED_KEYS,
      attributes: { [SERVICE]: ["template.encryption_key"], [POOL]: ["template.encryption_key"] },
    },
    {
      why: VPC_NETWORKS,
      attributes: { [SERVICE]: ["template.vpc_access"], [POOL]: ["template.vpc_access"] },
    },
    {
      why: GPUS,
      attributes: Object.fromEntries(
        [SERVICE, POOL].map((type) => [type, ["template.node_selector", "template.gpu_zonal_redundancy_disabled"]]),
      ),
    },
    {
      why: "liveness probes and startup probes by gRPC: an instance counts as alive while its process runs, and as ready once its port is open",
      attributes: { [SERVICE]: ["template.containers.liveness_probe", "template.containers.startup_probe.grpc"] },
    },
    {
      why: BUCKETS_AS_FOLDERS,
      attributes: { [SERVICE]: ["template.containers.volume_mounts"], [POOL]: ["template.containers.volume_mounts"] },
    },
  ],
  billing: runBilling,
  permissions: [
    // Of callers.
    "run.routes.invoke",
    // Of the identity: for secrets in the environment, and for mounted buckets.
    "secretmanager.versions.access",
    "storage.objects.list",
  ],
  policies: ["projects/*/locations/*/services/*"],
};
