import type { Invocation, Tokens } from "../core/emulator";
import { bearer, type Identity } from "../core/identity";
import type { QueueSettings, QueueTarget } from "./queue-settings";
import type { QueuedTask } from "./queued-task";

/** The identity whose token the request carries. The queue's takes precedence. */
export function identityOf(task: QueuedTask, target: QueueTarget | undefined): Identity | undefined {
  return target?.identity ?? task.identity;
}

/**
 * The request of an attempt. Headers:
 * https://docs.cloud.google.com/tasks/docs/creating-http-target-tasks; that retries carry an empty
 * `TaskRetryReason`, and that 5xx answers do not count as executions, is recorded from the real
 * service (github.com/aertje/cloud-tasks-emulator, conformance/golden/dispatch.json).
 *
 * @throws TypeError for a URL that cannot be parsed
 */
export function requestOf(task: QueuedTask, { id, target }: QueueSettings, tokens: Tokens): Invocation {
  const url = target ? overridden(task.url, target) : new URL(task.url).href;
  const method = target?.method ?? task.method;
  const identity = identityOf(task, target);
  let given = task.headers;
  for (const [name, value] of Object.entries(target?.headers ?? {})) given = { ...without(given, name), [name]: value };
  const headers = {
    ...(identity ? without(given, "Authorization") : given),
    ...(identity && { Authorization: bearer(tokens, identity, url) }),
    "User-Agent": "Google-Cloud-Tasks",
    "X-CloudTasks-QueueName": id,
    "X-CloudTasks-TaskName": task.id,
    "X-CloudTasks-TaskRetryCount": String(task.dispatchCount - 1),
    "X-CloudTasks-TaskExecutionCount": String(task.executionCount),
    "X-CloudTasks-TaskETA": (task.time / 1000).toFixed(6),
    ...(task.dispatchCount > 1 && {
      "X-CloudTasks-TaskRetryReason": "",
      ...(task.lastStatus && { "X-CloudTasks-TaskPreviousResponse": String(task.lastStatus) }),
    }),
  };
  // A queue that overrides the method with GET drops the body: `HttpTarget.http_method`,
  // v2beta3/target.proto.
  const body = ["POST", "PUT", "PATCH"].includes(method) ? task.body : Buffer.alloc(0);
  return { url, method, headers, body, deadline: task.deadline };
}

/** The last URL of each target, since tasks of a queue often have the same, and parsing takes time. */
const last = new WeakMap<QueueTarget, { readonly given: string; readonly url: string }>();

function overridden(given: string, target: QueueTarget): string {
  let known = last.get(target);
  if (known?.given !== given) {
    known = { given, url: override(given, target) };
    last.set(target, known);
  }
  return known.url;
}

/** Source: `UriOverride` in google/cloud/tasks/v2beta3/target.proto, mode ALWAYS. */
function override(given: string, { scheme, host, port, path, query }: QueueTarget): string {
  const url = new URL(given);
  if (scheme) url.protocol = `${scheme.toLowerCase()}:`;
  if (host) url.hostname = host;
  if (port !== undefined) url.port = port === 0 ? "" : String(port);
  if (path !== undefined) url.pathname = path;
  if (query !== undefined) url.search = query;
  return url.href;
}

/** Headers without one of them, in whatever case its name is there. */
function without(headers: Readonly<Record<string, string>>, name: string): Readonly<Record<string, string>> {
  const lower = name.toLowerCase();
  const names = Object.keys(headers);
  if (!names.some((each) => each.toLowerCase() === lower)) return headers;
  return Object.fromEntries(Object.entries(headers).filter(([each]) => each.toLowerCase() !== lower));
}
