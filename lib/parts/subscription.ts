import type { PubsubSubscription, PubsubSubscriptionConfig } from "@cdktf/provider-google/lib/pubsub-subscription";
import { PubsubSubscriptionIamMember } from "@cdktf/provider-google/lib/pubsub-subscription-iam-member";
import { Construct } from "constructs";
import { Deployment } from "../core/deployment";
import { Duration } from "../core/duration";
import type { IGrantable } from "../core/grantee";
import { resourceName } from "../core/names";
import { inSameStack } from "../core/stack";
import { literal } from "../core/terraform-text";
import { check, inRange } from "../core/validation";
import { Alerts } from "./alerts";
import type { Filter } from "./filter";
import { grantOnce } from "./grants";
import type { IDeadLetter, IPublishTarget } from "./publish-target";
import { RequiredApis } from "./required-apis";
import { ServiceAgents } from "./service-agents";

/** Properties of push and pull subscriptions. */
export interface SubscriptionProps {
  /**
   * 3 to 255 of `A-Za-z0-9._~+%-`.
   * @default - made of the construct path and the environment
   */
  readonly name?: string;
  /**
   * Selects messages by their attributes. The others count as acknowledged. Another filter replaces
   * the subscription.
   * @default - all messages
   */
  readonly filter?: Filter;
  /**
   * How long Pub/Sub waits for the acknowledgement, or for the answer to a push: 10 seconds to 10
   * minutes.
   * @default - the timeout of the worker, but at most 10 minutes; 10 seconds for a pull subscription
   */
  readonly ackDeadline?: Duration;
  /**
   * How long unacknowledged messages are kept: 10 minutes to 31 days.
   * @default Duration.days(7)
   */
  readonly retention?: Duration;
  /**
   * Delivers the messages of one ordering key in order. Another value replaces the subscription.
   * @default false
   */
  readonly ordered?: boolean;
  /**
   * Receives messages that were not acknowledged in `maxDeliveryAttempts`.
   * @default - messages are delivered until they expire
   */
  readonly deadLetter?: IDeadLetter;
  /**
   * Deliveries before a message is dead-lettered: 5 to 100. Has no effect without a dead letter.
   * Every answer other than success counts, even Cloud Run's 429 while no instance is free. By
   * default the last delivery comes more than two hours after the first, so that no burst, quota or
   * new grant dead-letters a good message.
   * @default 20
   */
  readonly maxDeliveryAttempts?: number;
  /**
   * Shortest wait before a message is delivered again: 0 to 600 seconds.
   * @default Duration.seconds(10)
   */
  readonly minBackoff?: Duration;
  /**
   * Longest wait before a message is delivered again: 0 to 600 seconds.
   * @default Duration.minutes(10)
   */
  readonly maxBackoff?: Duration;
  /**
   * Shallow overrides of the inner `google_pubsub_subscription`.
   * @default - none
   */
  readonly overrides?: Partial<PubsubSubscriptionConfig>;
}

export const DEFAULT_RETENTION = Duration.days(7);
export const DEFAULT_MAX_BACKOFF = Duration.minutes(10);

/**
 * Grants `roles/pubsub.subscriber` on a subscription.
 *
 * @param name as Terraform knows it, so that the grant comes after the subscription
 */
export function grantSubscriber(scope: Construct, name: string, to: IGrantable): PubsubSubscriptionIamMember {
  return grantOnce(
    scope,
    "roles/pubsub.subscriber",
    to,
    (id, grant) =>
      new PubsubSubscriptionIamMember(scope, id, {
        project: Deployment.of(scope).project,
        subscription: name,
        ...grant,
      }),
  );
}

/** The common part of both kinds of subscription. Neither expires when it is idle. */
export abstract class Subscription extends Construct {
  abstract readonly resource: PubsubSubscription;
  abstract readonly name: string;

  /**
   * `projects/<project>/subscriptions/<subscription>`, known before anything is applied: for
   * environment variables.
   */
  get fullName(): string {
    return `projects/${Deployment.of(this).project}/subscriptions/${this.name}`;
  }

  protected config(topic: IPublishTarget, ackDeadline: Duration, props: SubscriptionProps): PubsubSubscriptionConfig {
    const retention = props.retention ?? DEFAULT_RETENTION;
    const minBackoff = props.minBackoff ?? Duration.seconds(10);
    const maxBackoff = props.maxBackoff ?? DEFAULT_MAX_BACKOFF;
    check(this, [
      inRange("ackDeadline", ackDeadline.toSeconds(), { min: 10, max: 600, unit: "seconds", integer: true }),
      inRange("retention", retention.toSeconds(), { min: 600, max: 2678400, unit: "seconds" }),
      inRange("minBackoff", minBackoff.toSeconds(), { min: 0, max: 600, unit: "seconds" }),
      inRange("maxBackoff", maxBackoff.toSeconds(), { min: 0, max: 600, unit: "seconds" }),
      inRange("maxDeliveryAttempts", props.maxDeliveryAttempts, { min: 5, max: 100, integer: true }),
      {
        code: "OutOfRange",
        broken: minBackoff.isLongerThan(maxBackoff),
        message: `minBackoff is ${minBackoff}, longer than maxBackoff, which is ${maxBackoff}`,
      },
    ]);
    const { project, labels } = Deployment.of(this);
    const { deadLetter } = props;
    return {
      project,
      name: resourceName(this, "subscription", props.name),
      topic: topic.topicId,
      labels,
      filter: literal(props.filter?.toString()),
      ackDeadlineSeconds: ackDeadline.toSeconds(),
      messageRetentionDuration: retention.toString(),
      enableMessageOrdering: props.ordered ?? false,
      // An empty time to live means never. By default a subscription is deleted after 31 idle days.
      expirationPolicy: { ttl: "" },
      retryPolicy: { minimumBackoff: minBackoff.toString(), maximumBackoff: maxBackoff.toString() },
      deadLetterPolicy: deadLetter && {
        deadLetterTopic: deadLetter.topic.topicId,
        maxDeliveryAttempts: props.maxDeliveryAttempts ?? 20,
      },
      // Without this grant, the Pub/Sub agent silently delivers again instead of forwarding.
      dependsOn:
        deadLetter && inSameStack(this, deadLetter, "give the subscription a DeadLetter of its own stack")
          ? [deadLetter.topic.grantPublish(ServiceAgents.of(this).pubsub)]
          : RequiredApis.of(this).ready("pubsub"),
    };
  }

  /** Adds an alert on messages that Pub/Sub will soon delete. */
  protected addAgeAlert(retention: Duration): void {
    const half = Math.floor(retention.toSeconds() / 2);
    Alerts.of(this).add(this, {
      id: "old-messages",
      title: `Messages of ${this.name} are about to expire`,
      runbook: `A message has waited in the subscription \`${this.name}\` for half of the time (${retention}) after which Pub/Sub deletes it. Nobody pulls, or whoever is given it does not acknowledge.`,
      filter: `metric.type="pubsub.googleapis.com/subscription/oldest_unacked_message_age" AND resource.type="pubsub_subscription" AND resource.labels.subscription_id="${this.name}"`,
      aligner: "ALIGN_MAX",
      threshold: half,
    });
  }

  /**
   * Lets the Pub/Sub agent take messages off this subscription, to forward them to the dead letter.
   */
  protected allowForwarding(deadLetter: IDeadLetter | undefined): void {
    if (deadLetter) grantSubscriber(this, this.resource.name, ServiceAgents.of(this).pubsub);
  }
}
