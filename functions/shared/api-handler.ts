import type * as v from "valibot";
import { PermanentError } from "./errors";
import { type HttpHandler, type HttpRequest, type Invocation, readBody, servePost } from "./http";
import { check, parseJson } from "./json";
import type { Services } from "./services";

export interface ApiHandlerOptions<S extends v.GenericSchema> {
  services: Pick<Services, "log" | "project" | "timeoutSeconds">;
  /** Schema of the JSON body. */
  schema: S;
  /** Does the work. Its result becomes the answer's JSON. */
  handle: (payload: v.InferOutput<S>, context: Invocation) => Promise<object>;
  /**
   * Largest body in bytes.
   *
   * @default 1048576
   */
  maxBytes?: number;
  /**
   * Status of the answer, 200 to 299.
   *
   * @default 202
   */
  status?: number;
}

/**
 * A function that users or services call with `POST` and JSON. Answers 202 with the result, 4xx
 * with `{ error: { code, message } }` for a PermanentError, and 5xx for an error that may pass.
 */
export function apiHandler<S extends v.GenericSchema>(options: ApiHandlerOptions<S>): HttpHandler {
  const { services, schema, handle, maxBytes = 1024 ** 2, status = 202 } = options;
  return servePost(services, async (request, invocation) => {
    requireJson(request);
    const payload = check(schema, parseJson(await readBody(request, maxBytes), "The body"), "The body");
    return { status, body: await handle(payload, invocation) };
  });
}

function requireJson({ rawHeaders }: HttpRequest): void {
  const at = rawHeaders.findIndex((header, i) => i % 2 === 0 && header.toLowerCase() === "content-type");
  const type = at === -1 ? "none" : String(rawHeaders[at + 1]);
  if (/^application\/json\s*(;|$)/i.test(type)) return;
  throw new PermanentError("unsupported_media_type", `Given Content-Type ${type}; allowed: application/json`, 415);
}
