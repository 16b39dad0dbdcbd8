import { block, blocks } from "@cdktf-serverless-ml/terraform-json";
import type { Backoff } from "../core/backoff";
import type { EvaluatedResource } from "../core/emulator";
import { CLOUD_PLATFORM, type Identity } from "../core/identity";
import { duration, number, oneOf } from "../core/terraform-values";
import { burstOf } from "./token-bucket";

/** What a queue overrides in its tasks. */
export interface QueueTarget {
  readonly method?: string;
  readonly scheme?: string;
  readonly host?: string;
  /** 0 clears the port. */
  readonly port?: number;
  readonly path?: string;
  readonly query?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly identity?: Identity;
}

export interface QueueSettings {
  /** `projects/P/locations/L/queues/Q` */
  readonly name: string;
  readonly id: string;
  /** Dispatches a second. */
  readonly rate: number;
  readonly burst: number;
  readonly maxConcurrent: number;
  /** -1: unlimited. */
  readonly maxAttempts: number;
  /** Milliseconds; 0: unlimited. */
  readonly maxRetryDuration: number;
  readonly backoff: Backoff;
  readonly target?: QueueTarget;
}

/**
 * Defaults: 500 a second, 1000 at a time, 100 attempts, 0.1 s to 3600 s, 16 doublings
 * (https://docs.cloud.google.com/tasks/docs/configuring-queues).
 *
 * @throws Error for a value out of range or one that is not simulated
 */
export function queueSettings({ attributes }: EvaluatedResource, project: string, region: string): QueueSettings {
  const { name, location = region } = attributes;
  if (!/^[A-Za-z0-9-]{1,100}$/.test(name))
    throw new Error(`name is ${JSON.stringify(name)}; allowed: 1 to 100 of A-Za-z0-9-`);
  const limits = block(attributes, "rate_limits");
  const retry = block(attributes, "retry_config");
  const rate = number(limits, "max_dispatches_per_second", { min: 0.001, max: 500 }) ?? 500;
  const min = duration(retry, "min_backoff") ?? 100;
  const max = duration(retry, "max_backoff") ?? 3_600_000;
  if (min > max) throw new Error("RetryConfig.minBackoff must be less than or equal to RetryConfig.maxBackoff.");
  return {
    name: `projects/${attributes.project ?? project}/locations/${location}/queues/${name}`,
    id: name,
    rate,
    burst: burstOf(rate),
    maxConcurrent: number(limits, "max_concurrent_dispatches", { min: 1, max: 5000 }) ?? 1000,
    maxAttempts: number(retry, "max_attempts", { min: -1, max: Number.MAX_SAFE_INTEGER }) || 100,
    maxRetryDuration: duration(retry, "max_retry_duration") ?? 0,
    backoff: { min, max, maxDoublings: number(retry, "max_doublings", { min: 0, max: 100 }) ?? 16 },
    target: queueTarget(attributes),
  };
}

function queueTarget(attributes: EvaluatedResource["attributes"]): QueueTarget | undefined {
  const target = block(attributes, "http_target");
  if (!target) return undefined;
  const uri = block(target, "uri_override");
  oneOf(uri, "uri_override_enforce_mode", ["ALWAYS"]);
  const port = number(uri, "port", { min: 0, max: 65535 });
  const headers = blocks(target, "header_overrides").map((override) => {
    const header = block(override, "header");
    return [String(header?.key), String(header?.value)];
  });
  return {
    method: oneOf(target, "http_method", ["POST", "GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"]),
    scheme: oneOf(uri, "scheme", ["HTTP", "HTTPS"]),
    host: uri?.host || undefined,
    port,
    path: block(uri, "path_override")?.path ?? undefined,
    query: block(uri, "query_override")?.query_params ?? undefined,
    headers: Object.fromEntries(headers),
    identity: identityOf(target),
  };
}

/**
 * On a queue both e-mail and audience, or scope, must be given: `HttpTarget` in
 * google/cloud/tasks/v2beta3/target.proto.
 */
function identityOf(target: EvaluatedResource["attributes"]): Identity | undefined {
  const oidc = block(target, "oidc_token");
  const oauth = block(target, "oauth_token");
  if (oidc && oauth) throw new Error("http_target has an oidc_token and an oauth_token; allowed: one of them");
  if (oidc) {
    if (!oidc.service_account_email || !oidc.audience)
      throw new Error("http_target.oidc_token needs service_account_email and audience");
    return { kind: "oidc", email: oidc.service_account_email, audience: oidc.audience };
  }
  if (!oauth) return undefined;
  if (!oauth.service_account_email || !oauth.scope)
    throw new Error("http_target.oauth_token needs service_account_email and scope");
  oneOf(oauth, "scope", [CLOUD_PLATFORM]);
  return { kind: "oauth", email: oauth.service_account_email };
}
