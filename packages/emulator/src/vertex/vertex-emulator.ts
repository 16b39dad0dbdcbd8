import { ApiError } from "../core/api-error";
import type { EmulatorContext, EvaluatedResource } from "../core/emulator";
import { Log, type LogEntry } from "../core/log";
import type { Call } from "../core/rpc";
import type { Emulator } from "../core/service";
import { readText, rejectUnknownFields } from "../core/values";
import { NO_PROGRAMS, type Programs } from "../run/container-run";
import type { StorageEmulator } from "../storage/storage-emulator";
import { alwaysIris } from "./choose";
import { type Endpoints, endpointsOf, locationOf } from "./endpoints";
import { readBatchPrediction } from "./jobs/batch-prediction";
import { readCustomJob } from "./jobs/custom-job";
import { type JobKind, JobService } from "./jobs/job-service";
import type { ChooseModel, Model } from "./model";

export interface VertexOptions {
  /** Chooses the model that answers a prediction. @default - the Iris model */
  readonly chooseModel?: ChooseModel;
  /** Runs the containers of custom jobs. @default - they end without having run */
  readonly programs?: Programs;
  /** Gets what custom jobs write to their logs. */
  readonly onLog?: (name: string, entry: LogEntry) => void;
  /** Gets why the container of a custom job cannot run here. */
  readonly onSkipped?: (why: string) => void;
}

const MODEL = "emulated";

/** Bytes. Source: docs "Get online predictions". */
const MAX_REQUEST = 1.5 * 1024 * 1024;
/** Source: docs "Use dedicated public endpoints for online inference". */
const MAX_DEDICATED_REQUEST = 10 * 1024 * 1024;

/**
 * Vertex AI: online and batch prediction, by a small model of our own or one of the user's, and
 * custom jobs. What it does and does not: FIDELITY.md.
 */
export class VertexEmulator implements Emulator {
  /** Source: google/cloud/aiplatform/v1/prediction_service.proto and job_service.proto. */
  readonly handlers;
  private readonly known: Endpoints;
  private readonly jobs: readonly JobService[];
  private readonly used = new Set<Model>();

  constructor(
    private readonly context: EmulatorContext,
    resources: readonly EvaluatedResource[],
    private readonly options: VertexOptions = {},
    storage?: StorageEmulator,
  ) {
    this.known = endpointsOf(resources);
    const custom = new JobService(context, this.customJobs());
    const batches = new JobService(context, this.batchPredictionJobs(storage));
    this.jobs = [custom, batches];
    this.handlers = {
      Predict: (call: Call) => this.predict(call),
      ...custom.handlers("CustomJob"),
      ...batches.handlers("BatchPredictionJob"),
    };
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
    return this.jobs.reduce((sum, jobs) => sum + jobs.pending(), 0);
  }

  isWorking(): boolean {
    return this.jobs.some((jobs) => jobs.isWorking());
  }

  stop(): void {
    for (const jobs of this.jobs) jobs.stop();
  }

  private customJobs(): JobKind {
    const { context } = this;
    const { programs = NO_PROGRAMS, onLog, onSkipped = () => {} } = this.options;
    const log = (name: string) => new Log((entry) => onLog?.(name, entry));
    return {
      collection: "customJobs",
      what: "CustomJob",
      permissions: {
        create: "aiplatform.customJobs.create",
        get: "aiplatform.customJobs.get",
        list: "aiplatform.customJobs.list",
        cancel: "aiplatform.customJobs.cancel",
      },
      read: (body) => readCustomJob(body, { context, programs, log, onSkipped }),
    };
  }

  private batchPredictionJobs(storage: StorageEmulator | undefined): JobKind {
    return {
      collection: "batchPredictionJobs",
      what: "BatchPredictionJob",
      permissions: {
        create: "aiplatform.batchPredictionJobs.create",
        get: "aiplatform.batchPredictionJobs.get",
        list: "aiplatform.batchPredictionJobs.list",
        cancel: "aiplatform.batchPredictionJobs.cancel",
      },
      read: (body, location) => {
        if (!storage) throw new Error("batch prediction needs Cloud Storage");
        return readBatchPrediction(body, {
          context: this.context,
          storage,
          location,
          models: this.known.models,
          predict: async (...given) => (await this.predictions(...given)).predictions,
        });
      },
    };
  }

  private async predictions(instances: readonly unknown[], parameters: unknown) {
    const { chooseModel = alwaysIris } = this.options;
    const model = chooseModel(instances);
    const predictions = await model.predict(instances, parameters);
    this.used.add(model);
    return { model, predictions };
  }

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
    const { model, predictions } = await this.predictions(instances, request.parameters);
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
