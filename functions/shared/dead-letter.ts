import type { PermanentError } from "./errors";
import type { GoogleApi } from "./google-api";

/**
 * Pub/Sub's limits: bytes in one publish request, attributes in one message, bytes in an
 * attribute's key and in its value.
 */
const MAX_PUBLISH_BYTES = 10_000_000;
const MAX_ATTRIBUTES = 100;
const MAX_KEY_BYTES = 256;
const MAX_VALUE_BYTES = 1024;

export interface DeadLetter {
  /** The original bytes. */
  data: Buffer;
  /** Why the work can never succeed. */
  reason: PermanentError;
  /** Attributes that name the source. The dead letter always keeps them. */
  origin: Record<string, string | undefined>;
  /**
   * Attributes of the original message. The dead letter omits those beyond Pub/Sub's limit of 100
   * in all and those whose key Pub/Sub would reject.
   *
   * @default - no attributes
   */
  attributes?: Record<string, string>;
  /**
   * Ordering key of the original message.
   *
   * @default - none
   */
  orderingKey?: string;
}

/**
 * Sends work that can never succeed to a dead letter topic, with `deadLetterReason` and
 * `deadLetterMessage`. As with every publish request, the message may arrive twice; the id of the
 * task or message is among the attributes and identifies duplicates.
 *
 * @param topic `projects/P/topics/T`
 * @throws GoogleApiError when publishing failed; the work must then stay in its queue or
 *   subscription. Throws the reason itself when data and attributes exceed Pub/Sub's largest
 *   publish request.
 */
export async function publishDeadLetter(google: GoogleApi, topic: string, letter: DeadLetter): Promise<void> {
  const ours = Object.entries({
    deadLetterReason: letter.reason.code,
    deadLetterMessage: letter.reason.message,
    ...letter.origin,
  }).flatMap(([key, value]) => (value ? [[key, truncate(value)] as const] : []));
  const theirs = Object.entries(letter.attributes ?? {}).flatMap(([key, value]) =>
    isKey(key) ? [[key, truncate(value)] as const] : [],
  );
  const attributes = [...theirs.slice(0, MAX_ATTRIBUTES - ours.length), ...ours];
  const bytes = attributes.flat().reduce((sum, text) => sum + Buffer.byteLength(text), letter.data.length);
  if (bytes > MAX_PUBLISH_BYTES) throw letter.reason;
  await google({
    method: "POST",
    url: `https://pubsub.googleapis.com/v1/${topic}:publish`,
    idempotent: true,
    body: {
      messages: [
        {
          data: letter.data.toString("base64"),
          attributes: Object.fromEntries(attributes),
          orderingKey: letter.orderingKey,
        },
      ],
    },
  });
}

/** Pub/Sub reserves keys that begin with "goog". */
function isKey(key: string): boolean {
  return key !== "" && !key.startsWith("goog") && Buffer.byteLength(key) <= MAX_KEY_BYTES && !/\p{Cs}/u.test(key);
}

/**
 * At most 1024 bytes of UTF-8, cut between characters. Half a surrogate pair, which Pub/Sub would
 * reject, becomes U+FFFD.
 */
function truncate(value: string): string {
  const bytes = Buffer.from(value);
  if (bytes.length <= MAX_VALUE_BYTES) return bytes.toString();
  return `${new TextDecoder().decode(bytes.subarray(0, MAX_VALUE_BYTES - 6)).replace(/\uFFFD$/, "")}…`;
}
