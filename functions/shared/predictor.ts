import { timeLeftForWork } from "./deadline";
import { isInvalidRequest, PermanentError } from "./errors";
import type { GoogleApi } from "./google-api";

/** Calls the model. To use another model, pass another Predictor to the handler. */
export interface Predictor {
  /**
   * @returns one prediction per instance, in the same order.
   * @throws PermanentError when these instances can never be predicted.
   */
  predict(instances: readonly unknown[], options?: PredictOptions): Promise<unknown[]>;
}

export interface PredictOptions {
  /**
   * The predictor passes them to the model unchanged.
   *
   * @default - no parameters
   */
  parameters?: unknown;
  /**
   * Cancels the call.
   *
   * @default - no cancellation
   */
  signal?: AbortSignal;
}

/**
 * Shared endpoints of Vertex AI reject requests over 1.5 MB; the rest is reserved for the enclosing
 * JSON. Dedicated endpoints accept 10 MB.
 */
const MAX_REQUEST_BYTES = 1_400_000;

/**
 * Predicts with a Vertex AI endpoint's `:predict` method. One call may last until the function's
 * deadline, less the time to store its result.
 *
 * @param endpoint `projects/P/locations/L/endpoints/E`
 * @param batchSize most instances in one request, 1 to 1000.
 * @param host of a dedicated endpoint, its `dedicatedEndpointDns`: the shared host answers 400
 *   FAILED_PRECONDITION for it. Default: the shared host of the endpoint's location.
 * @returns a Predictor that throws PermanentError `prediction_refused` when Vertex AI rejects the
 *   request as invalid (INVALID_ARGUMENT) and GoogleApiError for every other failure.
 */
export function vertexPredictor(
  google: GoogleApi,
  endpoint: string,
  batchSize: number,
  host = `${endpoint.split("/")[3]}-aiplatform.googleapis.com`,
): Predictor {
  const url = `https://${host}/v1/${endpoint}:predict`;
  return {
    async predict(instances, { parameters, signal } = {}) {
      const predictions: unknown[] = [];
      for (const batch of batches(instances, batchSize)) {
        const body = { instances: batch, parameters };
        const answer = await google<{ predictions?: unknown[] }>({
          method: "POST",
          url,
          body,
          idempotent: true,
          timeout: timeLeftForWork,
          signal,
        }).catch(refused);
        const given = answer.predictions?.length ?? 0;
        if (given !== batch.length)
          throw new Error(`${endpoint} gave ${given} predictions for ${batch.length} instances`);
        predictions.push(...(answer.predictions ?? []));
      }
      return predictions;
    },
  };
}

function refused(error: unknown): never {
  if (!isInvalidRequest(error)) throw error;
  throw new PermanentError("prediction_refused", error.message);
}

/** Cuts by number and by size: a batch ends before it exceeds either limit. */
function* batches(instances: readonly unknown[], batchSize: number): Generator<unknown[]> {
  let batch: unknown[] = [];
  let bytes = 0;
  for (const instance of instances) {
    const size = Buffer.byteLength(JSON.stringify(instance)) + 1;
    if (batch.length === batchSize || (batch.length > 0 && bytes + size > MAX_REQUEST_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(instance);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
