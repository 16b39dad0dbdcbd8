import * as v from "valibot";
import { bucketName, taskVariables } from "../shared/environment";
import { predictorVariables } from "../shared/predictor-environment";

export const environmentSchema = v.object({
  ...taskVariables,
  /** Bucket of the inputs. */
  INPUT_BUCKET: bucketName,
  /** Bucket of the results. */
  OUTPUT_BUCKET: bucketName,
  ...predictorVariables,
});

export type BatchWorkerEnvironment = v.InferInput<typeof environmentSchema>;
