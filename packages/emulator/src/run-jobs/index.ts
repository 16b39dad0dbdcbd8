import type { EvaluatedResource } from "../core/emulator";
import { CUSTOMER_MANAGED_KEYS, defineService } from "../core/service";
import { BUCKETS_AS_FOLDERS, GPUS, VPC_NETWORKS } from "../run";
import { cloudStorage } from "../storage";
import { RunJobsEmulator, type RunJobsOptions } from "./run-jobs-emulator";
import { isJob } from "./settings";

const JOB = "projects/*/locations/*/jobs/*";
const EXECUTION = `${JOB}/executions/*`;
/**
 * The global host, those of regions, and regional endpoints
 * (cloud.google.com/run/docs/reference/rest, "Service endpoint").
 */
const hosts = (resources: readonly EvaluatedResource[]) => [
  "run.googleapis.com",
  ...locationsOf(resources).map((location) => `${location}-run.googleapis.com`),
  ...regionalEndpoints(resources),
];
const regionalEndpoints = (resources: readonly EvaluatedResource[]) =>
  locationsOf(resources).map((location) => `run.${location}.rep.googleapis.com`);
const locationsOf = (resources: readonly EvaluatedResource[]) => [
  ...new Set(resources.filter(isJob).map(({ attributes }) => String(attributes.location))),
];

const TASK = "template.template";
const CONTAINER = `${TASK}.containers`;

export const cloudRunJobs = defineService({
  name: "Cloud Run jobs",
  simulated: {
    google_cloud_run_v2_job: [
      "name",
      "location",
      "project",
      "labels",
      "template.labels",
      "template.annotations",
      "template.parallelism",
      "template.task_count",
      `${TASK}.max_retries`,
      `${TASK}.timeout`,
      `${TASK}.service_account`,
      `${TASK}.execution_environment`,
      `${TASK}.volumes.name`,
      `${TASK}.volumes.gcs.bucket`,
      `${TASK}.volumes.gcs.read_only`,
      `${CONTAINER}.name`,
      `${CONTAINER}.image`,
      `${CONTAINER}.args`,
      `${CONTAINER}.env.name`,
      `${CONTAINER}.env.value`,
      `${CONTAINER}.env.value_source.secret_key_ref.secret`,
      `${CONTAINER}.env.value_source.secret_key_ref.version`,
      // A process has all of this machine.
      `${CONTAINER}.resources.limits`,
      `${CONTAINER}.volume_mounts.name`,
      `${CONTAINER}.volume_mounts.mount_path`,
      // The user's command stands for the image and what it starts.
      `${CONTAINER}.command`,
      `${CONTAINER}.working_dir`,
      // Of who deploys.
      "annotations",
      "client",
      "client_version",
      "deletion_protection",
      "launch_stage",
    ],
  },
  withoutEffect: [
    { why: CUSTOMER_MANAGED_KEYS, attributes: { google_cloud_run_v2_job: [`${TASK}.encryption_key`] } },
    // The reasons of Cloud Run's services: a notice names all resources that it is about.
    {
      why: GPUS,
      attributes: { google_cloud_run_v2_job: [`${TASK}.node_selector`, `${TASK}.gpu_zonal_redundancy_disabled`] },
    },
    { why: BUCKETS_AS_FOLDERS, attributes: { google_cloud_run_v2_job: [`${CONTAINER}.volume_mounts`] } },
    { why: VPC_NETWORKS, attributes: { google_cloud_run_v2_job: [`${TASK}.vpc_access`] } },
  ],
  apis: [
    {
      name: "google.cloud.run.v2.Jobs",
      hosts,
      methods: { GetJob: `GET /v2/{name=${JOB}}`, RunJob: `POST /v2/{name=${JOB}}:run` },
      refused: {
        ListJobs: "GET /v2/{parent=projects/*/locations/*}/jobs",
        CreateJob: "POST /v2/{parent=projects/*/locations/*}/jobs",
        UpdateJob: `PATCH /v2/{job.name=${JOB}}`,
        DeleteJob: `DELETE /v2/{name=${JOB}}`,
        GetIamPolicy: `GET /v2/{resource=${JOB}}:getIamPolicy`,
        SetIamPolicy: `POST /v2/{resource=${JOB}}:setIamPolicy`,
        TestIamPermissions: `POST /v2/{resource=${JOB}}:testIamPermissions`,
      },
    },
    {
      name: "google.cloud.run.v2.Executions",
      hosts,
      methods: {
        GetExecution: `GET /v2/{name=${EXECUTION}}`,
        ListExecutions: `GET /v2/{parent=${JOB}}/executions`,
        CancelExecution: `POST /v2/{name=${EXECUTION}}:cancel`,
      },
      refused: { DeleteExecution: `DELETE /v2/{name=${EXECUTION}}` },
    },
  ],
  permissions: [
    "run.executions.cancel",
    "run.executions.get",
    "run.executions.list",
    "run.jobs.get",
    "run.jobs.run",
    "run.jobs.runWithOverrides",
    // Of a task's identity: for secrets in its environment, and for mounted buckets.
    "secretmanager.versions.access",
    "storage.objects.list",
  ],
  policies: [JOB],
  certificateHosts: regionalEndpoints,
  // For the objects of mounted buckets.
  needs: { cloudStorage },
  create: (context, resources, options: RunJobsOptions, { cloudStorage: storage }) =>
    new RunJobsEmulator(context, resources, options, () => storage?.objects() ?? []),
});

export { missingJobs, secretsOf } from "./settings";
