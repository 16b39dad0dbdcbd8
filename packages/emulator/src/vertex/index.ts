import { defineService } from "../core/service";
import { cloudStorage } from "../storage";
import { vertexBilling } from "./billing";
import { dedicatedHosts, hostsOf } from "./endpoints";
import { VertexEmulator, type VertexOptions } from "./vertex-emulator";

const LOCATION = "projects/*/locations/*";
const CUSTOM_JOB = `${LOCATION}/customJobs/*`;
const BATCH_JOB = `${LOCATION}/batchPredictionJobs/*`;

export const vertexAi = defineService({
  name: "Vertex AI",
  // Endpoints are not resources of the stack. Those that it names anywhere exist.
  simulated: {},
  apis: [
    {
      name: "google.cloud.aiplatform.v1.PredictionService",
      hosts: hostsOf,
      methods: { Predict: `POST /v1/{endpoint=${LOCATION}/endpoints/*}:predict` },
      data: ["instances", "parameters", "labels"],
    },
    {
      name: "google.cloud.aiplatform.v1.JobService",
      hosts: hostsOf,
      methods: {
        CreateCustomJob: `POST /v1/{parent=${LOCATION}}/customJobs`,
        GetCustomJob: `GET /v1/{name=${CUSTOM_JOB}}`,
        ListCustomJobs: `GET /v1/{parent=${LOCATION}}/customJobs`,
        CancelCustomJob: `POST /v1/{name=${CUSTOM_JOB}}:cancel`,
        CreateBatchPredictionJob: `POST /v1/{parent=${LOCATION}}/batchPredictionJobs`,
        GetBatchPredictionJob: `GET /v1/{name=${BATCH_JOB}}`,
        ListBatchPredictionJobs: `GET /v1/{parent=${LOCATION}}/batchPredictionJobs`,
        CancelBatchPredictionJob: `POST /v1/{name=${BATCH_JOB}}:cancel`,
      },
      refused: {
        DeleteCustomJob: `DELETE /v1/{name=${CUSTOM_JOB}}`,
        DeleteBatchPredictionJob: `DELETE /v1/{name=${BATCH_JOB}}`,
      },
      data: ["labels", "modelParameters"],
    },
  ],
  billing: vertexBilling,
  permissions: [
    "aiplatform.batchPredictionJobs.cancel",
    "aiplatform.batchPredictionJobs.create",
    "aiplatform.batchPredictionJobs.get",
    "aiplatform.batchPredictionJobs.list",
    "aiplatform.customJobs.cancel",
    "aiplatform.customJobs.create",
    "aiplatform.customJobs.get",
    "aiplatform.customJobs.list",
    "aiplatform.endpoints.predict",
    // On the account that a job's container runs as.
    "iam.serviceAccounts.actAs",
  ],
  // Batch prediction reads and writes there.
  needs: { cloudStorage },
  certificateHosts: dedicatedHosts,
  create: (context, resources, options: VertexOptions, needed) =>
    new VertexEmulator(context, resources, options, needed.cloudStorage),
});

export { irisOrEcho, modelFor } from "./choose";
export type { ChooseModel, Model } from "./model";
export { ModelError, readModel } from "./user-model";
