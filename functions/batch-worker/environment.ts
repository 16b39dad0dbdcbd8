import * as v from "valibot";
import { bucketName, endpointName, integer, taskVariables } from "../shared/environment";

export const environmentSchema = v.object({
  ...taskVariables,
  /** Bucket that inputs are read from. */
  INPUT_BUCKET: bucketName,
  /** Bucket that results are written to. */
  OUTPUT_BUCKET: bucketName,
  /** Endpoint that predicts, `projects/P/locations/L/endpoints/E`. */
  VERTEX_ENDPOINT: endpointName,
  /** Instances in one predict call, 1 to 1000. Default 32. */
  PREDICT_BATCH_SIZE: v.optional(integer(1, 1000), "32"),
});

export type BatchWorkerEnvironment = v.InferInput<typeof environmentSchema>;
