import * as v from "valibot";
import { bucketName, messageVariables, subscriberName } from "../shared/environment";

export const environmentSchema = v.object({
  ...messageVariables,
  /** Name of this subscriber; first part of its records' object names. */
  SUBSCRIBER: subscriberName,
  /** Bucket of the records, `<subscriber>/<yyyy>/<mm>/<dd>/<messageId>.json`. */
  RESULTS_BUCKET: bucketName,
});

export type MessageAuditEnvironment = v.InferInput<typeof environmentSchema>;
