import { PubsubSubscription, type PubsubSubscriptionConfig } from "@cdktf/provider-google/lib/pubsub-subscription";
import { PubsubSubscriptionIamMember } from "@cdktf/provider-google/lib/pubsub-subscription-iam-member";
import { Construct, type IConstruct } from "constructs";
import { Deployment } from "../core/deployment";
import { Duration } from "../core/duration";
import type { IGrantable } from "../core/grantee";
import { checkImportedName, resourceName } from "../core/names";
import { inSameStack } from "../core/stack";
import { literal } from "../core/terraform-text";
import { check, inRange } from "../core/validation";
import { Alerts, windowOf } from "./alerts";
import type { Filter } from "./filter";
import { grantOnce } from "./grants";
import type { IDeadLetter, IPublishTarget } from "./publish-target";
import type { IPushTarget } from "./push-target";
import { RequiredApis } from "./required-apis";
import { ServiceAgents } from "./service-agents";
import { ServiceIdentity } from "./service-identity";

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
   * @default - the timeout of the function; 10 seconds for a pull subscription
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

export interface PushSubscriptionProps extends SubscriptionProps {
  /**
   * Grants `roles/iam.serviceAccountOpenIdTokenCreator` on the subscription's caller to the Pub/Sub
   * service agent. Needed only in projects whose agent dates from before 2021-04-09 and lacks
   * `roles/pubsub.serviceAgent`.
   * @default false
   */
  readonly grantTokenCreator?: boolean;
  /**
   * Lets the function itself send messages that can never succeed to the dead letter, with the
   * reason. Pub/Sub forwards unacknowledged messages in either case. Has no effect without a dead
   * letter.
   * @default true
   */
  readonly useDeadLetter?: boolean;
}

export type PullSubscriptionProps = SubscriptionProps;

const DEFAULT_RETENTION = Duration.days(7);
const DEFAULT_MAX_BACKOFF = Duration.minutes(10);

/** A pull subscription, whether this app creates it or not. */
export interface IPullSubscription extends IConstruct {
  readonly name: string;
  /**
   * Lets a principal pull and acknowledge. Grants `roles/pubsub.subscriber` on the subscription.
   */
  grantConsume(to: IGrantable): PubsubSubscriptionIamMember;
}

