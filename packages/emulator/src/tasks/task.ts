import { ApiError } from "../core/api-error";
import { CLOUD_PLATFORM, type Identity } from "../core/identity";
import {
  isUnset,
  readBytes,
  readDuration,
  readEnum,
  readText,
  readTexts,
  readTime,
  rejectUnknownFields,
} from "../core/values";

/** Source: `HttpMethod` in google/cloud/tasks/v2/target.proto. */
export const METHODS = {
  HTTP_METHOD_UNSPECIFIED: 0,
  POST: 1,
  GET: 2,
  HEAD: 3,
  PUT: 4,
  DELETE: 5,
  PATCH: 6,
  OPTIONS: 7,
} as const;

export type Method = keyof typeof METHODS;

/** What a caller asks to be dispatched. */
export interface NewTask {
  /** Without the queue; undefined where Google is to choose. */
  readonly id?: string;
  readonly url: string;
  readonly method: Method;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly identity?: Identity;
  /** Milliseconds since 1970. */
  readonly scheduleTime: number;
  /** Milliseconds. */
  readonly deadline: number;
}

const MINUTE = 60_000;
const MAX_AHEAD = 30 * 24 * 60 * MINUTE;
const MAX_BYTES = 1024 ** 2;
const MAX_HEADER_BYTES = 80 * 1024;
const MAX_URL = 2083;

const TASK_FIELDS = [
  "name",
  "httpRequest",
  "appEngineHttpRequest",
  "scheduleTime",
  "createTime",
  "dispatchDeadline",
  "dispatchCount",
  "responseCount",
  "firstAttempt",
  "lastAttempt",
  "view",
];
const REQUEST_FIELDS = ["url", "httpMethod", "headers", "body", "oauthToken", "oidcToken"];

/**
 * Headers that Cloud Tasks computes itself: `HttpRequest.headers` in
 * google/cloud/tasks/v2/target.proto.
 */
const RESERVED_HEADER = /^(host|content-length|user-agent|x-google-.*|x-appengine-.*|x-cloudtasks-.*)$/i;

/**
 * Reads and checks `CreateTaskRequest.task`, whichever wire it came over.
 *
 * @param queue `projects/P/locations/L/queues/Q`
 * @throws ApiError INVALID_ARGUMENT; UNIMPLEMENTED for App Engine tasks
 */
// biome-ignore lint/suspicious/noExplicitAny: the shape is the proto's, checked here.
export function readTask(task: any, queue: string, now: number): NewTask {
  if (isUnset(task) || typeof task !== "object") throw invalid("CreateTaskRequest.task is required.");
  rejectUnknownFields(task, TASK_FIELDS, "task");
  if (task.appEngineHttpRequest) throw new ApiError("UNIMPLEMENTED", "Task.appEngineHttpRequest is not simulated here");
  const http = task.httpRequest;
  if (isUnset(http) || typeof http !== "object") throw invalid("Task.httpRequest is required.");
  rejectUnknownFields(http, REQUEST_FIELDS, "task.http_request");

  const read = {
    id: readId(readText(task.name, "task.name"), queue),
    url: readUrl(http.url),
    ...readContent(http),
    identity: readIdentity(http),
    scheduleTime: readSchedule(task.scheduleTime, now),
    deadline: readDeadline(task.dispatchDeadline),
  };
  const size = read.body.length + read.url.length + sizeOf(read.headers) + (read.id?.length ?? 0);
  if (size > MAX_BYTES) throw invalid(`Task size too large: ${size} bytes; allowed: ${MAX_BYTES}.`);
  return read;
}

