import * as v from "valibot";
import { bucketName, integer, messageVariables, workflowName } from "../shared/environment";

export const environmentSchema = v.object({
  ...messageVariables,
  /** Workflow to execute, `projects/P/locations/L/workflows/W`. */
  WORKFLOW: workflowName,
  /** Bucket whose uploads are predicted; notifications of any other go to the dead letter. */
  UPLOAD_BUCKET: bucketName,
  /** Largest upload in bytes, 1 to 524288: a workflow holds 512 KB of variables in all. Default 262144. */
  MAX_UPLOAD_BYTES: v.optional(integer(1, 524_288), "262144"),
});

export type StartWorkflowEnvironment = v.InferInput<typeof environmentSchema>;
