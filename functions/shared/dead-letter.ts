import type { PermanentError } from "./errors";
import type { GoogleApi } from "./google-api";

/** Pub/Sub's limits: attributes in one message, bytes in one attribute's value. */
const MAX_ATTRIBUTES = 100;
const MAX_VALUE_BYTES = 1024;

export interface DeadLetter {
  /** The original bytes. */
  data: Buffer;
  reason: PermanentError;
  /** Where it comes from; never dropped. */
  origin: Record<string, string | undefined>;
  /** Attributes that it already had; dropped beyond Pub/Sub's limit of 100 in all. */
  attributes?: Record<string, string>;
}

/**
 * Hands work that can never succeed to a topic, with `deadLetterReason` and `deadLetterMessage`. Like every publish it may
 * happen twice; the task's or message's id among the attributes tells.
 *
 * @param topic `projects/P/topics/T`
 * @throws GoogleApiError when it could not be published: the work must then stay where it is.
 */
export async function publishDeadLetter(google: GoogleApi, topic: string, letter: DeadLetter): Promise<void> {
  const ours = Object.entries({
    deadLetterReason: letter.reason.code,
    deadLetterMessage: letter.reason.message,
    ...letter.origin,
  }).flatMap(([key, value]) => (value ? [[key, truncate(value)] as const] : []));
  // Pub/Sub keeps keys that begin with "goog" to itself.
  const theirs = Object.entries(letter.attributes ?? {}).filter(([key]) => !key.startsWith("goog"));
  await google({
    method: "POST",
    url: `https://pubsub.googleapis.com/v1/${topic}:publish`,
    idempotent: true,
    body: {
      messages: [
        {
          data: letter.data.toString("base64"),
          attributes: Object.fromEntries([...theirs.slice(0, MAX_ATTRIBUTES - ours.length), ...ours]),
        },
      ],
    },
  });
}

/** At most 1024 bytes of UTF-8, cut between characters. */
function truncate(value: string): string {
  const bytes = Buffer.from(value);
  if (bytes.length <= MAX_VALUE_BYTES) return value;
  return `${new TextDecoder().decode(bytes.subarray(0, MAX_VALUE_BYTES - 6)).replace(/\uFFFD$/, "")}…`;
}
