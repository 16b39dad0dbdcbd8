import { ApiError } from "../core/api-error";
import type { EmulatorContext, EvaluatedResource } from "../core/emulator";
import type { Call } from "../core/rpc";
import type { Emulator } from "../core/service";
import { readText, rejectUnknownFields } from "../core/values";
import { alwaysIris } from "./choose";
import { type Endpoints, endpointsOf, locationOf } from "./endpoints";
import type { ChooseModel, Model } from "./model";

const MODEL = "emulated";

/** Bytes. Source: docs "Get online predictions". */
const MAX_REQUEST = 1.5 * 1024 * 1024;
/** Source: docs "Use dedicated public endpoints for online inference". */
const MAX_DEDICATED_REQUEST = 10 * 1024 * 1024;

/**
 * Vertex AI online prediction, by a small model of our own or one of the user's. What it does and
 * does not: FIDELITY.md.
 */
export class VertexEmulator implements Emulator {
  /** Source: google/cloud/aiplatform/v1/prediction_service.proto. */
  readonly handlers = { Predict: (call: Call) => this.predict(call) };
  private readonly known: Endpoints;
  private readonly used = new Set<Model>();

  constructor(
    private readonly context: EmulatorContext,
    resources: readonly EvaluatedResource[],
    private readonly choose: ChooseModel = alwaysIris,
  ) {
    this.known = endpointsOf(resources);
  }

  /** `projects/P/locations/L/endpoints/E` that the stack names. */
  get endpoints(): ReadonlySet<string> {
    return this.known.names;
  }

  /** Models that have predicted something, in the order in which they first did. */
  get answered(): ReadonlySet<Model> {
    return this.used;
  }

  pending(): number {
    return 0;
  }

  stop(): void {}

  private async predict({ request, caller, rest }: Call): Promise<object> {
    const host = rest?.host ?? "";
    const bytes = rest?.body.length ?? 0;
    const most = this.known.dedicated.has(host) ? MAX_DEDICATED_REQUEST : MAX_REQUEST;
    if (bytes > most) throw tooLarge(bytes, most);
    rejectUnknownFields(request, ["endpoint", "instances", "parameters", "labels"], "");
    const endpoint = readText(request.endpoint, "endpoint");
    const { authorizer, project, projectNumber } = this.context;
    // Endpoints have policies of their own, which Terraform's google provider cannot set: so the
    // project's decides.
    authorizer.require(caller, "aiplatform.endpoints.predict", `projects/${project}`);
    this.requireEndpoint(endpoint, host);
    const { instances } = request;
    if (!Array.isArray(instances) || instances.length === 0) {
      throw new ApiError("INVALID_ARGUMENT", "Empty instances.");
    }
    const location = locationOf(endpoint);
    const model = this.choose(instances);
    const predictions = await model.predict(instances, request.parameters);
    this.used.add(model);
    return {
      predictions,
      deployedModelId: MODEL,
      model: `projects/${projectNumber}/locations/${location}/models/${MODEL}`,
      modelDisplayName: model.title,
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
    // As Vertex AI words it, by public reports, such as
    // https://github.com/langchain-ai/langchain-google/issues/1119
    throw new ApiError(
      "FAILED_PRECONDITION",
      `Dedicated Endpoint cannot be accessed through the shared Vertex AI domain aiplatform.googleapis.com. Please access the endpoint using its dedicated domain name '${own}'`,
    );
  }
}

function tooLarge(bytes: number, most: number): ApiError {
  return new ApiError("INVALID_ARGUMENT", `Request payload size exceeds the limit: ${most} bytes; given ${bytes}`);
}
