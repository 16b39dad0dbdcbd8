import { type Billing, type Charge, messageIn } from "../core/billing";
import { sizeOf } from "./message";
import type { PublishedMessage } from "./publisher";

/** Of a request, however small its messages are. */
const MINIMUM = 1000;
const TIMESTAMP = 20;

/**
 * Publish requests and deliveries by pull, streaming pull and push are billed by the bytes of their
 * messages, at least 1000 a request: data, attributes, 20 for the timestamp, and the message's id. Other
 * operations are free. Source: https://cloud.google.com/pubsub/pricing
 */
export const pubSubBilling: Billing = ({ item, isWorker, method, body, status, reply, stream }) => {
  if (item?.startsWith("subscription ")) return volume([messageIn(body)?.message]);
  if (isWorker || status < 200 || status > 299) return [];
  if (method.endsWith("Publisher/Publish")) {
    const ids: readonly string[] = messageIn(reply)?.messageIds ?? [];
    const messages: readonly object[] = messageIn(body)?.messages ?? [];
    return volume(messages.map((message, at) => ({ ...message, messageId: ids[at] })));
  }
  const isDelivery = method.endsWith("Subscriber/Pull") || (method.endsWith("/StreamingPull") && stream === "out");
  const received: { message: object }[] = (isDelivery && messageIn(reply)?.receivedMessages) || [];
  return received.length === 0 ? [] : volume(received.map(({ message }) => message));
};

/** What Google's own services publish: notifications, dead letters of subscriptions. */
export function publishCharge(message: PublishedMessage, id: string): Charge {
  return { metered: "pubsub.bytes", quantity: Math.max(MINIMUM, sizeOf(message) + TIMESTAMP + id.length) };
}

// biome-ignore lint/suspicious/noExplicitAny: a message as JSON or as protobufjs has it.
function volume(messages: readonly any[]): readonly Charge[] {
  const bytes = messages.reduce((sum: number, { data = "", attributes = {}, messageId = "", orderingKey } = {}) => {
    const bytes = Buffer.from(data, typeof data === "string" ? "base64" : undefined);
    return sum + sizeOf({ data: bytes, attributes, orderingKey }) + TIMESTAMP + String(messageId).length;
  }, 0);
  return [{ metered: "pubsub.bytes", quantity: Math.max(MINIMUM, bytes) }];
}
