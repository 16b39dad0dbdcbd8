import { serviceAgent } from "@cdktf-serverless-ml/terraform-json";
import { ApiError } from "../../core/api-error";
import { holding } from "../../core/clock";
import type { Caller, EmulatorContext } from "../../core/emulator";
import { objectsAt, parseGsUri } from "../../storage/gs-uri";
import type { StorageEmulator } from "../../storage/storage-emulator";
import type { Result, Status } from "./job";

export interface Prediction {
  /** Full name of the model. */
  readonly model: string;
  /** `gs://…`, in which `*` stands for any characters but slashes. */
  readonly inputs: readonly string[];
  /** `gs://…` without a slash at its end. */
  readonly prefix: string;
  readonly parameters: unknown;
  /** Instances that the model gets at a time. */
  readonly batchSize: number;
}

export interface PredictionOptions {
  readonly context: EmulatorContext;
  readonly storage: StorageEmulator;
  /** A prediction of each instance, in their order. @throws ApiError */
  readonly predict: (instances: readonly unknown[], parameters: unknown) => Promise<readonly unknown[]>;
}

/** An instance, and what became of it. */
interface Row {
  readonly instance: unknown;
  readonly prediction?: unknown;
  readonly error?: Status;
}

/** Source: batch_prediction_job.proto, `partial_failures`. */
const MOST_FAILURES = 20;

/**
 * Reads instances as JSON Lines, predicts, and writes the predictions to a new folder.
 *
 * @param created time of the job's creation, which is in the folder's name
 */
export async function predictBatches(
  { model, inputs, prefix, parameters, batchSize }: Prediction,
  created: number,
  options: PredictionOptions,
): Promise<Result> {
  const { context, storage } = options;
  // Vertex AI reads and writes as its service agent; a service account of the job is that of the
  // model's container. Sources: cloud.google.com/vertex-ai/docs/general/custom-service-account and
  // batch_prediction_job.proto, `service_account`.
  const agent = { email: serviceAgent(context.projectNumber, "gcp-sa-aiplatform") };
  const { instances, failures } = readInstances(storage, agent, inputs);
  if (instances.length === 0) return { error: failures[0] ?? status(3, "The input has no instances.") };
  const rows: Row[] = [];
  for (let at = 0; at < instances.length; at += batchSize) {
    rows.push(...(await predict(instances.slice(at, at + batchSize), parameters, options)));
  }
  const good = rows.filter(({ error }) => !error);
  const bad = rows.filter(({ error }) => error);
  const fields = {
    completionStats: {
      successfulCount: String(good.length),
      failedCount: String(bad.length),
      incompleteCount: "0",
    },
    ...(failures.length > 0 && { partialFailures: failures.slice(0, MOST_FAILURES) }),
  };
  // "Its name is prediction-<model-display-name>-<job-create-time>": the same, `gcs_destination`.
  const name = model.split("/").at(-1)?.split("@")[0];
  const directory = `${prefix}/prediction-${name}-${new Date(created).toISOString()}`;
  try {
    write(options, agent, `${directory}/prediction.results-00000-of-00001`, good);
    if (bad.length > 0) write(options, agent, `${directory}/prediction.errors_stats-00000-of-00001`, bad);
  } catch (error) {
    return { error: statusOf(error), fields };
  }
  const all = { ...fields, outputInfo: { gcsOutputDirectory: directory } };
  return good.length === 0 ? { error: bad[0]?.error, fields: all } : { fields: all };
}

function readInstances(storage: StorageEmulator, agent: Caller, inputs: readonly string[]) {
  const instances: unknown[] = [];
  const failures: Status[] = [];
  for (const uri of inputs) {
    try {
      for (const { name, content } of objectsAt(storage, agent, uri)) {
        for (const [at, line] of content.toString().split(/\r?\n/).entries()) {
          if (line.trim() === "") continue;
          try {
            instances.push(JSON.parse(line));
          } catch {
            failures.push(status(3, `Line ${at + 1} of ${name} is not JSON.`));
          }
        }
      }
    } catch (error) {
      failures.push(statusOf(error));
    }
  }
  return { instances, failures };
}

/** Where a batch is refused, each of its instances is tried alone, so that one spoils no others. */
async function predict(batch: readonly unknown[], parameters: unknown, options: PredictionOptions): Promise<Row[]> {
  try {
    const predictions = await holding(options.context.clock, () => options.predict(batch, parameters));
    return batch.map((instance, at) => ({ instance, prediction: predictions[at] }));
  } catch (error) {
    const [instance] = batch;
    if (batch.length === 1) return [{ instance, error: statusOf(error) }];
    const rows: Row[] = [];
    for (const each of batch) rows.push(...(await predict([each], parameters, options)));
    return rows;
  }
}

function write({ context, storage }: PredictionOptions, agent: Caller, uri: string, rows: readonly Row[]): void {
  const { bucket, name } = parseGsUri(uri);
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  storage.put(agent, bucket, name, lines, { metadata: { contentType: "application/octet-stream" } });
  context.recorder.hop({ from: "Vertex AI", to: `bucket ${bucket}`, what: `write ${name}`, status: "OK" });
}

function statusOf(error: unknown): Status {
  if (error instanceof ApiError) return status(error.grpc, error.message);
  throw error;
}

const status = (code: number, message: string): Status => ({ code, message });
