import { type PubSubMessage, pubSub, type RunningStack } from "@cdktf-serverless-ml/emulator";
import type { DeadLetterLine, DeadLetterList } from "../api-types";
import { viewOfAll } from "./body-view";
import { defined } from "./call-record";

const EMPTY = { size: 0, type: "text", text: "", cut: false } as const;
/** Of a letter that Pub/Sub itself has forwarded. */
export const DELIVERIES_FAILED = "its deliveries failed";

export interface KeptLetter {
  /** Id of the subscription that keeps it. */
  readonly subscription: string;
  readonly message: PubSubMessage;
}

/** The letters that a stack's dead letters keep. */
export function keptLetters(running: RunningStack): KeptLetter[] {
  const topics = running.index.deadLetterTopics();
  return running
    .named("google_pubsub_subscription")
    .filter(({ attributes }) => topics.has(attributes.topic))
    .map(({ attributes }) => String(attributes.name))
    .flatMap((subscription) =>
      running
        .service(pubSub)
        .held(subscription)
        .map((message) => ({ subscription, message })),
    );
}

/** By reason, the most frequent first. */
export function deadLettersOf(running: RunningStack): DeadLetterList {
  const groups = new Map<string, DeadLetterLine[]>();
  const { forwarded } = running.service(pubSub);
  for (const { subscription, message } of keptLetters(running)) {
    const { id, attributes } = message;
    const reason = reasonOfLetter(attributes) ?? DELIVERIES_FAILED;
    const letters = groups.get(reason) ?? [];
    groups.set(reason, letters);
    const { deadLetterMessageId, deadLetterTask, redriveMessageId } = attributes;
    // Where Pub/Sub forwarded it, it came back under the id of its first letter.
    const told = deadLetterMessageId ?? deadLetterTask ?? redriveMessageId ?? id;
    const originalId = forwarded.get(told) ?? (told === id ? undefined : told);
    letters.push({
      messageId: id,
      ...defined({ originalId }),
      subscription,
      published: message.publishTime,
      attributes,
      data: viewOfAll(message.data) ?? EMPTY,
      item: `message ${id}`,
      reason,
    });
  }
  const sorted = [...groups].sort(([, one], [, other]) => other.length - one.length);
  return { groups: sorted.map(([reason, letters]) => ({ reason, letters })) };
}

/** The sentence that a letter carries; undefined where Pub/Sub itself has forwarded it. */
export function reasonOfLetter(attributes: Readonly<Record<string, string>>): string | undefined {
  return attributes.deadLetterMessage ?? attributes.deadLetterReason;
}
