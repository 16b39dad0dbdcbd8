import type { PermanentError } from "./errors";
import type { GoogleApi } from "./google-api";

/** Pub/Sub's limits: bytes in one publish, attributes in one message, bytes in an attribute's key and in its value. */
const MAX_PUBLISH_BYTES = 10_000_000;
const MAX_ATTRIBUTES = 100;
const MAX_KEY_BYTES = 256;
const MAX_VALUE_BYTES = 1024;

export interface DeadLetter {
  /** The original bytes. */
  data: Buffer;
  reason: PermanentError;
  /** Where it comes from; never dropped. */
  origin: Record<string, string | undefined>;
  /** Attributes that it already had; dropped beyond Pub/Sub's limit of 100 in all, and where Pub/Sub would refuse the key. */
  attributes?: Record<string, string>;
}

/**
 * Hands work that can never succeed to a topic, with `deadLetterReason` and `deadLetterMessage`. Like every publish it may
 * happen twice; the task's or message's id among the attributes tells.
 *
 * @param topic `projects/P/topics/T`
 * @throws GoogleApiError when it could not be published: the work must then stay where it is. The reason itself when the data
 *   are too large for any message: only what Pub/Sub would not have delivered, or just so.
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
        },
      ],
    },
  });
}

/** Pub/Sub keeps keys that begin with "goog" to itself. */
function isKey(key: string): boolean {
  return key !== "" && !key.startsWith("goog") && Buffer.byteLength(key) <= MAX_KEY_BYTES && !/\p{Cs}/u.test(key);
}

/** At most 1024 bytes of UTF-8, cut between characters. Half a surrogate pair, which Pub/Sub would refuse, becomes U+FFFD. */
function truncate(value: string): string {
  const bytes = Buffer.from(value);
  if (bytes.length <= MAX_VALUE_BYTES) return bytes.toString();
  return `${new TextDecoder().decode(bytes.subarray(0, MAX_VALUE_BYTES - 6)).replace(/\uFFFD$/, "")}…`;
}
