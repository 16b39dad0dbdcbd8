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
  /** Bucket whose uploads are predicted; notifications of any other go to the dead letter. */
  UPLOAD_BUCKET: bucketName,
  /** Largest upload in bytes, 1 to 131072: a workflow holds 512 KB of variables in all, see its count. Default 131072. */
  MAX_UPLOAD_BYTES: v.optional(integer(1, 131_072), "131072"),
});

export type StartWorkflowEnvironment = v.InferInput<typeof environmentSchema>;
