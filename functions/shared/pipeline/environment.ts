import * as v from "valibot";
import { bucketName, queueName, serviceAccountEmail, taskVariables } from "../environment";

/** What every step of a pipeline reads from its environment. */
export const stepEnvironmentSchema = v.object({
  ...taskVariables,
  /** Bucket of the runs: `runs/<run>/…`, inputs under `inputs/`. */
  RUN_BUCKET: bucketName,
  /** Queue that the next steps are enqueued to, `projects/P/locations/L/queues/Q`. */
  QUEUE: queueName,
  /** Service account whose token the next steps' tasks carry. */
  TOKEN_IDENTITY: serviceAccountEmail,
});

export type StepEnvironment = v.InferOutput<typeof stepEnvironmentSchema>;
