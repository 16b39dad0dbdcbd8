import { ApiError } from "../core/api-error";
import { readBytes, readText, readTexts, rejectUnknownFields, type Wire } from "../core/values";
import type { PublishedMessage } from "./publisher";

/** A message as it is kept. */
export interface Message extends PublishedMessage {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly publishTime: number;
}

/** Source: https://docs.cloud.google.com/pubsub/quotas#resource_limits */
const MAX_BYTES = 10_000_000;
const MAX_MESSAGES = 1000;
const MAX_ATTRIBUTES = 100;
const MAX_KEY_BYTES = 256;
const MAX_VALUE_BYTES = 1024;
const MAX_ORDERING_KEY_BYTES = 1024;

const FIELDS = ["data", "attributes", "orderingKey", "messageId", "publishTime"];

/**
 * Reads `PublishRequest.messages`, over either protocol.
 *
 * @throws ApiError INVALID_ARGUMENT
 */
export function readMessages(given: unknown): PublishedMessage[] {
  if (!Array.isArray(given) || given.length === 0) throw invalid("The request must contain at least one message.");
  if (given.length > MAX_MESSAGES) throw invalid(`The request has ${given.length} messages; allowed: ${MAX_MESSAGES}.`);
  const messages = given.map((message, index) => {
    const at = `messages[${index}]`;
    rejectUnknownFields(message ?? {}, FIELDS, at);
    return {
      data: readBytes(message?.data, `${at}.data`),
      attributes: readTexts(message?.attributes, `${at}.attributes`),
      orderingKey: readText(message?.orderingKey, `${at}.ordering_key`) || undefined,
    };
  });
  if (new Set(messages.map(({ orderingKey }) => orderingKey)).size > 1) {
    throw invalid("All messages of a request must have the same ordering key.");
  }
  checkMessages(messages);
  const key = messages.flatMap(({ attributes }) => Object.keys(attributes)).find((key) => key.startsWith("goog"));
  if (key !== undefined) throw invalid(`The attribute key "${key}" begins with "goog".`);
  return messages;
}

/** @throws ApiError INVALID_ARGUMENT for what exceeds Pub/Sub's limits */
export function checkMessages(messages: readonly PublishedMessage[]): void {
  const bytes = messages.reduce((sum, message) => sum + sizeOf(message), 0);
  if (bytes > MAX_BYTES) throw invalid(`The request has ${bytes} bytes; allowed: ${MAX_BYTES}.`);
  for (const { data, attributes, orderingKey = "" } of messages) {
    const entries = Object.entries(attributes);
    if (data.length === 0 && entries.length === 0) {
      throw invalid("A message must have non-empty data, or at least one attribute.");
    }
    if (entries.length > MAX_ATTRIBUTES) {
      throw invalid(`The message has ${entries.length} attributes; allowed: ${MAX_ATTRIBUTES}.`);
    }
    if (Buffer.byteLength(orderingKey) > MAX_ORDERING_KEY_BYTES) {
      throw invalid(`The ordering key must have at most ${MAX_ORDERING_KEY_BYTES} bytes.`);
    }
    for (const [key, value] of entries) {
      if (key === "") throw invalid("An attribute key is empty.");
      if (Buffer.byteLength(key) > MAX_KEY_BYTES)
        throw invalid(`An attribute key must have at most ${MAX_KEY_BYTES} bytes.`);
      if (Buffer.byteLength(value) > MAX_VALUE_BYTES) {
        throw invalid(`The value of attribute "${key}" must have at most ${MAX_VALUE_BYTES} bytes.`);
      }
    }
  }
}

/** `google.pubsub.v1.PubsubMessage` */
export function messageResource(message: Message, wire: Wire): object {
  return {
    ...(message.data.length > 0 ? { data: wire.bytes(message.data) } : {}),
    ...(Object.keys(message.attributes).length > 0 ? { attributes: message.attributes } : {}),
    messageId: message.id,
    publishTime: wire.time(message.publishTime),
    ...(message.orderingKey ? { orderingKey: message.orderingKey } : {}),
  };
}

/** Bytes of data, attributes and ordering key. */
export function sizeOf({ data, attributes, orderingKey = "" }: PublishedMessage): number {
  const texts = Object.entries(attributes).flat();
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), data.length + Buffer.byteLength(orderingKey));
}

function invalid(message: string): ApiError {
  return new ApiError("INVALID_ARGUMENT", message);
}
