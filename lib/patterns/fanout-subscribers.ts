import type { FunctionSource } from "../core/function-source";
import type { IGrantable } from "../core/grantee";
import type { DeadLetter } from "../parts/dead-letter";
import type { Filter } from "../parts/filter";
import type { PredictionEndpoint } from "../parts/prediction-endpoint";
import type { PullSubscription, PullSubscriptionProps } from "../parts/pull-subscription";
import type { PushSubscription, PushSubscriptionProps } from "../parts/push-subscription";
import type { WorkerPool, WorkerPoolProps } from "../parts/worker-pool";
import type { ContainerWorkerProps, FunctionWorkerProps, Worker } from "./worker";

/** Properties of a worker that subscribes: a function, or a container. */
export type SubscriberProps = FunctionSubscriberProps | ContainerSubscriberProps;

/** Properties of a subscriber that is a function. */
export interface FunctionSubscriberProps extends SubscriberOptions, FunctionWorkerProps {
  /** The code of the function. */
  readonly source: FunctionSource;
}

/** Properties of a subscriber that is a container. */
export interface ContainerSubscriberProps extends SubscriberOptions, ContainerWorkerProps {}

/** Properties that all subscribers have. */
export interface SubscriberOptions {
  /**
   * Instances at most: 1 to 1000. A message that finds none free is answered 429, which counts as a
   * delivery.
   * @default 100
   */
  readonly maxInstances?: number;
  /**
   * Selects messages by their attributes.
   * @default - all messages
   */
  readonly filter?: Filter;
  /**
   * Endpoint from which the worker gets predictions. Sets `VERTEX_ENDPOINT` and grants
   * predictions. The default of `timeout`, and so of the acknowledgement deadline, becomes 5
   * minutes.
   * @default - none
   */
  readonly endpoint?: PredictionEndpoint;
  /**
   * Overrides of the subscription: backoff, delivery attempts, ordering, retention.
   * @default - 20 delivery attempts, 10 seconds to 10 minutes apart, not ordered
   */
  readonly subscription?: Omit<PushSubscriptionProps, "filter" | "deadLetter">;
}

/** Properties of a service that pulls. */
export interface PullSubscriberProps extends Omit<PullSubscriptionProps, "deadLetter"> {
  /**
   * Principal that may pull and acknowledge.
   * @default - a new service account for your service to run as
   */
  readonly consumer?: IGrantable;
}

/** Properties of workers that pull, see {@link PubSubFanout.addPullWorkers}. */
export interface PullWorkersProps extends Omit<WorkerPoolProps, "encryptionKey"> {
  /**
   * Selects messages by their attributes.
   * @default - all messages
   */
  readonly filter?: Filter;
  /**
   * Overrides of the subscription: acknowledgement deadline, backoff, delivery attempts, ordering,
   * retention. Google's clients extend the deadline while they work.
   * @default - a deadline of 1 minute; 20 delivery attempts, 10 seconds to 10 minutes apart
   */
  readonly subscription?: Omit<PullSubscriptionProps, "filter" | "deadLetter">;
}

/** The parts of one subscriber. */
export interface Subscriber {
  /** Receives the messages. */
  readonly worker: Worker;
  /** Pushes the messages to the worker. */
  readonly subscription: PushSubscription;
  /** Undefined with `deadLetter: false`. */
  readonly deadLetter?: DeadLetter;
}

/** The parts of one pull subscriber. */
export interface PullSubscriber {
  /** Keeps the messages until they are pulled. */
  readonly subscription: PullSubscription;
  /** May pull: the principal that was given, or a new service account. */
  readonly consumer: IGrantable;
  /** Undefined with `deadLetter: false`. */
  readonly deadLetter?: DeadLetter;
}

/** The parts of one pool of workers that pull. */
export interface PullWorkers {
  /** Pulls the messages. */
  readonly pool: WorkerPool;
  /** Keeps the messages until they are pulled. */
  readonly subscription: PullSubscription;
  /** Undefined with `deadLetter: false`. */
  readonly deadLetter?: DeadLetter;
}
