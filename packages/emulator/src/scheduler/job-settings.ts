import { block } from "@cdktf-serverless-ml/terraform-json";
import type { Backoff } from "../core/backoff";
import type { EvaluatedResource } from "../core/emulator";
import { CLOUD_PLATFORM, type Identity } from "../core/identity";
import { duration, number, oneOf } from "../core/terraform-values";
import { Cron } from "./cron";

export interface JobSettings {
  /** `projects/P/locations/L/jobs/J` */
  readonly name: string;
  readonly id: string;
  readonly description?: string;
  readonly schedule: string;
  readonly timeZone: string;
  readonly cron: Cron;
  readonly paused: boolean;
  /** Milliseconds. */
  readonly attemptDeadline: number;
  readonly retryCount: number;
  /** Milliseconds; 0: unlimited. */
  readonly maxRetryDuration: number;
  readonly backoff: Backoff;
  readonly target: JobTarget;
}

export interface JobTarget {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly identity?: Identity;
}

export const METHODS = ["POST", "GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"] as const;

/**
 * Headers that Cloud Scheduler computes itself: `HttpTarget.headers` in
 * google/cloud/scheduler/v1/target.proto.
 */
const RESERVED_HEADER = /^(host|content-length|user-agent|x-google-.*|x-appengine-.*|x-cloudscheduler.*)$/i;
const HOUR = 3_600_000;

type Attributes = EvaluatedResource["attributes"];

/**
 * Ranges and defaults: google/cloud/scheduler/v1/job.proto.
 *
 * @throws Error for what is out of range or not simulated
 */
export function jobSettings({ attributes }: EvaluatedResource, project: string, inRegion: string): JobSettings {
  const { name, region = inRegion, schedule, time_zone: timeZone = "Etc/UTC" } = attributes;
  if (!/^[A-Za-z0-9_-]{1,500}$/.test(name))
    throw new Error(`name is ${JSON.stringify(name)}; allowed: 1 to 500 of A-Za-z0-9-_`);
  const retry = block(attributes, "retry_config");
  const attemptDeadline = duration(attributes, "attempt_deadline") ?? 180_000;
  if (attemptDeadline < 15_000 || attemptDeadline > 1_800_000)
    throw new Error("attempt_deadline is out of range; allowed: 15s to 1800s");
  return {
    name: `projects/${attributes.project ?? project}/locations/${region}/jobs/${name}`,
    id: name,
    description: attributes.description,
    schedule,
    timeZone,
    cron: new Cron(String(schedule ?? ""), timeZone),
    paused: attributes.paused === true,
    attemptDeadline,
    retryCount: number(retry, "retry_count", { min: 0, max: 5 }) ?? 0,
    maxRetryDuration: duration(retry, "max_retry_duration") ?? 0,
    backoff: {
      min: duration(retry, "min_backoff_duration") ?? 5_000,
      max: duration(retry, "max_backoff_duration") ?? HOUR,
      maxDoublings: number(retry, "max_doublings", { min: 0, max: 100 }) ?? 5,
    },
    target: targetOf(attributes),
  };
}

function targetOf(attributes: Attributes): JobTarget {
  const target = block(attributes, "http_target");
  if (!target) throw new Error("only jobs with an http_target are simulated");
  if (!/^https?:\/\//i.test(target.uri))
    throw new Error(`uri is ${JSON.stringify(target.uri)}; allowed: http:// or https://`);
  const method = oneOf(target, "http_method", METHODS) ?? "POST";
  const body = Buffer.from(target.body ?? "", "base64");
  if (body.length > 0 && !["POST", "PUT", "PATCH"].includes(method))
    throw new Error(`a body is allowed only with POST, PUT or PATCH; http_method is ${method}`);
  const given = Object.entries<string>(target.headers ?? {}).filter(([name]) => !RESERVED_HEADER.test(name));
  const typed = body.length === 0 || given.some(([name]) => name.toLowerCase() === "content-type");
  const defaults = typed ? [] : [["Content-Type", "application/octet-stream"] as const];
  return {
    url: target.uri,
    method,
    headers: Object.fromEntries([...defaults, ...given]),
    body,
    identity: identityOf(target),
  };
}

function identityOf(target: Attributes): Identity | undefined {
  const oidc = block(target, "oidc_token");
  const oauth = block(target, "oauth_token");
  if (oidc && oauth) throw new Error("http_target has an oidc_token and an oauth_token; allowed: one of them");
  if (oidc) return { kind: "oidc", email: oidc.service_account_email, audience: oidc.audience || undefined };
  if (!oauth) return undefined;
  oneOf(oauth, "scope", [CLOUD_PLATFORM]);
  return { kind: "oauth", email: oauth.service_account_email };
}
