import type { IncomingMessage, ServerResponse } from "node:http";
import { DEFAULT_TIMEOUT_SECONDS, withDeadline } from "./deadline";
import { GoogleApiError, PermanentError } from "./errors";
import { type Log, traceFields } from "./log";

/** A request of Node, or of Functions Framework, which extends Node's. */
export type HttpRequest = IncomingMessage & { rawBody?: Buffer };

/** A function in the form that Functions Framework serves as `--target`. */
export type HttpHandler = (request: HttpRequest, response: ServerResponse) => Promise<void>;

export interface Answer {
  status: number;
  /**
   * Sent as JSON.
   *
   * @default - no body
   */
  body?: object;
}

/**
 * What every invocation gets: a log with the request's trace, and a signal that fires when the
 * caller disconnects.
 */
export interface Invocation {
  /** The log of the request, whose entries carry its trace. */
  log: Log;
  /** Aborts when the caller disconnects. */
  signal: AbortSignal;
}

/**
 * An IAM change takes 2 minutes, sometimes 7 or more, to reach all services:
 * https://cloud.google.com/iam/docs/access-change-propagation
 */
const PROPAGATION = "but a new grant takes minutes to work";

/**
 * Serves POST requests.
 *
 * @param respond computes the answer. A PermanentError is answered with its 4xx status, code and
 *   message. Any other error is answered with a text without details: 503 when Google asked for
 *   backoff (429, 503) or denied the function access (401, 403), else 500.
 */
export function servePost(
  { log, project, timeoutSeconds = DEFAULT_TIMEOUT_SECONDS }: { log: Log; project?: string; timeoutSeconds?: number },
  respond: (request: HttpRequest, invocation: Invocation) => Promise<Answer>,
): HttpHandler {
  return async (request, response) => {
    const gone = new AbortController();
    response.once("close", () => {
      if (!response.writableFinished) gone.abort();
    });
    const invocation = { log: log.with(traceFields(request.headers, project)), signal: gone.signal };
    let answer: Answer;
    try {
      if (request.method !== "POST") {
        response.setHeader("Allow", "POST");
        throw new PermanentError("method_not_allowed", `Given method ${request.method}; allowed: POST`, 405);
      }
      answer = await withDeadline(timeoutSeconds, () => respond(request, invocation));
    } catch (error) {
      answer = errorAnswer(error, invocation.log);
    }
    send(response, answer);
  };
}

function errorAnswer(error: unknown, log: Log): Answer {
  if (error instanceof PermanentError) {
    log.warning(`Refused: ${error.code}`, { code: error.code, status: error.status });
    return { status: error.status, body: { error: describe(error) } };
  }
  const { status, denied } = error instanceof GoogleApiError ? error : { status: 500, denied: false };
  if (denied) log.error(`Denied, ${PROPAGATION}`, error, { code: "denied" });
  else log.error("Failed", error);
  return {
    // Cloud Tasks slows a queue down when tasks are answered 503. That is right for errors that
    // affect all tasks.
    status: denied || status === 429 || status === 503 ? 503 : 500,
    body: { error: { code: "failed", message: "The function failed and may succeed later; its log says why" } },
  };
}

function describe({ code, message, issues }: PermanentError): object {
  return { code, message, ...(issues && { issues }) };
}

function send(response: ServerResponse, { status, body }: Answer): void {
  response.statusCode = status;
  if (!body) {
    response.end();
    return;
  }
  response.setHeader("Content-Type", "application/json; charset=utf-8");
  response.end(JSON.stringify(body));
}

/**
 * Reads a request's body.
 *
 * @throws PermanentError `payload_too_large` (413) beyond `maxBytes`; the rest of the body is
 *   discarded.
 */
export async function readBody(request: HttpRequest, maxBytes: number): Promise<Buffer> {
  const tooLarge = () =>
    new PermanentError("payload_too_large", `The body is larger than the ${maxBytes} bytes that are allowed`, 413);
  if (request.rawBody) {
    if (request.rawBody.length > maxBytes) throw tooLarge();
    return request.rawBody;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  // By default, an iterator that ends early destroys the socket, which must still carry the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    if (size > maxBytes) break;
    chunks.push(chunk);
  }
  if (size > maxBytes) {
    // The unread rest of the body would block the connection's next request.
    request.resume();
    throw tooLarge();
  }
  return Buffer.concat(chunks);
}
