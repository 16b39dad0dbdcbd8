import * as v from "valibot";
import { bucketName, integer, matching, messageVariables } from "../shared/environment";

const workflowName = matching(
  /^projects\/[^/\s]+\/locations\/[^/\s]+\/workflows\/[^/\s]+$/,
  "a workflow name like projects/P/locations/L/workflows/W",
);

export const environmentSchema = v.object({
  ...messageVariables,
  /** Workflow to execute, `projects/P/locations/L/workflows/W`. */
  WORKFLOW: workflowName,
  /** Bucket of the uploads. Notifications of any other bucket go to the dead letter. */
  UPLOAD_BUCKET: bucketName,
  /**
   * Largest upload in bytes, 1 to 131072. Default 131072. A workflow holds 512 KB of variables in
   * all; the workflow's file counts them.
   */
  MAX_UPLOAD_BYTES: v.optional(integer(1, 131_072), "131072"),
});

export type StartWorkflowEnvironment = v.InferInput<typeof environmentSchema>;
