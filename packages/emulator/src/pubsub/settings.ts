import { block } from "@cdktf-serverless-ml/terraform-json";
import type { EvaluatedResource } from "../core/emulator";
import type { Identity } from "../core/identity";
import { duration, number } from "../core/terraform-values";
import { type Filter, parseFilter } from "./filter";

export interface PushSettings {
  readonly endpoint: string;
  readonly identity?: Identity;
}

export interface SubscriptionSettings {
  /** `projects/P/subscriptions/S` */
  readonly name: string;
  readonly id: string;
  /** `projects/P/topics/T` */
  readonly topic: string;
  /** Milliseconds; also the time that a push request may take. */
  readonly ackDeadline: number;
  readonly ordered: boolean;
  readonly filter?: Filter;
  /** Milliseconds; undefined: redelivered as soon as possible. */
  readonly retry?: { readonly min: number; readonly max: number };
  readonly deadLetter?: { readonly topic: string; readonly maxAttempts: number };
  readonly push?: PushSettings;
}

const MAX_BACKOFF = 600_000;
const DAY = 86_400_000;

/**
 * `projects/P/topics/T` of what Terraform or another service calls the topic: its id, its full
 * name, or with the host before it.
 */
export function topicName(topic: string, project: string): string {
  const full = topic.replace(/^\/\/pubsub\.googleapis\.com\//, "");
  return full.includes("/") ? full : `projects/${project}/topics/${full}`;
}

/** @throws Error for a name that Pub/Sub does not allow */
export function checkName(name: string): string {
  if (/^(?!goog)[A-Za-z][\w.~+%-]{2,254}$/.test(name)) return name;
  throw new Error(
    `name is ${JSON.stringify(name)}; allowed: a letter, then 2 to 254 of A-Za-z0-9-_.~+%; not beginning with goog`,
  );
}

/**
 * Ranges and defaults: google/pubsub/v1/pubsub.proto.
 *
 * @throws Error for what is out of range or not simulated
 */
export function subscriptionSettings({ attributes }: EvaluatedResource, inProject: string): SubscriptionSettings {
  const project = attributes.project ?? inProject;
  const id = checkName(attributes.name);
  // Both matter to what is not simulated only: to deliver exactly once, and to Seek.
  for (const flag of ["enable_exactly_once_delivery", "retain_acked_messages"]) {
    if (attributes[flag] === true) throw new Error(`${flag} is not simulated`);
  }
  const retention = duration(attributes, "message_retention_duration") ?? 7 * DAY;
  if (retention < 600_000 || retention > 31 * DAY)
    throw new Error("message_retention_duration is out of range; allowed: 600s to 2678400s");
  const ackDeadline = number(attributes, "ack_deadline_seconds", { min: 0, max: 600 }) || 10;
  if (ackDeadline < 10) throw new Error(`ack_deadline_seconds is ${ackDeadline}; allowed: 10 to 600`);
  return {
    name: `projects/${project}/subscriptions/${id}`,
    id,
    topic: topicName(attributes.topic, project),
    ackDeadline: ackDeadline * 1000,
    ordered: attributes.enable_message_ordering === true,
    filter: attributes.filter ? parseFilter(attributes.filter) : undefined,
    retry: retryOf(attributes),
    deadLetter: deadLetterOf(attributes, project),
    push: pushOf(attributes),
  };
}

type Attributes = EvaluatedResource["attributes"];

function retryOf(attributes: Attributes): SubscriptionSettings["retry"] {
  const policy = block(attributes, "retry_policy");
  if (!policy) return undefined;
  const min = duration(policy, "minimum_backoff") ?? 10_000;
  const max = duration(policy, "maximum_backoff") ?? MAX_BACKOFF;
  if (min > MAX_BACKOFF || max > MAX_BACKOFF) throw new Error("retry_policy is out of range; allowed: 0s to 600s");
  if (min > max) throw new Error("retry_policy.minimum_backoff is longer than maximum_backoff");
  return { min, max };
}

function deadLetterOf(attributes: Attributes, project: string): SubscriptionSettings["deadLetter"] {
  const policy = block(attributes, "dead_letter_policy");
  if (!policy?.dead_letter_topic) return undefined;
  const maxAttempts = number(policy, "max_delivery_attempts", { min: 0, max: 100 }) || 5;
  if (maxAttempts < 5) throw new Error(`max_delivery_attempts is ${maxAttempts}; allowed: 5 to 100`);
  return { topic: topicName(policy.dead_letter_topic, project), maxAttempts };
}

function pushOf(attributes: Attributes): PushSettings | undefined {
  const push = block(attributes, "push_config");
  if (!push?.push_endpoint) return undefined;
  for (const [name, value] of Object.entries(push.attributes ?? {})) {
    if (name !== "x-goog-version" || value !== "v1")
      throw new Error(`push_config.attributes ${name}=${value} is not simulated; simulated: x-goog-version=v1`);
  }
  const token = block(push, "oidc_token");
  if (!token) return { endpoint: push.push_endpoint };
  const { service_account_email: email, audience } = token;
  return { endpoint: push.push_endpoint, identity: { kind: "oidc", email, audience: audience || undefined } };
}