function readId(name: string, queue: string): string | undefined {
  if (!name) return undefined;
  const match = /^(projects\/[^/]+\/locations\/[^/]+\/queues\/[^/]+)\/tasks\/([^/]*)$/.exec(name);
  if (!match) {
    throw invalid(
      'Task name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/<QUEUE_ID>/tasks/<TASK_ID>".',
    );
  }
  const [, named, id = ""] = match;
  if (named !== queue) {
    throw invalid(
      `The queue name from request ('${queue}') must be the same as the queue name in the named task ('${named}').`,
    );
  }
  if (/^[A-Za-z0-9_-]{1,500}$/.test(id)) return id;
  throw invalid(
    `Task ID "${id}" can contain only letters ([A-Za-z]), numbers ([0-9]), hyphens (-), or underscores (_). Task ID must between 1 and 500 characters.`,
  );
}

function readUrl(given: unknown): string {
  const url = readText(given, "task.http_request.url");
  if (!url) throw invalid("HttpRequest.url is required.");
  if (!/^https?:\/\//i.test(url)) throw invalid("HttpTarget.url must start with 'http://' or 'https://'.");
  if (encodeURI(url).length > MAX_URL) throw invalid(`HttpRequest.url must have at most ${MAX_URL} characters.`);
  return url;
}

// biome-ignore lint/suspicious/noExplicitAny: the shape is the proto's, checked here.
function readContent(http: any): Pick<NewTask, "method" | "headers" | "body"> {
  const given = readEnum(http.httpMethod, METHODS, "task.http_request.http_method");
  const method = !given || given === "HTTP_METHOD_UNSPECIFIED" ? "POST" : given;
  const body = readBytes(http.body, "task.http_request.body");
  if (body.length > 0 && !["POST", "PUT", "PATCH"].includes(method)) {
    throw invalid(`HttpRequest.body is allowed only with POST, PUT or PATCH; the method is ${method}.`);
  }
  const all = Object.entries(readTexts(http.headers, "task.http_request.headers"));
  const headers = Object.fromEntries(all.filter(([name]) => !RESERVED_HEADER.test(name)));
  if (sizeOf(headers) >= MAX_HEADER_BYTES) throw invalid("HttpRequest.headers must be less than 80KB.");
  return { method, headers, body };
}

// biome-ignore lint/suspicious/noExplicitAny: the shape is the proto's, checked here.
function readIdentity({ oidcToken, oauthToken }: any): Identity | undefined {
  if (oidcToken && oauthToken) throw invalid("HttpRequest has an oidcToken and an oauthToken; allowed: one of them.");
  const token = oidcToken ?? oauthToken;
  if (isUnset(token)) return undefined;
  const email = readText(token.serviceAccountEmail, "service_account_email");
  if (!email) throw invalid("The token needs a serviceAccountEmail.");
  if (oidcToken) {
    rejectUnknownFields(token, ["serviceAccountEmail", "audience"], "task.http_request.oidc_token");
    return { kind: "oidc", email, audience: readText(token.audience, "audience") || undefined };
  }
  rejectUnknownFields(token, ["serviceAccountEmail", "scope"], "task.http_request.oauth_token");
  const scope = readText(token.scope, "scope") || CLOUD_PLATFORM;
  if (scope !== CLOUD_PLATFORM) throw new ApiError("UNIMPLEMENTED", `The OAuth scope ${scope} is not simulated here`);
  return { kind: "oauth", email };
}

function readSchedule(given: unknown, now: number): number {
  const time = readTime(given, "task.schedule_time");
  if (time === undefined || time < now) return now;
  if (time - now > MAX_AHEAD) throw invalid("Task.scheduleTime must be at most 30 days (720 hours) in the future.");
  return time;
}

function readDeadline(given: unknown): number {
  const deadline = readDuration(given, "task.dispatch_deadline") || 10 * MINUTE;
  if (deadline < 15_000 || deadline > 30 * MINUTE) throw invalid("Task.dispatchDeadline must be between [15s, 30m].");
  return Math.floor(deadline);
}

function sizeOf(headers: Readonly<Record<string, string>>): number {
  return Object.entries(headers).reduce((size, [name, value]) => size + name.length + Buffer.byteLength(value), 0);
}

function invalid(message: string): ApiError {
  return new ApiError("INVALID_ARGUMENT", message);
}
