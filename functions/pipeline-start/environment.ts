import * as v from "valibot";
import { bucketName, json, queueName, serviceAccountEmail, taskVariables } from "../shared/environment";
import { stepsSchema } from "../shared/pipeline/graph";

export const environmentSchema = v.object({
  ...taskVariables,
  /** Bucket of the runs: `runs/<run>/…`, inputs under `inputs/`. */
  RUN_BUCKET: bucketName,
  /** Queue of the steps, `projects/P/locations/L/queues/Q`. */
  QUEUE: queueName,
  /** Service account for the tokens of the step tasks. */
  TOKEN_IDENTITY: serviceAccountEmail,
  /**
   * The pipeline, as JSON: `[{ "name", "url", "after": ["step", …], "deadlineSeconds", "forEach",
   * "minSuccess" }]`. At least one step, no cycles.
   *
   * - `name` is `^[a-z][a-z0-9-]{0,39}$`.
   * - `url` is the step function's URL; its origin is the token's audience.
   * - `after` names the steps that must be done first.
   * - `deadlineSeconds` is 15 to 1800.
   * - `forEach` is the name of an earlier step's output. Optional.
   * - `minSuccess` is above 0, to 1. Default 1.
   */
  STEPS: json(stepsSchema),
});

export type PipelineStartEnvironment = v.InferInput<typeof environmentSchema>;