/** @param name as Terraform knows it, so that the grant comes after the subscription */
function grantSubscriber(scope: Construct, name: string, to: IGrantable): PubsubSubscriptionIamMember {
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
abstract class Subscription extends Construct {
  abstract readonly resource: PubsubSubscription;
  abstract readonly name: string;

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

/**
 * Pushes messages to a function, with an ID token of its own identity.
 *
 * Grants `roles/run.invoker` on the function to that identity. With a dead letter, also grants
 * `roles/pubsub.publisher` on its topic and `roles/pubsub.subscriber` on the subscription to the
 * Pub/Sub service agent, and what {@link IPushTarget.useDeadLetter} grants. Reports OutOfRange,
 * DeadlineTooShort, TimeoutTooLong, InvalidName and OtherStack.
 */
export class PushSubscription extends Subscription {
  readonly resource: PubsubSubscription;
  readonly name: string;
  /** The identity that Pub/Sub presents to the function. */
  readonly caller: ServiceIdentity;

  constructor(
    scope: Construct,
    id: string,
    topic: IPublishTarget,
    worker: IPushTarget,
    props: PushSubscriptionProps = {},
  ) {
    super(scope, id);
    const ackDeadline = props.ackDeadline ?? worker.timeout.clamp(Duration.seconds(10), Duration.minutes(10));
    check(this, [
      {
        code: "DeadlineTooShort",
        broken: props.ackDeadline !== undefined && worker.timeout.isLongerThan(ackDeadline),
        message: `ackDeadline is ${ackDeadline}, shorter than the timeout of [${worker.node.path}], which is ${worker.timeout}: a message would be delivered again while the function still works`,
      },
      {
        code: "TimeoutTooLong",
        broken: worker.timeout.toSeconds() > 600,
        message: `the timeout of [${worker.node.path}] is ${worker.timeout}; allowed for a push subscription are up to 600s`,
      },
    ]);
    this.caller = new ServiceIdentity(this, "caller", { description: `Presented by Pub/Sub to ${worker.node.id}` });
    const together = inSameStack(
      this,
      worker,
      `subscribe in the stack of the function, to a topic imported by name: Topic.fromName(stack, id, name).addPushSubscription(…)`,
    );
    const invoker = together ? [worker.grantInvoke(this.caller)] : [];
    if (props.grantTokenCreator) this.caller.grantOpenIdTokens(ServiceAgents.of(this).pubsub);

    const config = this.config(topic, ackDeadline, props);
    this.resource = new PubsubSubscription(this, "Resource", {
      ...config,
      dependsOn: [...(config.dependsOn ?? []), ...invoker],
      pushConfig: {
        pushEndpoint: worker.uri,
        oidcToken: { serviceAccountEmail: this.caller.email, audience: worker.uri },
      },
      ...props.overrides,
    });
    this.name = config.name;
    this.allowForwarding(props.deadLetter);
    if (props.deadLetter && props.useDeadLetter !== false) worker.useDeadLetter(props.deadLetter);
    this.addAgeAlert(props.retention ?? DEFAULT_RETENTION);
    this.addPushAlert(props.maxBackoff ?? DEFAULT_MAX_BACKOFF);
  }

  /**
   * Also counts pushes that reach no function: 403 for a missing grant, 404 for a missing function,
   * 429.
   */
  private addPushAlert(maxBackoff: Duration): void {
    Alerts.of(this).add(this, {
      id: "failing-pushes",
      title: `Pushes of ${this.name} keep failing`,
      runbook: `For half an hour, pushes of the subscription \`${this.name}\` were not acknowledged. \`remote_server_4xx\`: the push identity lacks \`roles/run.invoker\` on the function (403), the function is gone or its ingress does not let Pub/Sub in (404), or no instance was free (429). \`remote_server_5xx\`: read the function's log. \`deadline_exceeded\`: it takes longer than the acknowledgement deadline.`,
      filter: `metric.type="pubsub.googleapis.com/subscription/push_request_count" AND resource.type="pubsub_subscription" AND resource.labels.subscription_id="${this.name}" AND metric.labels.response_class!="ack"`,
      aligner: "ALIGN_DELTA",
      threshold: 0,
      window: windowOf(maxBackoff),
      lasting: Duration.minutes(30),
      sum: true,
    });
  }
}

/**
 * Keeps messages for services that pull them.
 *
 * With a dead letter, grants `roles/pubsub.publisher` on its topic and `roles/pubsub.subscriber` on
 * the subscription to the Pub/Sub service agent. Reports OutOfRange, InvalidName and OtherStack.
 */
export class PullSubscription extends Subscription implements IPullSubscription {
  /**
   * A subscription of the deployment's project that this app does not create. Reports InvalidName.
   *
   * @param name without `projects/…/subscriptions/`
   */
  static fromName(scope: Construct, id: string, name: string): IPullSubscription {
    return new ImportedPullSubscription(scope, id, name);
  }

  readonly resource: PubsubSubscription;
  readonly name: string;

  constructor(scope: Construct, id: string, topic: IPublishTarget, props: PullSubscriptionProps = {}) {
    super(scope, id);
    const config = this.config(topic, props.ackDeadline ?? Duration.seconds(10), props);
    this.resource = new PubsubSubscription(this, "Resource", { ...config, ...props.overrides });
    this.name = config.name;
    this.allowForwarding(props.deadLetter);
    this.addAgeAlert(props.retention ?? DEFAULT_RETENTION);
  }

  /**
   * Lets a principal pull and acknowledge. Grants `roles/pubsub.subscriber` on the subscription.
   */
  grantConsume(to: IGrantable): PubsubSubscriptionIamMember {
    return grantSubscriber(this, this.resource.name, to);
  }
}

class ImportedPullSubscription extends Construct implements IPullSubscription {
  constructor(
    scope: Construct,
    id: string,
    readonly name: string,
  ) {
    super(scope, id);
    checkImportedName(this, "subscription", name);
  }

  grantConsume(to: IGrantable): PubsubSubscriptionIamMember {
    return grantSubscriber(this, this.name, to);
  }
}
