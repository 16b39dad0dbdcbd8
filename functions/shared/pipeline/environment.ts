import * as v from "valibot";
import { bucketName, queueName, serviceAccountEmail, taskVariables } from "../environment";

/** Variables of every step of a pipeline. */
export const stepEnvironmentSchema = v.object({
  ...taskVariables,
  /** Bucket of the runs: `runs/<run>/…`, inputs under `inputs/`. */
  RUN_BUCKET: bucketName,
  /** Queue of the next steps, `projects/P/locations/L/queues/Q`. */
  QUEUE: queueName,
  /** Service account for the tokens of the next steps' tasks. */
  TOKEN_IDENTITY: serviceAccountEmail,
});

export type StepEnvironment = v.InferOutput<typeof stepEnvironmentSchema>;
