/** A message that a subscription keeps. */
export interface Kept {
  readonly id: string;
  readonly data: Buffer;
  readonly attributes: Record<string, string>;
  readonly orderingKey?: string;
  readonly publishTime?: string;
}

/**
 * Pull subscriptions: messages stay until they are acknowledged, and out of sight while they are
 * leased.
 */
export class FakeSubscriptions {
  private readonly messages = new Map<string, Map<string, Kept & { leased: boolean }>>();
  private leases = 0;

  /** @param subscription full name */
  keep(subscription: string, ...kept: readonly Kept[]): void {
    const messages = this.of(subscription);
    for (const message of kept) messages.set(message.id, { ...message, leased: false });
  }

  /** Ids of the messages that are still kept. */
  kept(subscription: string): string[] {
    return [...this.of(subscription).keys()];
  }

  /** Ids of the messages that nobody has on a lease. */
  free(subscription: string): string[] {
    return [...this.of(subscription).values()].filter(({ leased }) => !leased).map(({ id }) => id);
  }

  /** As if all leases had ended. */
  endLeases(): void {
    for (const messages of this.messages.values()) for (const message of messages.values()) message.leased = false;
  }

  clear(): void {
    this.messages.clear();
  }

  pull(subscription: string, { maxMessages }: { maxMessages: number }): object {
    const due = [...this.of(subscription).values()].filter(({ leased }) => !leased).slice(0, maxMessages);
    const receivedMessages = due.map((message) => {
      message.leased = true;
      const { id, data, attributes, orderingKey, publishTime = "2026-03-02T00:00:00.000Z" } = message;
      return {
        ackId: `${this.leases++}:${id}`,
        message: { messageId: id, data: data.toString("base64"), attributes, orderingKey, publishTime },
      };
    });
    return receivedMessages.length > 0 ? { receivedMessages } : {};
  }

  acknowledge(subscription: string, { ackIds }: { ackIds: string[] }): object {
    for (const ackId of ackIds) this.of(subscription).delete(idOf(ackId));
    return {};
  }

  modifyAckDeadline(
    subscription: string,
    { ackIds, ackDeadlineSeconds }: { ackIds: string[]; ackDeadlineSeconds: number },
  ): object {
    for (const ackId of ackIds) {
      const message = this.of(subscription).get(idOf(ackId));
      if (message) message.leased = ackDeadlineSeconds > 0;
    }
    return {};
  }

  private of(subscription: string): Map<string, Kept & { leased: boolean }> {
    const messages = this.messages.get(subscription) ?? new Map();
    this.messages.set(subscription, messages);
    return messages;
  }
}

const idOf = (ackId: string) => ackId.slice(ackId.indexOf(":") + 1);
