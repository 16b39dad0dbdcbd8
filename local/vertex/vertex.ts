import { ApiError } from "../core/api-error";
import { type Call, restService } from "../core/rpc";
import type { EvaluatedResource, RestService, Simulated, StandIn, Surroundings } from "../core/stand-in";
import { onlyFields, readText } from "../core/values";
import { type Endpoints, endpointsOf, locationOf } from "./endpoints";
import { FEATURES } from "./iris";
import { type FittedModel, fittedModel } from "./model";

/** `Value`s of PredictRequest, and its map. */
const DATA = ["instances", "parameters", "labels"];
const MODEL = "local-stand-in";

/** Bytes. Source: docs "Get online predictions". */
const MAX_REQUEST = 1.5 * 1024 * 1024;
/** Source: docs "Use dedicated public endpoints for online inference". */
const MAX_DEDICATED_REQUEST = 10 * 1024 * 1024;

/** Vertex AI online prediction by a small model of our own. What it does and does not: CLAIMS.md. */
export class VertexStandIn implements StandIn {
  static readonly simulated: Simulated = {};

  readonly rest: readonly RestService[];
  readonly grpc = [];
  private readonly known: Endpoints;

  constructor(
    private readonly surroundings: Surroundings,
    resources: readonly EvaluatedResource[],
  ) {
    this.known = endpointsOf(resources);
    const http = "POST /v1/{endpoint=projects/*/locations/*/endpoints/*}:predict";
    const shared = [...new Set([...this.known.names].map(locationOf))].map((at) => `${at}-aiplatform.googleapis.com`);
    this.rest = [...shared, ...this.known.dedicated.keys()].map((host) => {
      const rpcs = [{ name: "Predict", http, run: (call: Call) => this.predict(call, host) }];
      const service = restService({ hosts: [host], rpcs, data: DATA });
      const most = this.known.dedicated.has(host) ? MAX_DEDICATED_REQUEST : MAX_REQUEST;
      return {
        hosts: service.hosts,
        handle: (request) => {
          if (request.body.length > most) throw tooLarge(request.body.length, most);
          return service.handle(request);
        },
      };
    });
  }

  /** `projects/P/locations/L/endpoints/E` that the stack names. */
  get endpoints(): ReadonlySet<string> {
    return this.known.names;
  }

  get accuracy(): number {
    return this.fitted.accuracy;
  }

  get flowers(): FittedModel["flowers"] {
    return this.fitted.flowers;
  }

  private get fitted(): FittedModel {
    return fittedModel();
  }

  pending(): number {
    return 0;
  }

  stop(): void {}

  /** Source: google/cloud/aiplatform/v1/prediction_service.proto. */
  private predict({ request, caller }: Call, host: string): object {
    onlyFields(request, ["endpoint", "instances", "parameters", "labels"], "");
    const endpoint = readText(request.endpoint, "endpoint");
    const { authorizer, project, projectNumber } = this.surroundings;
    // Endpoints have policies of their own, which Terraform's google provider cannot set: so the project's decides.
    authorizer.require(caller, "aiplatform.endpoints.predict", `projects/${project}`);
    this.requireEndpoint(endpoint, host);
    const { instances } = request;
    if (!Array.isArray(instances) || instances.length === 0) {
      throw new ApiError("INVALID_ARGUMENT", "Empty instances.");
    }
    const location = locationOf(endpoint);
    return {
      predictions: instances.map((instance, at) => this.prediction(readFeatures(instance, at))),
      deployedModelId: MODEL,
      model: `projects/${projectNumber}/locations/${location}/models/${MODEL}`,
      modelDisplayName: "Stand-in on this machine: softmax regression on half of samples/iris.csv",
      modelVersionId: "1",
    };
  }

  private requireEndpoint(endpoint: string, host: string): void {
    const id = endpoint.split("/").at(-1);
    const [own] =
      [...this.known.dedicated].find(([, of]) => of.id === id && of.location === locationOf(endpoint)) ?? [];
    const isElsewhere = this.known.dedicated.has(host) && own !== host;
    if (!this.endpoints.has(endpoint) || isElsewhere) {
      throw new ApiError("NOT_FOUND", `The Endpoint does not exist: ${endpoint}`);
    }
    if (own === undefined || own === host) return;
    // As Vertex AI words it, by public reports, such as https://github.com/langchain-ai/langchain-google/issues/1119
    throw new ApiError(
      "FAILED_PRECONDITION",
      `Dedicated Endpoint cannot be accessed through the shared Vertex AI domain aiplatform.googleapis.com. Please access the endpoint using its dedicated domain name '${own}'`,
    );
  }

  private prediction(features: readonly number[]): object {
    const { model } = this.fitted;
    const probabilities = model.probabilities(features);
    return {
      class: model.predict(features),
      probabilities: Object.fromEntries(model.labels.map((label, at) => [label, probabilities[at]])),
    };
  }
}

/** Four numbers, as a list or under their names. @throws ApiError INVALID_ARGUMENT */
function readFeatures(instance: unknown, at: number): number[] {
  const values = Array.isArray(instance)
    ? instance
    : FEATURES.map((name) => (instance as Record<string, unknown> | null)?.[name]);
  const named =
    Array.isArray(instance) || typeof instance !== "object" || instance === null ? [] : Object.keys(instance);
  const unknown = named.filter((name) => !(FEATURES as readonly string[]).includes(name));
  const wellFormed = values.length === FEATURES.length && values.every((value) => Number.isFinite(value));
  if (wellFormed && unknown.length === 0) return values as number[];
  throw new ApiError(
    "INVALID_ARGUMENT",
    `Instance ${at} is ${shortened(instance)}; the model takes the numbers ${FEATURES.join(", ")}, as an object or a list`,
  );
}

function shortened(instance: unknown): string {
  const text = JSON.stringify(instance);
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}

function tooLarge(bytes: number, most: number): ApiError {
  return new ApiError("INVALID_ARGUMENT", `Request payload size exceeds the limit: ${most} bytes; given ${bytes}`);
}
