import { ApiError } from "./api-error";

export interface FakeTask {
  name: string;
  dispatchDeadline: string;
  scheduleTime?: string;
  httpRequest: {
    url: string;
    httpMethod: string;
    headers: Record<string, string>;
    body: string;
    oidcToken?: { serviceAccountEmail: string; audience: string };
    oauthToken?: { serviceAccountEmail: string };
  };
}

export interface Published {
  topic: string;
  data: Buffer;
  attributes: Record<string, string>;
  orderingKey?: string;
}

// What Google's APIs refuse with 400, as far as the functions could ever send it.

const THIRTY_DAYS = 30 * 24 * 3_600_000;
const LARGEST_INT64 = 2n ** 63n - 1n;

/**
 * Half a surrogate pair is no text to a protobuf's JSON parser ("Missing low surrogate",
 * https://github.com/protocolbuffers/protobuf/blob/v21.12/src/google/protobuf/util/internal/json_stream_parser.cc).
 */
export function checkJson(value: unknown): void {
  if (typeof value === "string") {
    if (/\p{Cs}/u.test(value)) throw invalid("Invalid JSON payload received. Missing low surrogate.");
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      checkJson(key);
      checkJson(item);
    }
  }
}

/** Source: `Task` in google/cloud/tasks/v2/task.proto, https://docs.cloud.google.com/tasks/docs/quotas */
export function checkTask({ name, scheduleTime, dispatchDeadline, httpRequest }: FakeTask): void {
  if (!/^projects\/[^/]+\/locations\/[^/]+\/queues\/[^/]+\/tasks\/[A-Za-z0-9_-]{1,500}$/.test(name)) {
    throw invalid(`Task name is invalid: ${name}`);
  }
  const deadline = Number(/^(\d+)s$/.exec(dispatchDeadline)?.[1]);
  if (!(deadline >= 15 && deadline <= 1800)) throw invalid("Task.dispatchDeadline must be between [15s, 30m].");
  if (Buffer.byteLength(httpRequest.body, "base64") > 1024 ** 2) throw invalid("Task size too large");
  if (scheduleTime === undefined) return;
  if (!isTimestamp(scheduleTime)) throw invalid(`Invalid value at 'task.schedule_time': ${scheduleTime}`);
  if (Date.parse(scheduleTime) - Date.now() > THIRTY_DAYS) {
    throw invalid("Task.scheduleTime must be at most 30 days in the future.");
  }
}

/**
 * Of a day that the calendar has, from year 1 on: `Timestamp` in google/protobuf/timestamp.proto.
 */
function isTimestamp(text: string): boolean {
  const [, day] = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/.exec(text) ?? [];
  const midnight = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime()) || Number.isNaN(Date.parse(text))) return false;
  return midnight.toISOString().startsWith(`${day}T`) && Date.parse(text) >= Date.parse("0001-01-01T00:00:00Z");
}

/** Source: https://docs.cloud.google.com/pubsub/quotas#resource_limits */
export function checkMessage({ data, attributes }: Published): void {
  const entries = Object.entries(attributes);
  const bytes = entries.flat().reduce((sum, text) => sum + Buffer.byteLength(text), data.length);
  if (bytes > 10_000_000) throw invalid(`The request has ${bytes} bytes; allowed: 10000000`);
  if (entries.length > 100) throw invalid(`The message has ${entries.length} attributes; allowed: 100`);
  for (const [key, value] of entries) {
    if (key === "" || key.startsWith("goog") || Buffer.byteLength(key) > 256) throw invalid(`Bad attribute key ${key}`);
    if (Buffer.byteLength(value) > 1024) throw invalid(`The value of attribute ${key} is too long`);
  }
}

/** Source: https://docs.cloud.google.com/storage/docs/objects#naming */
export function checkObject(name: string, generation: string | null): void {
  const bytes = Buffer.byteLength(name);
  const isBad = name === "." || name === ".." || name.startsWith(".well-known/acme-challenge/") || /[\r\n]/.test(name);
  if (bytes < 1 || bytes > 1024 || isBad) throw invalid(`Invalid object name: ${name}`);
  if (generation && !(/^\d+$/.test(generation) && BigInt(generation) <= LARGEST_INT64)) {
    throw invalid(`Invalid value for generation: ${generation}`);
  }
}

function invalid(message: string): ApiError {
  return new ApiError(400, "INVALID_ARGUMENT", message);
}
