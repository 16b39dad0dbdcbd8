import { PubsubSubscription } from "@cdktf/provider-google/lib/pubsub-subscription";
import type { Construct } from "constructs";
import { Duration } from "../core/duration";
import { inSameStack } from "../core/stack";
import { check } from "../core/validation";
import { Alerts, windowOf } from "./alerts";
import type { IPublishTarget } from "./publish-target";
import { ServiceAgents } from "./service-agents";
import { ServiceIdentity } from "./service-identity";
import { DEFAULT_MAX_BACKOFF, DEFAULT_RETENTION, Subscription, type SubscriptionProps } from "./subscription";
import type { IWorker } from "./worker";

/** Properties of {@link PushSubscription}. */
export interface PushSubscriptionProps extends SubscriptionProps {
  /**
   * Grants `roles/iam.serviceAccountOpenIdTokenCreator` on the subscription's caller to the Pub/Sub
   * service agent. Needed only in projects whose agent dates from before 2021-04-09 and lacks
   * `roles/pubsub.serviceAgent`.
   * @default false
   */
  readonly grantTokenCreator?: boolean;
  /**
   * Lets the worker itself send messages that can never succeed to the dead letter, with the
   * reason. Pub/Sub forwards unacknowledged messages in either case. Has no effect without a dead
   * letter.
   * @default true
   */
  readonly useDeadLetter?: boolean;
  /**
   * The identity that Pub/Sub presents to the worker.
   * @default - a new service account
   */
  readonly caller?: ServiceIdentity;
}

/**
 * Pushes messages to a worker, with an ID token of its own identity.
 *
 * Grants `roles/run.invoker` on the worker to that identity. With a dead letter, also grants
 * `roles/pubsub.publisher` on its topic and `roles/pubsub.subscriber` on the subscription to the
 * Pub/Sub service agent, and what {@link IWorker.useDeadLetter} grants. Reports OutOfRange,
 * DeadlineTooShort, TimeoutTooLong, InvalidName and OtherStack.
 */
export class PushSubscription extends Subscription {
  /** The inner `google_pubsub_subscription`. */
  readonly resource: PubsubSubscription;
  /** Name of the resource, known before anything is applied. */
  readonly name: string;
  /** The identity that Pub/Sub presents to the worker. */
  readonly caller: ServiceIdentity;

  constructor(
    scope: Construct,
    id: string,
    topic: IPublishTarget,
    /** Receives the messages. */
    readonly worker: IWorker,
    /** As given. */
    readonly props: PushSubscriptionProps = {},
  ) {
    super(scope, id);
    const ackDeadline = props.ackDeadline ?? worker.timeout.clamp(Duration.seconds(10), Duration.minutes(10));
    check(this, [
      {
        code: "DeadlineTooShort",
        broken: props.ackDeadline !== undefined && worker.timeout.isLongerThan(ackDeadline),
        message: `ackDeadline is ${ackDeadline}, shorter than the timeout of [${worker.node.path}], which is ${worker.timeout}: a message would be delivered again while the worker still works`,
      },
      {
        code: "TimeoutTooLong",
        broken: worker.timeout.toSeconds() > 600,
        message: `the timeout of [${worker.node.path}] is ${worker.timeout}; allowed for a push subscription are up to 600s`,
      },
    ]);
    this.caller =
      props.caller ?? new ServiceIdentity(this, "caller", { description: `Presented by Pub/Sub to ${worker.node.id}` });
    const together = inSameStack(
      this,
      worker,
      `subscribe in the stack of the worker, to a topic imported by name: Topic.fromName(stack, id, name).addPushSubscription(…)`,
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
   * Also counts pushes that reach no worker: 403 for a missing grant, 404 for a missing worker,
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
