import * as v from "valibot";
import {
  commonVariables,
  json,
  queueName,
  serviceAccountEmail,
  subscriptionName,
  topicName,
} from "../shared/environment";

const workerSchema = v.object({
  /** Where its tasks go. Absent for a queue with an HTTP target of its own. */
  url: v.optional(v.pipe(v.string(), v.regex(/^https:\/\/[^\s/]+(\/\S*)?$/, "an https:// URL"))),
  /** Seconds that one attempt may take, 15 to 1800. */
  deadlineSeconds: v.pipe(v.number(), v.integer(), v.minValue(15), v.maxValue(1800)),
});

const queueSchema = v.object({
  /** `projects/P/locations/L/queues/Q` */
  name: queueName,
  /** Service account for the tokens of its tasks. Absent for a queue with a target of its own. */
  tokenIdentity: v.optional(serviceAccountEmail),
  /** Workers of the queue, by the names of their Cloud Run services. */
  workers: v.record(v.string(), workerSchema),
});

const originSchema = v.object({
  /** Subscription that keeps the dead letters, `projects/P/subscriptions/S`. */
  kept: subscriptionName,
  /** Queues whose tasks it keeps, by their ids. */
  queues: v.record(v.string(), queueSchema),
  /**
   * Topics that bring messages back to a subscriber, by the ids of the subscriptions that failed.
   */
  topics: v.record(v.string(), topicName),
});

/** Where the letters of one dead letter come from. */
export type Origin = v.InferOutput<typeof originSchema>;

export const environmentSchema = v.object({
  ...commonVariables,
  /**
   * The dead letters, and where their letters come from, as JSON:
   * `[{ "kept", "queues": { "<id>": { "name", "tokenIdentity", "workers": { "<service>": { "url",
   * "deadlineSeconds" } } } }, "topics": { "<subscription>": "projects/P/topics/T" } }]`.
   */
  ORIGINS: json(v.pipe(v.array(originSchema), v.minLength(1, "at least one dead letter"))),
});

export type DeadLetterRedriveEnvironment = v.InferInput<typeof environmentSchema>;
