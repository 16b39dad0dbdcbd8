import { defineService } from "../core/service";
import { dedicatedHosts, hostsOf } from "./endpoints";
import type { ChooseModel } from "./model";
import { VertexEmulator } from "./vertex-emulator";

export interface VertexOptions {
  /** Chooses the model that answers a prediction. @default - the Iris model */
  readonly chooseModel?: ChooseModel;
}

export const vertexAi = defineService({
  name: "Vertex AI",
  // Endpoints are not resources of the stack. Those that it names anywhere exist.
  simulated: {},
  apis: [
    {
      name: "google.cloud.aiplatform.v1.PredictionService",
      hosts: hostsOf,
      methods: { Predict: "POST /v1/{endpoint=projects/*/locations/*/endpoints/*}:predict" },
      data: ["instances", "parameters", "labels"],
    },
  ],
  permissions: ["aiplatform.endpoints.predict"],
  certificateHosts: dedicatedHosts,
  create: (context, resources, { chooseModel }: VertexOptions) => new VertexEmulator(context, resources, chooseModel),
});

export { irisOrEcho, modelFor } from "./choose";
export type { ChooseModel, Model } from "./model";
export { ModelError, readModel } from "./user-model";
