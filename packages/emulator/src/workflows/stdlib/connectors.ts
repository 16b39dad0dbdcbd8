import { RaisedError, raised } from "../errors";
import { isMap, isNumber, type Value } from "../values";
import { encodeJson } from "./data";
import { type Args, blocking, type Library, type StandardContext, type StandardFunction } from "./function";
import { toValue } from "./http";
import { STANDARD_PREDICATES, standardDelay } from "./retry";
import { urlEncode } from "./text";

interface Connector {
  readonly method: "GET" | "POST" | "DELETE";
  /** Host and path; an argument in braces is put in, encoded, with a plus as it is. */
  readonly url: string;
  /**
   * Arguments that become query parameters, with a question mark, as those that may be left out.
   */
  readonly query?: string;
  readonly body?: "required" | "optional";
  /** Asking twice does what asking once does. */
  readonly idempotent: boolean;
}

const OBJECTS = "https://storage.googleapis.com/storage/v1/b/{bucket}/o";
const GENERATIONS = "ifGenerationMatch? ifGenerationNotMatch? ifMetagenerationMatch? ifMetagenerationNotMatch?";

/**
 * Source: docs/reference/googleapis, one page a connector; arguments are those of the REST method.
 */
const CONNECTORS: Readonly<Record<string, Connector>> = {
  "googleapis.storage.v1.objects.get": {
    method: "GET",
    url: `${OBJECTS}/{object}`,
    query: `alt? generation? ${GENERATIONS}`,
    idempotent: true,
  },
  "googleapis.storage.v1.objects.list": {
    method: "GET",
    url: OBJECTS,
    query: "prefix? delimiter? startOffset? endOffset? maxResults? pageToken? versions?",
    idempotent: true,
  },
  "googleapis.storage.v1.objects.delete": {
    method: "DELETE",
    url: `${OBJECTS}/{object}`,
    query: `generation? ${GENERATIONS}`,
    idempotent: true,
  },
  "googleapis.storage.v1.objects.insert": {
    method: "POST",
    url: "https://storage.googleapis.com/upload/storage/v1/b/{bucket}/o?uploadType=media",
    query: `name uploadType? contentEncoding? ${GENERATIONS}`,
    body: "required",
    idempotent: false,
  },
  "googleapis.pubsub.v1.projects.topics.publish": {
    method: "POST",
    url: "https://pubsub.googleapis.com/v1/{+topic}:publish",
    body: "required",
    idempotent: false,
  },
  "googleapis.cloudtasks.v2.projects.locations.queues.tasks.create": {
    method: "POST",
    url: "https://cloudtasks.googleapis.com/v2/{+parent}/tasks",
    body: "required",
    idempotent: false,
  },
  "googleapis.aiplatform.v1.projects.locations.endpoints.predict": {
    method: "POST",
    url: "https://{region}-aiplatform.googleapis.com/v1/{+endpoint}:predict",
    body: "required",
    idempotent: false,
  },
};

export const connectors: Library = Object.fromEntries(
  Object.entries(CONNECTORS).map(([name, connector]) => [name, connectorFunction(connector)]),
);

const MAX_RETRIES = 5;
/** Seconds. */
const TIMEOUT = 1800;

function connectorFunction(connector: Connector): StandardFunction {
  const { query = "", body } = connector;
  const placed = [...connector.url.matchAll(/\{\+?(\w+)\}/g)].map(([, name]) => name);
  const parameters = [...placed, query, body === undefined ? "" : body === "required" ? "body" : "body?"].join(" ");
  return blocking(parameters, async (args, context) => {
    for (let retries = 0; ; retries++) {
      try {
        return await send(connector, args, context);
      } catch (error) {
        const predicate = STANDARD_PREDICATES.get(
          connector.idempotent ? "http.default_retry_predicate" : "http.default_retry_predicate_non_idempotent",
        );
        if (!(error instanceof RaisedError) || retries >= MAX_RETRIES || !predicate?.(error.value)) throw error;
        await context.sleep(standardDelay(retries), args.signal);
      }
    }
  });
}

/** The answer's body alone: a connector hides HTTP. */
async function send(
  { method, url, query = "", body }: Connector,
  args: Args,
  context: StandardContext,
): Promise<Value> {
  const target = new URL(
    url.replace(/\{(\+?)(\w+)\}/g, (_, plain, name) => (plain ? args.text(name) : urlEncode(args.text(name)))),
  );
  for (const name of query.split(" ").filter(Boolean)) {
    const key = name.replace("?", "");
    if (args.has(key)) target.searchParams.set(key, parameter(args.any(key), key));
  }
  const type = args.any("uploadType") ?? "media";
  if (type !== "media") throw raised("ValueError", `uploadType ${JSON.stringify(type)} is not simulated; media is`);
  const content = body && args.has("body") ? args.any("body") : undefined;
  const media = target.searchParams.get("uploadType") === "media";
  const answer = toValue(
    await context.send({
      method,
      url: target.href,
      headers: {
        authorization: `Bearer ${context.accessToken()}`,
        ...(content !== undefined && { "content-type": contentType(content, media) }),
      },
      body: content === undefined ? Buffer.alloc(0) : encode(content, media),
      timeout: TIMEOUT,
    }),
  );
  return answer.get("body") ?? null;
}

function encode(content: Value, media: boolean): Buffer {
  if (media && Buffer.isBuffer(content)) return content;
  return Buffer.from(media && typeof content === "string" ? content : encodeJson(content));
}

function contentType(content: Value, media: boolean): string {
  if (media && Buffer.isBuffer(content)) return "application/octet-stream";
  return media && typeof content === "string" ? "text/plain; charset=utf-8" : "application/json; charset=utf-8";
}

function parameter(value: Value, name: string): string {
  if (typeof value === "string" || typeof value === "boolean" || isNumber(value)) return String(value);
  throw raised("TypeError", `${name} is a text or a number${isMap(value) ? ", not a map" : ""}`);
}
