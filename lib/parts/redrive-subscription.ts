import { Construct } from "constructs";
import type { IGrantable } from "../core/grantee";
import type { EncryptionKey } from "./encryption-key";
import { createAfter } from "./order";
import type { PullSubscription } from "./pull-subscription";
import { PushSubscription } from "./push-subscription";
import { Topic } from "./topic";
import { WorkerPool } from "./worker-pool";

/** What brings messages back to one subscriber. */
export interface RedriveSubscription {
  /** Messages that are published to it reach this subscriber alone. */
  readonly topic: Topic;
  /** Delivers them, with the settings of the first subscription. */
  readonly again: PushSubscription | PullSubscription;
  /** Lets a principal put messages back, once the subscription exists. */
  readonly grantPublish: (to: IGrantable) => void;
}

/**
 * Adds a topic and a second subscription below a subscription, for the same worker or consumer.
 *
 * The first subscription cannot do it: it is of a topic whose other subscribers would get the
 * message, too. The second one has no filter, since the message passed it once.
 *
 * @param consumer is granted to pull
 */
export function addRedriveSubscription(
  subscription: PushSubscription | PullSubscription,
  consumer: IGrantable | undefined,
  encryptionKey: EncryptionKey | undefined,
): RedriveSubscription {
  const scope = new Construct(subscription, "redrive");
  const topic = new Topic(scope, "topic", { encryptionKey });
  const again = second(scope, topic, subscription);
  // What the first one waits for, such as a workflow that its worker starts, exists before this
  // one.
  createAfter(again.resource, [subscription.resource]);
  if (again instanceof PushSubscription) again.worker.addEnvironment("REDRIVE_SUBSCRIPTION", again.fullName);
  else if (consumer) {
    const grant = again.grantConsume(consumer);
    if (consumer instanceof WorkerPool) {
      consumer.addEnvironment("REDRIVE_SUBSCRIPTION", again.fullName);
      // It pulls as soon as it runs.
      createAfter(consumer.resource, [grant]);
    }
  }
  // A topic without a subscription loses what is published.
  const grantPublish = (to: IGrantable) => createAfter(topic.grantPublish(to), [again.resource]);
  return { topic, again, grantPublish };
}

function second(scope: Construct, topic: Topic, subscription: PushSubscription | PullSubscription) {
  if (subscription instanceof PushSubscription) {
    const { name: _, filter, overrides, ...props } = subscription.props;
    const { caller, worker } = subscription;
    return new PushSubscription(scope, "again", topic, worker, { ...props, caller });
  }
  const { name: _, filter, overrides, ...props } = subscription.props;
  return topic.addPullSubscription("again", props);
}
