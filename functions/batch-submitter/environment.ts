import * as v from "valibot";
import { bucketName, commonVariables, integer, matching, queueName } from "../shared/environment";

export const environmentSchema = v.object({
  ...commonVariables,
  /** Bucket of the inputs. */
  INPUT_BUCKET: bucketName,
  /** Bucket of the workers' results. The submitter only checks that `output` lies in it. */
  OUTPUT_BUCKET: bucketName,
  /**
   * Queue of the workers, `projects/P/locations/L/queues/Q`. The queue's HTTP target sets URL and
   * token.
   */
  QUEUE: queueName,
  /** Seconds that a worker has for one task, 15 to 1800. */
  DISPATCH_DEADLINE_SECONDS: integer(15, 1800),
  /**
   * `true` or `false`: whether a task has the records of its shard where they are few, so that the
   * worker need not read them. Default true.
   */
  RECORDS_IN_TASKS: v.optional(matching(/^(true|false)$/, "true or false"), "true"),
});

export type BatchSubmitterEnvironment = v.InferInput<typeof environmentSchema>;
