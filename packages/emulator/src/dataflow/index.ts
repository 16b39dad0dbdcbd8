import { CUSTOMER_MANAGED_KEYS, defineService } from "../core/service";
import { cloudStorage } from "../storage";
import type { StorageEmulator } from "../storage/storage-emulator";
import { dataflowBilling } from "./billing";
import { DataflowEmulator, type DataflowOptions } from "./dataflow-emulator";

const LOCATION = "projects/*/locations/*";
const hosts = ["dataflow.googleapis.com"];

export const cloudDataflow = defineService({
  name: "Dataflow",
  simulated: {
    google_dataflow_job: [
      "name",
      "project",
      "region",
      "template_gcs_path",
      "temp_gcs_location",
      "parameters",
      "service_account_email",
      "labels",
      // These choose machines, and there are none here.
      "max_workers",
      "machine_type",
      "network",
      "subnetwork",
      "ip_configuration",
      "zone",
      // These say what Terraform does on destroy.
      "on_delete",
      "skip_wait_on_job_termination",
    ],
  },
  withoutEffect: [{ why: CUSTOMER_MANAGED_KEYS, attributes: { google_dataflow_job: ["kms_key_name"] } }],
  apis: [
    {
      name: "google.dataflow.v1beta3.TemplatesService",
      hosts,
      methods: { LaunchTemplate: `POST /v1b3/{parent=${LOCATION}}/templates:launch` },
      data: ["parameters", "launchOptions", "transformNameMapping", "additionalUserLabels"],
    },
    {
      name: "google.dataflow.v1beta3.FlexTemplatesService",
      hosts,
      methods: { LaunchFlexTemplate: `POST /v1b3/{parent=${LOCATION}}/flexTemplates:launch` },
      data: ["parameters", "launchOptions", "transformNameMappings", "additionalUserLabels"],
    },
    {
      name: "google.dataflow.v1beta3.JobsV1Beta3",
      hosts,
      methods: {
        ListJobs: `GET /v1b3/{parent=${LOCATION}}/jobs`,
        GetJob: `GET /v1b3/{name=${LOCATION}/jobs/*}`,
        UpdateJob: `PUT /v1b3/{name=${LOCATION}/jobs/*}`,
      },
      refused: {
        CreateJob: `POST /v1b3/{parent=${LOCATION}}/jobs`,
      },
    },
    {
      name: "google.dataflow.v1beta3.MessagesV1Beta3",
      hosts,
      methods: { ListJobMessages: `GET /v1b3/{name=${LOCATION}/jobs/*}/messages` },
    },
    {
      name: "google.dataflow.v1beta3.MetricsV1Beta3",
      hosts,
      methods: { GetJobMetrics: `GET /v1b3/{name=${LOCATION}/jobs/*}/metrics` },
    },
  ],
  billing: dataflowBilling,
  permissions: [
    "dataflow.jobs.cancel",
    "dataflow.jobs.create",
    "dataflow.jobs.get",
    "dataflow.jobs.list",
    "dataflow.messages.list",
    "dataflow.metrics.get",
    "dataflow.workItems.lease",
    // On the account that workers run as.
    "iam.serviceAccounts.actAs",
  ],
  needs: { cloudStorage },
  // Without Cloud Storage the stack was refused, and no job runs.
  create: (context, resources, options: DataflowOptions, needed) =>
    new DataflowEmulator(context, resources, needed.cloudStorage as StorageEmulator, options),
});

export type { Job } from "./job";
