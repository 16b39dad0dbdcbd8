import * as v from "valibot";
import { bucketName, messageVariables, subscriberName } from "../shared/environment";
import { predictorVariables } from "../shared/predictor-environment";

export const environmentSchema = v.object({
  ...messageVariables,
  /** Name of this subscriber; first part of its results' object names. */
  SUBSCRIBER: subscriberName,
  /** Bucket of the results, `<subscriber>/<messageId>.json`. */
  RESULTS_BUCKET: bucketName,
  ...predictorVariables,
});

export type MessagePredictorEnvironment = v.InferInput<typeof environmentSchema>;
