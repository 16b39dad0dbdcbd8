import * as v from "valibot";
import { bucketName, predictorVariables, taskVariables } from "../shared/environment";

export const environmentSchema = v.object({
  ...taskVariables,
  /** Bucket that inputs are read from. */
  INPUT_BUCKET: bucketName,
  /** Bucket that results are written to. */
  OUTPUT_BUCKET: bucketName,
  ...predictorVariables,
});

export type BatchWorkerEnvironment = v.InferInput<typeof environmentSchema>;
