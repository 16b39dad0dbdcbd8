import { PubsubSubscription } from "@cdktf/provider-google/lib/pubsub-subscription";
import type { PubsubSubscriptionIamMember } from "@cdktf/provider-google/lib/pubsub-subscription-iam-member";
import { Construct, type IConstruct } from "constructs";
import { Duration } from "../core/duration";
import type { IGrantable } from "../core/grantee";
import { checkImportedName } from "../core/names";
import type { IPublishTarget } from "./publish-target";
import { DEFAULT_RETENTION, grantSubscriber, Subscription, type SubscriptionProps } from "./subscription";

/** Properties of {@link PullSubscription}. */
export type PullSubscriptionProps = SubscriptionProps;

/** A pull subscription, whether this app creates it or not. */
export interface IPullSubscription extends IConstruct {
  /** Name without `projects/…/subscriptions/`. */
  readonly name: string;
  /**
   * Lets a principal pull and acknowledge. Grants `roles/pubsub.subscriber` on the subscription.
   */
  grantConsume(to: IGrantable): PubsubSubscriptionIamMember;
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

  /** The inner `google_pubsub_subscription`. */
  readonly resource: PubsubSubscription;
  /** Name of the resource, known before anything is applied. */
  readonly name: string;

  constructor(
    scope: Construct,
    id: string,
    topic: IPublishTarget,
    /** As given. */
    readonly props: PullSubscriptionProps = {},
  ) {
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
