import { pubSub, RequestFailed, type RunningStack } from "@cdktf-serverless-ml/emulator";
import { poisonIn } from "../../shared/poison";

/** Messages of one pull request. Source: https://docs.cloud.google.com/pubsub/quotas */
const PAGE = 1000;
/** Milliseconds until it pulls again for messages that it did not acknowledge. */
const AGAIN = 10_000;

interface Received {
  readonly ackId: string;
  readonly message: { readonly messageId: string; readonly attributes?: Readonly<Record<string, string>> };
}

/**
 * Pulls from a subscription, as a service account that has the permission, and acknowledges
 * messages. It gives poison of kind `fail` back, and leaves poison of kind `kill` alone, as a
 * process that dies does. It pulls until these are in the dead-letter topic.
 */
export class PullConsumer {
  /**
   * Ids of the messages that were acknowledged, each as often as it was. A message that came back
   * has the id that it had at first.
   */
  readonly done: string[] = [];
  private waiting = false;
  private cancel = () => {};

  /** @param subscription full name */
  constructor(
    private readonly running: RunningStack,
    readonly subscription: string,
  ) {
    running.alsoPending(() => (this.waiting ? this.held : 0));
    running.onStop(async () => this.cancel());
  }

  /**
   * Pulls all messages that are due.
   *
   * @throws RequestFailed, also if no service account has the permission
   */
  async pull(): Promise<void> {
    for (;;) {
      const { receivedMessages = [] } = await this.ask<{ receivedMessages?: Received[] }>("pull", {
        maxMessages: PAGE,
      });
      if (receivedMessages.length === 0) break;
      const kinds = receivedMessages.map((received) => ({ ...received, poison: poisonOf(received) }));
      const acknowledged = kinds.filter(({ poison }) => poison === undefined);
      const failed = kinds.filter(({ poison }) => poison === "fail");
      if (acknowledged.length > 0) {
        await this.ask("acknowledge", { ackIds: acknowledged.map(({ ackId }) => ackId) });
        this.done.push(
          ...acknowledged.map(({ message: { messageId, attributes } }) => {
            return attributes?.redriveMessageId ?? messageId;
          }),
        );
      }
      if (failed.length > 0) {
        await this.ask("modifyAckDeadline", { ackIds: failed.map(({ ackId }) => ackId), ackDeadlineSeconds: 0 });
      }
    }
    if (!this.waiting && this.held > 0) this.pullLater();
  }

  private pullLater(): void {
    const { clock } = this.running.parts;
    this.waiting = true;
    this.cancel = clock.at(clock.now() + AGAIN, async () => {
      try {
        await this.pull();
        this.waiting = false;
        if (this.held > 0) this.pullLater();
      } catch (error) {
        this.waiting = false;
        // The run keeps denials. Other failures show as messages that stay pending.
        if (!(error instanceof RequestFailed)) throw error;
      }
    });
  }

  /** Messages that are neither acknowledged nor forwarded. */
  private get held(): number {
    return this.running.service(pubSub).held(this.subscription).length;
  }

  private ask<T>(method: string, body: object): Promise<T> {
    const client = this.running.client(this.running.holderOf("pubsub.subscriptions.consume", this.subscription));
    return client.json<T>("POST", `https://pubsub.googleapis.com/v1/${this.subscription}:${method}`, body);
  }
}

function poisonOf({ message: { attributes = {} } }: Received): "fail" | "kill" | undefined {
  return poisonIn(JSON.stringify(attributes));
}
