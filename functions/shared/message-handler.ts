import * as v from "valibot";
import { publishDeadLetter } from "./dead-letter";
import { PermanentError } from "./errors";
import { type HttpHandler, type Invocation, readBody, servePost } from "./http";
import { check, parseJson } from "./json";
import { countOf, type RedriveAttributes } from "./redrive";
import type { Services } from "./services";

/** Pub/Sub's largest message, 10 MB, in base64 and with its envelope. */
const MAX_BODY_BYTES = 15_000_000;
/** An envelope with Pub/Sub's 100 attributes has some 220 values, keys included. */
const MAX_ENVELOPE_VALUES = 1000;

const messageId = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,128}$/, "a message id"));
const timestamp = v.pipe(
  v.string(),
  v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/, "a UTC timestamp like 2026-01-31T12:00:00.000Z"),
);

const envelopeSchema = v.object({
  message: v.object({
    data: v.optional(v.pipe(v.string(), v.regex(/^[A-Za-z0-9+/]*={0,2}$/, "base64")), ""),
    attributes: v.optional(v.record(v.string(), v.string()), {}),
    messageId,
    publishTime: timestamp,
    orderingKey: v.optional(v.string()),
  }),
  subscription: v.pipe(
    v.string(),
    v.regex(
      /^projects\/[a-z0-9.:-]+\/subscriptions\/[A-Za-z0-9._~+%-]{3,255}$/,
      "a subscription name like projects/P/subscriptions/S",
    ),
  ),
  deliveryAttempt: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
});

type Envelope = v.InferOutput<typeof envelopeSchema>;

export interface MessageContext extends Invocation {
  /**
   * The message's id; the same on every delivery. A message that was put back from the dead letter
   * has the id that it had at first.
   */
  id: string;
  /** `projects/P/subscriptions/S` */
  subscription: string;
  /** Number of this delivery, from 1. Undefined when the subscription has no dead letter policy. */
  attempt?: number;
  /** UTC, RFC 3339; of the message as it was at first. */
  publishTime: string;
  /** Of the message as it was delivered. */
  attributes: Record<string, string>;
  /** Undefined when the publisher set none. */
  orderingKey?: string;
  /** How often it was put back from the dead letter; undefined for never. */
  redrives?: number;
}

/** The schema's output; without a schema the original bytes. */
type Payload<S> = S extends v.GenericSchema ? v.InferOutput<S> : Buffer;

export interface MessageHandlerOptions<S extends v.GenericSchema | undefined> {
  /** As `readEnvironment` gives it for `messageVariables`. */
  environment: { DEAD_LETTER_TOPIC?: string; REDRIVE_SUBSCRIPTION?: string };
  /** As `connect` gives them, or those of a test. */
  services: Services;
  /**
   * Schema of the message's JSON.
   *
   * @default - any bytes, as a Buffer
   */
  schema?: S;
  /** Does the work. Several calls for one message must have the effect of one. */
  handle: (payload: Payload<S>, context: MessageContext) => Promise<void>;
  /**
   * Largest data in bytes, up to Pub/Sub's limit of 10 MB.
   *
   * @default 1048576
   */
  maxBytes?: number;
}

/**
 * A function that a Pub/Sub push subscription (wrapped) calls. Answers 204 to acknowledge.
 *
 * A message that can never succeed (PermanentError, bad payload) goes to the dead letter topic with
 * the reason and is acknowledged. Without a topic, or where data and reason together exceed
 * Pub/Sub's 10 MB, the function answers 4xx and the subscription's own dead letter policy applies.
 *
 * Any other error is answered 5xx, after which Pub/Sub delivers again. A body that is not a Pub/Sub
 * envelope is answered 400.
 */
export function messageHandler<S extends v.GenericSchema | undefined = undefined>(
  options: MessageHandlerOptions<S>,
): HttpHandler {
  const { environment, services, schema, handle, maxBytes = 1024 ** 2 } = options;

  async function work(data: Buffer, context: MessageContext): Promise<void> {
    if (data.length > maxBytes) {
      throw new PermanentError("payload_too_large", `The data has ${data.length} bytes; allowed: ${maxBytes}`, 413);
    }
    const payload = schema ? check(schema, parseJson(data, "The data"), "The data") : data;
    await handle(payload as Payload<S>, context);
  }

  return servePost(services, async (request, invocation) => {
    const body = await readBody(request, MAX_BODY_BYTES);
    const envelope = check(envelopeSchema, parseJson(body, "The body", MAX_ENVELOPE_VALUES), "The Pub/Sub envelope");
    const { message, subscription, deliveryAttempt: attempt } = envelope;
    const first = firstOf(envelope, environment.REDRIVE_SUBSCRIPTION);
    const { id, redrives } = first;
    const log = invocation.log.with({ messageId: id, subscription, attempt, redrives });
    const data = Buffer.from(message.data, "base64");
    const { orderingKey } = message;
    try {
      await work(data, { ...first, subscription, attempt, orderingKey, log, signal: invocation.signal });
    } catch (error) {
      const topic = environment.DEAD_LETTER_TOPIC;
      if (!(error instanceof PermanentError) || !topic) throw error;
      await publishDeadLetter(services.google, topic, {
        data,
        reason: error,
        origin: origin(envelope, first, services),
        attributes: first.attributes,
        orderingKey,
      });
      log.warning(`Handed to the dead letter topic: ${error.code}`, { code: error.code });
    }
    return { status: 204 };
  });
}

type First = Pick<MessageContext, "id" | "publishTime" | "attributes" | "redrives">;

/**
 * The message as it was at first. Only messages of the redrive subscription say so themselves: who
 * publishes to the topic must not choose a message's id.
 */
function firstOf({ message, subscription }: Envelope, redriveSubscription: string | undefined): First {
  const { messageId: id, publishTime, attributes } = message;
  if (subscription !== redriveSubscription) return { id, publishTime, attributes };
  const { redriveMessageId, redrivePublishTime, redriveCount, ...own }: RedriveAttributes & Record<string, string> =
    attributes;
  return {
    id: v.is(messageId, redriveMessageId) ? redriveMessageId : id,
    publishTime: v.is(timestamp, redrivePublishTime) ? redrivePublishTime : publishTime,
    attributes: own,
    redrives: Math.max(1, countOf(redriveCount)),
  };
}

/** Same names as the attributes of Pub/Sub's own dead letters, so that one reader can read both. */
function origin({ subscription, deliveryAttempt }: Envelope, first: First, { name, service }: Services) {
  const [, project, , id] = subscription.split("/");
  return {
    deadLetterSource: "pubsub",
    deadLetterFunction: name,
    deadLetterService: service,
    deadLetterMessageId: first.id,
    deadLetterRedrives: first.redrives?.toString(),
    CloudPubSubDeadLetterSourceSubscription: id,
    CloudPubSubDeadLetterSourceSubscriptionProject: project,
    CloudPubSubDeadLetterSourceTopicPublishTime: first.publishTime,
    CloudPubSubDeadLetterSourceDeliveryCount: deliveryAttempt?.toString(),
  };
}
