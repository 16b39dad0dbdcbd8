import type { PubsubSubscriptionIamMember } from "@cdktf/provider-google/lib/pubsub-subscription-iam-member";
import { TerraformStack } from "cdktf";
import { Construct } from "constructs";
import { Duration } from "../core/duration";
import type { IGrantable } from "../core/grantee";
import { Alerts } from "./alerts";
import type { EncryptionKey } from "./encryption-key";
import type { IDeadLetter } from "./publish-target";
import type { PullSubscription } from "./pull-subscription";
import { type ITopic, Topic } from "./topic";

/** Properties of {@link DeadLetter}. */
export interface DeadLetterProps {
  /**
   * Key that encrypts the messages.
   * @default - Google's keys
   */
  readonly encryptionKey?: EncryptionKey;
}

/**
 * Keeps messages and tasks that failed for good, with the reason. It is a topic with a subscription
 * that keeps messages for 31 days and never expires; a topic without a subscription would lose
 * them.
 */
export class DeadLetter extends Construct implements IDeadLetter {
  /**
   * A dead letter whose topic this app does not create. Its owner must keep a subscription on the
   * topic, or dead letters are lost. Reports InvalidName.
   *
   * @param topicName without `projects/…/topics/`
   */
  static fromName(scope: Construct, id: string, topicName: string): IDeadLetter {
    return new ImportedDeadLetter(scope, id, topicName);
  }

  /** Receives the dead letters. */
  readonly topic: Topic;
  /** Keeps the dead letters until they are pulled. */
  readonly subscription: PullSubscription;

  constructor(scope: Construct, id: string, props: DeadLetterProps = {}) {
    super(scope, id);
    this.topic = new Topic(this, "topic", { encryptionKey: props.encryptionKey });
    this.subscription = this.topic.addPullSubscription("kept", { retention: Duration.days(31) });
    Alerts.of(this).add(this, {
      title: `Dead letters in ${this.subscription.name}`,
      runbook: `Messages wait in \`${this.subscription.name}\`. Read them with \`gcloud pubsub subscriptions pull ${this.subscription.name} --limit=10\`: the attribute \`deadLetterReason\` says why, the data is the original. Mend the cause. Then \`npm run redrive -- ${TerraformStack.of(this).node.id}\` puts them back to where they came from (docs/workers.md); a stack without a redrive function needs them published or submitted again, then acknowledged.`,
      filter: `metric.type="pubsub.googleapis.com/subscription/num_undelivered_messages" AND resource.type="pubsub_subscription" AND resource.labels.subscription_id="${this.subscription.name}"`,
      aligner: "ALIGN_MAX",
      threshold: 0,
    });
  }

  /**
   * Lets a principal pull and acknowledge dead letters. Grants `roles/pubsub.subscriber` on the
   * subscription.
   */
  grantConsume(to: IGrantable): PubsubSubscriptionIamMember {
    return this.subscription.grantConsume(to);
  }
}

class ImportedDeadLetter extends Construct implements IDeadLetter {
  readonly topic: ITopic;

  constructor(scope: Construct, id: string, topicName: string) {
    super(scope, id);
    this.topic = Topic.fromName(this, "topic", topicName);
  }
}
