import * as v from "valibot";
import { bucketName, taskVariables } from "../shared/environment";
import { predictorVariables } from "../shared/predictor-environment";

export const environmentSchema = v.object({
  ...taskVariables,
  /** Bucket that inputs are read from. */
  INPUT_BUCKET: bucketName,
  /** Bucket that results are written to. */
  OUTPUT_BUCKET: bucketName,
  ...predictorVariables,
});

export type BatchWorkerEnvironment = v.InferInput<typeof environmentSchema>;
