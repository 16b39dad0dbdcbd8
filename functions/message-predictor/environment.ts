import * as v from "valibot";
import { bucketName, endpointName, integer, messageVariables, subscriberName } from "../shared/environment";

export const environmentSchema = v.object({
  ...messageVariables,
  /** Name of this subscriber; first part of its results' object names. */
  SUBSCRIBER: subscriberName,
  /** Bucket that results are written to, `<subscriber>/<messageId>.json`. */
  RESULTS_BUCKET: bucketName,
  /** Endpoint that predicts, `projects/P/locations/L/endpoints/E`. */
  VERTEX_ENDPOINT: endpointName,
  /** Instances in one predict call, 1 to 1000. Default 32. */
  PREDICT_BATCH_SIZE: v.optional(integer(1, 1000), "32"),
});

export type MessagePredictorEnvironment = v.InferInput<typeof environmentSchema>;
