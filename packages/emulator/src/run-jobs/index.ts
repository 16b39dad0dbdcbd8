import type { EvaluatedResource } from "../core/emulator";
import { CUSTOMER_MANAGED_KEYS, defineService } from "../core/service";
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

const CONTAINER = "template.template.containers";

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
      "template.template.max_retries",
      "template.template.timeout",
      "template.template.service_account",
      `${CONTAINER}.name`,
      `${CONTAINER}.image`,
      `${CONTAINER}.args`,
      `${CONTAINER}.env.name`,
      `${CONTAINER}.env.value`,
      `${CONTAINER}.env.value_source.secret_key_ref.secret`,
      `${CONTAINER}.env.value_source.secret_key_ref.version`,
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
    { why: CUSTOMER_MANAGED_KEYS, attributes: { google_cloud_run_v2_job: ["template.template.encryption_key"] } },
    {
      why: "machines of Cloud Run jobs: a task is a process of this machine, with all of its memory and cores",
      attributes: {
        google_cloud_run_v2_job: [
          `${CONTAINER}.resources.limits`,
          "template.template.execution_environment",
          "template.template.node_selector.accelerator",
          "template.template.gpu_zonal_redundancy_disabled",
        ],
      },
    },
    {
      why: "volumes of Cloud Run jobs: nothing is mounted here, and the command finds what it needs by itself",
      attributes: { google_cloud_run_v2_job: [`${CONTAINER}.volume_mounts`, "template.template.volumes"] },
    },
    {
      why: "VPC access of Cloud Run jobs: there is no network here, and nothing but Google's simulated hosts can be reached",
      attributes: { google_cloud_run_v2_job: ["template.template.vpc_access"] },
    },
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
    // Of a task's identity, for secrets in its environment.
    "secretmanager.versions.access",
  ],
  policies: [JOB],
  certificateHosts: regionalEndpoints,
  create: (context, resources, options: RunJobsOptions) => new RunJobsEmulator(context, resources, options),
});

export { secretsOf } from "./settings";
