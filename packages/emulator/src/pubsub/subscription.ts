import { serviceAgent } from "@cdktf-serverless-ml/terraform-json";
import { backoff } from "../core/backoff";
import type { EmulatorContext } from "../core/emulator";
import { rfc3339 } from "../core/values";
import { Backlog, type Delivery } from "./backlog";
import type { Message } from "./message";
import type { TopicPublisher } from "./publisher";
import type { SubscriptionSettings } from "./settings";

/**
 * What push and pull subscriptions share: which messages they accept, when they deliver again, and
 * when they give a message up.
 */
export class Subscription {
  readonly backlog: Backlog;
  /** Called when something may be due. The puller or pusher sets it. */
  onChange: () => void = () => {};

  constructor(
    private readonly context: EmulatorContext,
    private readonly publisher: TopicPublisher,
    readonly settings: SubscriptionSettings,
    private readonly forwarded: Map<string, string>,
  ) {
    this.backlog = new Backlog(settings.ordered);
  }

  /** @returns false where the filter acknowledges the message itself */
  offer(message: Message): boolean {
    if (this.settings.filter && !this.settings.filter(message.attributes)) return false;
    this.backlog.add(message, this.context.clock.now());
    this.onChange();
    return true;
  }

  /**
   * The attempt that subscribers see: only with a dead letter policy
   * (`ReceivedMessage.delivery_attempt`).
   */
  attemptToTell({ attempt }: Delivery): number | undefined {
    return this.settings.deadLetter && attempt;
  }

  acknowledge(delivery: Delivery): void {
    this.backlog.remove(delivery);
    this.onChange();
  }

  /**
   * After a nack or a missed deadline: to the dead letter topic once the attempts are spent, else
   * again later.
   */
  async fail(delivery: Delivery): Promise<void> {
    const { deadLetter } = this.settings;
    if (
      deadLetter &&
      delivery.attempt >= deadLetter.maxAttempts &&
      (await this.deadLetter(delivery, deadLetter.topic))
    ) {
      this.backlog.remove(delivery);
    } else {
      this.backlog.putBack(delivery, this.context.clock.now() + this.wait(delivery.attempt));
    }
    this.onChange();
  }

  /**
   * The curve is not documented. Ours: the minimum, doubled with every failure, up to the maximum.
   */
  private wait(failures: number): number {
    const { retry } = this.settings;
    return retry ? backoff(failures, { ...retry, maxDoublings: Number.POSITIVE_INFINITY }) : 0;
  }

  /**
   * Forwards a message. The service's own account does it, which "must have permission to Publish()
   * to this topic" and "to Acknowledge() messages on this subscription" (`DeadLetterPolicy` and
   * `Subscription.dead_letter_policy` in pubsub.proto); without them the message stays in the
   * subscription.
   *
   * @returns false if it stays
   */
  private async deadLetter({ message, attempt }: Delivery, topic: string): Promise<boolean> {
    const { authorizer, recorder, project, projectNumber } = this.context;
    const { name, id } = this.settings;
    const item = `subscription ${id} message ${message.id}`;
    const agent = { email: serviceAgent(projectNumber, "gcp-sa-pubsub"), item };
    let failure: Error | undefined;
    let forwarded = "";
    try {
      authorizer.require(agent, "pubsub.subscriptions.consume", name);
      forwarded = await this.publisher.publish(agent, topic, {
        data: message.data,
        orderingKey: message.orderingKey,
        attributes: {
          ...message.attributes,
          CloudPubSubDeadLetterSourceDeliveryCount: String(attempt),
          CloudPubSubDeadLetterSourceSubscription: id,
          CloudPubSubDeadLetterSourceSubscriptionProject: name.split("/")[1] ?? project,
          CloudPubSubDeadLetterSourceTopicPublishTime: rfc3339(message.publishTime),
        },
      });
    } catch (error) {
      failure = error as Error;
    }
    if (!failure) this.forwarded.set(forwarded, message.id);
    recorder.hop({
      from: `subscription ${id}`,
      to: `topic ${topic.split("/").at(-1)}`,
      what: `message ${message.id}`,
      attempt,
      status: failure ? "NOT_DEAD_LETTERED" : "DEAD_LETTERED",
      detail: failure?.message ?? `as message ${forwarded}`,
    });
    return !failure;
  }
}
