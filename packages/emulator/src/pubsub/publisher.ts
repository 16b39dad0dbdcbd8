import type { Caller } from "../core/emulator";

/** A message as a publisher gives it. */
export interface PublishedMessage {
  readonly data: Buffer;
  readonly attributes: Readonly<Record<string, string>>;
  /** Messages of one key are delivered in their order, on subscriptions that ask for it. */
  readonly orderingKey?: string;
}

/**
 * Publishes for other emulators, such as notifications of Cloud Storage, with the same checks as
 * calls from outside.
 */
export interface TopicPublisher {
  /**
   * @param caller needs `pubsub.topics.publish` on the topic
   * @param topic `projects/P/topics/T`, or the same behind `//pubsub.googleapis.com/`
   * @returns the message's id
   * @throws ApiError PERMISSION_DENIED, NOT_FOUND, INVALID_ARGUMENT
   */
  publish(caller: Caller, topic: string, message: PublishedMessage): Promise<string>;
}
