import { raised } from "../errors";
import { fromPlain, isMap, isNumber, typeOf, type Value, type WorkflowMap } from "../values";
import { decodeJson, encodeJson } from "./data";
import { type Args, blocking, type HttpResponse, type Library, type StandardContext } from "./function";

/** Bytes of a response, and seconds of a request. Source: cloud.google.com/workflows/quotas. */
const MAX_RESPONSE = 2 * 1024 * 1024;
const MAX_TIMEOUT = 1800;
const USER_AGENT = "GoogleCloudWorkflows; (+https://cloud.google.com/workflows/docs)";

const WITHOUT_BODY = "url headers? query? auth? timeout?";
const WITH_BODY = "url headers? query? auth? timeout? body?";

/** Source: docs/reference/stdlib/http, docs/http-requests. */
export const http: Library = {
  "http.get": blocking(WITHOUT_BODY, (args, context) => request("GET", args, context)),
  "http.delete": blocking(WITHOUT_BODY, (args, context) => request("DELETE", args, context)),
  "http.post": blocking(WITH_BODY, (args, context) => request("POST", args, context)),
  "http.put": blocking(WITH_BODY, (args, context) => request("PUT", args, context)),
  "http.patch": blocking(WITH_BODY, (args, context) => request("PATCH", args, context)),
  "http.request": blocking(`method ${WITH_BODY}`, (args, context) =>
    request(args.text("method").toUpperCase(), args, context),
  ),
};

async function request(method: string, args: Args, context: StandardContext): Promise<Value> {
  const url = urlOf(args);
  const headers: Record<string, string> = {};
  for (const [name, value] of args.has("headers") ? args.map("headers") : [])
    headers[name.toLowerCase()] = plainText(value);
  headers["user-agent"] = headers["user-agent"] ? `${headers["user-agent"]} ${USER_AGENT}` : USER_AGENT;
  const body = bodyOf(args, headers);
  const authorization = authorizationOf(args, url, context);
  if (authorization) headers.authorization = authorization;
  const timeout = args.has("timeout") ? Number(args.number("timeout")) : MAX_TIMEOUT;
  if (!(timeout > 0 && timeout <= MAX_TIMEOUT))
    throw raised("ValueError", `timeout ${timeout}; allowed: up to ${MAX_TIMEOUT} seconds`);
  return toValue(await context.send({ method, url: url.href, headers, body, timeout }));
}

function urlOf(args: Args): URL {
  const text = args.text("url");
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) throw raised("ValueError", `invalid URL: ${text}`);
  for (const [name, value] of args.has("query") ? args.map("query") : []) {
    for (const item of Array.isArray(value) ? value : [value]) url.searchParams.append(name, plainText(item));
  }
  return url;
}

/** The type of the body sets the content type, unless a header does. */
function bodyOf(args: Args, headers: Record<string, string>): Buffer {
  if (!args.has("body")) return Buffer.alloc(0);
  const body = args.any("body");
  const given = headers["content-type"];
  if (Buffer.isBuffer(body)) {
    headers["content-type"] = given ?? "application/octet-stream";
    return body;
  }
  if (given && mediaType(given) === "application/x-www-form-urlencoded" && isMap(body)) {
    return Buffer.from(
      String(new URLSearchParams(Object.fromEntries([...body].map(([name, value]) => [name, plainText(value)])))),
    );
  }
  if (typeof body === "string" && !(given && isJson(given))) {
    headers["content-type"] = given ?? "text/plain; charset=utf-8";
    return Buffer.from(body);
  }
  headers["content-type"] = given ?? "application/json; charset=utf-8";
  return Buffer.from(encodeJson(body));
}

function authorizationOf(args: Args, url: URL, context: StandardContext): string | undefined {
  if (!args.has("auth")) return undefined;
  const auth = args.map("auth");
  const type = auth.get("type");
  const allowed = type === "OIDC" ? ["type", "audience"] : ["type", "scope", "scopes"];
  const unknown = [...auth.keys()].filter((key) => !allowed.includes(key));
  if (unknown.length > 0) throw raised("ValueError", `auth with ${unknown.join(", ")} is not simulated`);
  if (type === "OAuth2") return `Bearer ${context.accessToken()}`;
  if (type === "OIDC")
    return `Bearer ${context.idToken(plainText(auth.get("audience") ?? `${url.origin}${url.pathname}`))}`;
  throw raised("ValueError", `auth type ${type ? plainText(type) : "null"}; allowed: OAuth2, OIDC`);
}

/**
 * @throws RaisedError HttpError for a status from 400. Source: docs/reference/syntax/error-types,
 *   HttpError.
 */
export function toValue({ status, headers, body }: HttpResponse): WorkflowMap {
  if (body.length > MAX_RESPONSE) {
    throw raised("ResourceLimitError", `the response has ${body.length} bytes; allowed: ${MAX_RESPONSE}`);
  }
  const failed = status >= 400;
  const parts: [string, Value][] = [
    ["body", decodeBody(body, headers["content-type"] ?? "", failed)],
    ["code", BigInt(status)],
    ["headers", fromPlain(headers)],
  ];
  if (!failed) return new Map(parts);
  const message = `HTTP server responded with error code ${status}`;
  throw raised("HttpError", message, Object.fromEntries(parts));
}

/** JSON as a value, text as a string, everything else as bytes. */
function decodeBody(body: Buffer, contentType: string, failed: boolean): Value {
  if (body.length === 0 && (contentType === "" || isJson(contentType))) return null;
  if (isJson(contentType)) {
    try {
      return decodeJson(body.toString());
    } catch (error) {
      // What an error says in bad JSON must not hide the error.
      if (failed) return body.toString();
      throw error;
    }
  }
  return /^text\//.test(mediaType(contentType)) ? body.toString() : body;
}

const mediaType = (contentType: string) => contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
const isJson = (contentType: string) => /^application\/(.+\+)?json$/.test(mediaType(contentType));

function plainText(value: Value): string {
  if (typeof value === "string") return value;
  if (typeof value === "boolean" || isNumber(value)) return String(value);
  throw raised("TypeError", `a header, query parameter or form field is a text, not ${typeOf(value)}`);
}
