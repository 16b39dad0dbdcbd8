import { ApiError } from "../../core/api-error";
import { isUnset, readText } from "../../core/values";
import type { Asked } from "./job";
import { type Prediction, type PredictionOptions, predictBatches } from "./predict-batches";
import {
  checkMachine,
  invalid,
  OF_ANSWERS,
  readDisplayName,
  readLabels,
  readList,
  readMessage,
  readRequired,
  refuse,
} from "./read";

const OUTPUT_ONLY = [
  ...OF_ANSWERS,
  ...["outputInfo", "partialFailures", "resourcesConsumed", "completionStats", "modelVersionId"],
];
const REFUSED = [
  ...["unmanagedContainerModel", "instanceConfig", "generateExplanation", "explanationSpec"],
  ...["modelMonitoringConfig", "modelMonitoringStatsAnomalies", "modelMonitoringStatus"],
];
const KEPT = [
  ...["model", "inputConfig", "outputConfig", "modelParameters", "dedicatedResources", "serviceAccount"],
  ...["manualBatchTuningParameters", "disableContainerLogging", "encryptionSpec"],
];
/** Source: cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.models. */
const FORMATS = ["jsonl", "csv", "bigquery", "tf-record", "tf-record-gzip", "file-list"];
/** Source: google/cloud/aiplatform/v1/manual_batch_tuning_parameters.proto, `batch_size`. */
const BATCH = 64;

export interface BatchPredictionOptions extends PredictionOptions {
  /** `projects/P/locations/L` of the job. */
  readonly location: string;
  /** Full names of the models that exist. */
  readonly models: ReadonlySet<string>;
}

/**
 * Reads a `BatchPredictionJob`.
 *
 * Source: google/cloud/aiplatform/v1/batch_prediction_job.proto
 *
 * @throws ApiError INVALID_ARGUMENT, NOT_FOUND, UNIMPLEMENTED
 */
export function readBatchPrediction(body: object, options: BatchPredictionOptions): Asked {
  const given = readMessage(body, "", ["displayName", "labels", ...KEPT, ...REFUSED, ...OUTPUT_ONLY]);
  refuse(given, "", REFUSED);
  const input = readMessage(given.inputConfig, "inputConfig", [
    ...["instancesFormat", "gcsSource", "bigquerySource", "vertexMultimodalDatasetSource"],
  ]);
  const output = readMessage(given.outputConfig, "outputConfig", [
    ...["predictionsFormat", "gcsDestination", "bigqueryDestination", "vertexMultimodalDatasetDestination"],
  ]);
  refuse(input, "inputConfig", ["bigquerySource", "vertexMultimodalDatasetSource"]);
  refuse(output, "outputConfig", ["bigqueryDestination", "vertexMultimodalDatasetDestination"]);
  checkFormat(input.instancesFormat, "inputConfig.instancesFormat");
  checkFormat(output.predictionsFormat, "outputConfig.predictionsFormat");
  const tuning = readMessage(given.manualBatchTuningParameters, "manualBatchTuningParameters", ["batchSize"]);
  if (!isUnset(given.dedicatedResources)) checkResources(given.dedicatedResources);
  const prediction: Prediction = {
    model: readModel(given.model, options),
    inputs: readUris(input.gcsSource),
    prefix: readPrefix(output.gcsDestination),
    parameters: given.modelParameters,
    batchSize: Number(tuning.batchSize ?? 0) || BATCH,
  };
  return {
    displayName: readDisplayName(given.displayName),
    labels: readLabels(given.labels),
    serviceAccount: readText(given.serviceAccount, "serviceAccount") || undefined,
    fields: {
      ...Object.fromEntries(KEPT.flatMap((field) => (given[field] === undefined ? [] : [[field, given[field]]]))),
      modelVersionId: "1",
    },
    start: (job) => ({ result: predictBatches(prediction, job.created, options) }),
  };
}

function readModel(given: unknown, { location, models }: BatchPredictionOptions): string {
  const model = readRequired(given, "model");
  if (model.includes("publishers/"))
    throw new ApiError("UNIMPLEMENTED", `The publisher model ${model} is not simulated`);
  // "must share the same ancestor Location": batch_prediction_job.proto, `model`.
  if (!model.startsWith(`${location}/models/`)) throw invalid("model", given, `${location}/models/MODEL`);
  if (!models.has(model.split("@")[0] ?? "")) throw new ApiError("NOT_FOUND", `The Model does not exist: ${model}`);
  return model;
}

function checkFormat(given: unknown, where: string): void {
  const format = readRequired(given, where);
  if (!FORMATS.includes(format)) throw invalid(where, given, FORMATS.join(", "));
  if (format !== "jsonl") refuse({ [format]: true }, where, [format]);
}

function checkResources(given: unknown): void {
  const where = "dedicatedResources";
  const { machineSpec, startingReplicaCount, maxReplicaCount } = readMessage(given, where, [
    ...["machineSpec", "startingReplicaCount", "maxReplicaCount"],
  ]);
  checkMachine(machineSpec, `${where}.machineSpec`);
  for (const [field, count] of Object.entries({ startingReplicaCount, maxReplicaCount })) {
    if (!isUnset(count) && !(Number.isInteger(count) && Number(count) >= 0))
      throw invalid(`${where}.${field}`, count, "0 or more");
  }
}

function readUris(given: unknown): string[] {
  const where = "inputConfig.gcsSource";
  const uris = readList(readMessage(given, where, ["uris"]).uris, `${where}.uris`);
  if (uris.length === 0) throw invalid(`${where}.uris`, uris, "at least one gs:// path");
  return uris.map((uri) => gsUri(uri, `${where}.uris`));
}

function readPrefix(given: unknown): string {
  const where = "outputConfig.gcsDestination";
  const uri = gsUri(readMessage(given, where, ["outputUriPrefix"]).outputUriPrefix, `${where}.outputUriPrefix`);
  return uri.replace(/\/$/, "");
}

function gsUri(given: unknown, where: string): string {
  const uri = readRequired(given, where);
  if (!/^gs:\/\/[^/]+(\/|$)/.test(uri)) throw invalid(where, given, "a path like gs://bucket/name");
  return uri;
}
