import type { Wire } from "../core/values";
import type { Job } from "./job";
import { METHODS } from "./job-settings";

const STATES = { STATE_UNSPECIFIED: 0, ENABLED: 1, PAUSED: 2, DISABLED: 3, UPDATE_FAILED: 4 };

/** `HttpMethod` in google/cloud/scheduler/v1/target.proto numbers them from 1 on. */
const METHOD_NUMBERS = Object.fromEntries(METHODS.map((method, index) => [method, index + 1]));

/** `google.cloud.scheduler.v1.Job` */
export function jobResource({ settings, lastAttempt, lastStatus }: Job, now: number, wire: Wire): object {
  const { target, backoff } = settings;
  const token = target.identity && {
    [target.identity.kind === "oidc" ? "oidcToken" : "oauthToken"]: {
      serviceAccountEmail: target.identity.email,
      ...(target.identity.kind === "oidc" ? { audience: target.identity.audience ?? target.url } : {}),
    },
  };
  return {
    name: settings.name,
    ...(settings.description ? { description: settings.description } : {}),
    schedule: settings.schedule,
    timeZone: settings.timeZone,
    state: wire.enumeration(settings.paused ? "PAUSED" : "ENABLED", STATES),
    scheduleTime: wire.time(settings.cron.next(now)),
    attemptDeadline: wire.duration(settings.attemptDeadline),
    httpTarget: {
      uri: target.url,
      httpMethod: wire.enumeration(target.method, METHOD_NUMBERS),
      headers: target.headers,
      ...(target.body.length > 0 ? { body: wire.bytes(target.body) } : {}),
      ...token,
    },
    retryConfig: {
      retryCount: settings.retryCount,
      maxRetryDuration: wire.duration(settings.maxRetryDuration),
      minBackoffDuration: wire.duration(backoff.min),
      maxBackoffDuration: wire.duration(backoff.max),
      maxDoublings: backoff.maxDoublings,
    },
    ...(lastAttempt === undefined ? {} : { lastAttemptTime: wire.time(lastAttempt) }),
    ...(lastStatus === undefined ? {} : { status: statusOf(lastStatus) }),
  };
}

function statusOf(http: number): object {
  if (http >= 200 && http < 300) return {};
  return http === 0 ? { code: 14, message: "No answer" } : { code: 2, message: `HTTP status code ${http}` };
}
