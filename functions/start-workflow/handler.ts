import type * as v from "valibot";
import { isInvalidRequest, PermanentError } from "../shared/errors";
import type { HttpHandler } from "../shared/http";
import { messageHandler } from "../shared/message-handler";
import type { Services } from "../shared/services";
import type { environmentSchema } from "./environment";
import { readUpload, type Upload } from "./notification";

type Environment = v.InferOutput<typeof environmentSchema>;

/**
 * Starts one execution of the workflow for each uploaded object, with `{ bucket, object,
 * generation, size, contentType }` as its argument. A repeated notification starts a second
 * execution: the workflow's own effects happen once per generation.
 */
export function createHandler(environment: Environment, services: Services): HttpHandler {
  return messageHandler({
    environment,
    services,
    handle: async (data: Buffer, { attributes, log, signal }) => {
      const upload = readUpload(attributes, data);
      if (!upload) {
        log.info("Not an upload", { eventType: attributes.eventType });
        return;
      }
      refuseWrongUploads(upload, environment);
      const { contentEncoding: _, ...argument } = upload;
      const execution = await services
        .google<{ name: string }>({
          method: "POST",
          url: `https://workflowexecutions.googleapis.com/v1/${environment.WORKFLOW}/executions`,
          body: { argument: JSON.stringify(argument) },
          idempotent: true,
          signal,
        })
        .catch(refused);
      log.info("Started an execution", { execution: execution.name, generation: upload.generation });
    },
  });
}

function refuseWrongUploads(
  { bucket, size, contentEncoding }: Upload,
  { UPLOAD_BUCKET, MAX_UPLOAD_BYTES }: Environment,
): void {
  if (bucket !== UPLOAD_BUCKET) {
    throw new PermanentError("wrong_bucket", `Given bucket ${bucket}; allowed: ${UPLOAD_BUCKET}`);
  }
  if (size === 0) throw new PermanentError("empty_upload", "The upload is empty");
  if (contentEncoding) {
    const message = `The upload has Content-Encoding ${contentEncoding}; allowed: none, since its size is that of what is stored`;
    throw new PermanentError("unsupported_encoding", message);
  }
  if (size > MAX_UPLOAD_BYTES) {
    const message = `The upload has ${size} bytes; allowed: ${MAX_UPLOAD_BYTES}, since a workflow holds 512 KB of variables`;
    throw new PermanentError("upload_too_large", message, 413);
  }
}

function refused(error: unknown): never {
  if (!isInvalidRequest(error)) throw error;
  throw new PermanentError("execution_refused", error.message);
}
