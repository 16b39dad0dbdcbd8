import type { Wire } from "../core/values";
import type { QueueSettings } from "./queue-settings";
import type { QueuedTask } from "./queued-task";
import { METHODS } from "./task";

/** Source: `Task.View` in google/cloud/tasks/v2/task.proto. */
export const VIEWS = { VIEW_UNSPECIFIED: 0, BASIC: 1, FULL: 2 } as const;

export type View = keyof typeof VIEWS;

const STATES = { STATE_UNSPECIFIED: 0, RUNNING: 1, PAUSED: 2, DISABLED: 3 };

/** `google.cloud.tasks.v2.Task`; the body is in the full view only. */
export function taskResource(task: QueuedTask, queue: string, view: View, wire: Wire): object {
  const { identity } = task;
  const token = identity && {
    [identity.kind === "oidc" ? "oidcToken" : "oauthToken"]: {
      serviceAccountEmail: identity.email,
      ...(identity.kind === "oidc" ? { audience: identity.audience ?? task.url } : {}),
    },
  };
  return {
    name: `${queue}/tasks/${task.id}`,
    httpRequest: {
      url: task.url,
      httpMethod: wire.enumeration(task.method, METHODS),
      headers: { ...task.headers, "User-Agent": "Google-Cloud-Tasks" },
      ...(view === "FULL" ? { body: wire.bytes(task.body) } : {}),
      ...token,
    },
    scheduleTime: wire.time(task.time),
    createTime: wire.time(Math.floor(task.created / 1000) * 1000),
    dispatchDeadline: wire.duration(task.deadline),
    ...(task.dispatchCount > 0 ? attempts(task, wire) : {}),
    view: wire.enumeration(view, VIEWS),
  };
}

function attempts(task: QueuedTask, wire: Wire): object {
  const answered = task.lastResponse > 0 && !task.running;
  return {
    dispatchCount: task.dispatchCount,
    responseCount: task.responseCount,
    firstAttempt: { dispatchTime: wire.time(task.firstDispatch) },
    lastAttempt: {
      dispatchTime: wire.time(task.lastDispatch),
      ...(answered ? { responseTime: wire.time(task.lastResponse), responseStatus: statusOf(task.lastStatus) } : {}),
    },
  };
}

/** `google.rpc.Status` of an HTTP status, as google/rpc/code.proto pairs them. */
function statusOf(http: number): object {
  const codes: Record<number, number> = {
    400: 3,
    401: 16,
    403: 7,
    404: 5,
    409: 10,
    429: 8,
    499: 1,
    501: 12,
    503: 14,
    504: 4,
  };
  return { code: codes[http] ?? (http >= 500 ? 13 : 2), message: `HTTP status code ${http}` };
}

/** `google.cloud.tasks.v2.Queue` */
export function queueResource(settings: QueueSettings, wire: Wire): object {
  return {
    name: settings.name,
    rateLimits: {
      maxDispatchesPerSecond: settings.rate,
      maxBurstSize: settings.burst,
      maxConcurrentDispatches: settings.maxConcurrent,
    },
    retryConfig: {
      maxAttempts: settings.maxAttempts,
      ...(settings.maxRetryDuration > 0 ? { maxRetryDuration: wire.duration(settings.maxRetryDuration) } : {}),
      minBackoff: wire.duration(settings.backoff.min),
      maxBackoff: wire.duration(settings.backoff.max),
      maxDoublings: settings.backoff.maxDoublings,
    },
    state: wire.enumeration("RUNNING", STATES),
  };
}
