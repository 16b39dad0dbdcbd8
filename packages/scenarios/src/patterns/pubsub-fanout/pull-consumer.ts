import { pubSub, RequestFailed, type RunningStack } from "@cdktf-serverless-ml/emulator";
import { poisonIn } from "../../shared/poison";

/** Messages asked for at once. Source: https://docs.cloud.google.com/pubsub/quotas */
const PAGE = 1000;
/** Milliseconds until it looks again for what it did not acknowledge. */
const AGAIN = 10_000;

interface Received {
  readonly ackId: string;
  readonly message: { readonly messageId: string; readonly attributes?: Readonly<Record<string, string>> };
}

/**
 * Pulls from a subscription as whoever may consume it, and acknowledges what it gets. What shows poison it gives back, or forgets
 * as one does whose process dies; it pulls again until such messages are in their dead letter topic.
 */
export class PullConsumer {
  /** Ids of messages, as often as they were acknowledged. */
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

  /** Pulls all that is due. Where nobody may, the client's refusal says so. @throws RequestFailed */
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
        this.done.push(...acknowledged.map(({ message }) => message.messageId));
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
        // Denials are kept by the run; of what failed otherwise the messages that are left tell.
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
