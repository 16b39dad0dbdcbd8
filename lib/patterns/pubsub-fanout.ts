import { Construct } from "constructs";
import type { MessagePredictorEnvironment } from "../../functions/message-predictor/environment";
import { Duration } from "../core/duration";
import type { FunctionSource } from "../core/function-source";
import type { IGrantable } from "../core/grantee";
import { check } from "../core/validation";
import { Bucket, type IBucket } from "../parts/bucket";
import { DeadLetter } from "../parts/dead-letter";
import { DeadLetterRedrive, type RedriveProps } from "../parts/dead-letter-redrive";
import type { EncryptionKey } from "../parts/encryption-key";
import type { Filter } from "../parts/filter";
import type { PredictionEndpoint } from "../parts/prediction-endpoint";
import type { PullSubscription, PullSubscriptionProps } from "../parts/pull-subscription";
import type { PushSubscription, PushSubscriptionProps } from "../parts/push-subscription";
import { ServiceIdentity } from "../parts/service-identity";
import { Topic } from "../parts/topic";
import type { TopicSchema } from "../parts/topic-schema";
import {
  type ContainerWorkerProps,
  createWorker,
  environment,
  type FunctionWorkerProps,
  PUSH_INSTANCES,
  type Worker,
} from "./worker";

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

/** Properties of {@link PubSubFanout}. */
export interface PubSubFanoutProps {
  /** Functions and containers by name. Each has its own subscription and dead letter. */
  readonly subscribers: Readonly<Record<string, SubscriberProps>>;
  /**
   * Pull subscriptions for services of your own, by name. Each has its own dead letter.
   * @default - none
   */
  readonly pullSubscribers?: Readonly<Record<string, PullSubscriberProps>>;
  /**
   * Name of the topic.
   * @default - made of the construct path and the environment
   */
  readonly topicName?: string;
  /**
   * Schema of the messages. Pub/Sub refuses others when they are published.
   * @default - messages of any form
   */
  readonly schema?: TopicSchema;
  /**
   * Receives the results of the workers.
   * @default - a new bucket
   */
  readonly resultsBucket?: IBucket;
  /**
   * Keeps messages that failed for good. Without it, Pub/Sub delivers them until they expire.
   * @default true
   */
  readonly deadLetter?: boolean;
  /**
   * Overrides of the function that puts dead letters back. `ingress` opens it to the internet; IAM
   * still applies. False: there is none.
   * @default - the function `dead-letter-redrive` of this package
   */
  readonly redrive?: RedriveProps | false;
  /**
   * Principal that may publish and read results.
   * @default - a new service account for callers to impersonate
   */
  readonly client?: IGrantable;
  /**
   * Key that encrypts topics, bucket and functions.
   * @default - Google's keys
   */
  readonly encryptionKey?: EncryptionKey;
}

/** The parts of one subscriber. */
export interface Subscriber {
  readonly worker: Worker;
  readonly subscription: PushSubscription;
  /** Undefined with `deadLetter: false`. */
  readonly deadLetter?: DeadLetter;
}

/** The parts of one pull subscriber. */
export interface PullSubscriber {
  readonly subscription: PullSubscription;
  readonly consumer: IGrantable;
  /** Undefined with `deadLetter: false`. */
  readonly deadLetter?: DeadLetter;
}

/** A prediction may take more than a minute, and a message may hold 1000 instances. */
const PREDICTION_TIMEOUT = Duration.minutes(5);

/** Construct ids of the fan-out and its topic, which subscribers cannot have. */
const OWN_IDS = new Set(["client", "redrive", "results", "topic", "schema", "Resource"]);

/**
 * Distributes messages to functions, containers and services of your own by their attributes. A message that a subscriber
 * cannot process goes to that subscriber's dead letter.
 */
export class PubSubFanout extends Construct {
  /** Carries all messages. */
  readonly topic: Topic;
  /** Receives the results of the workers. */
  readonly resultsBucket: IBucket;
  /** Functions and containers by name. */
  readonly subscribers: Readonly<Record<string, Subscriber>>;
  /** Pull subscriptions by name. */
  readonly pullSubscribers: Readonly<Record<string, PullSubscriber>>;
  /** Puts dead letters back. Undefined with `redrive: false` or `deadLetter: false`. */
  readonly redrive?: DeadLetterRedrive;
  /** The caller: the principal that was given, or a new service account. */
  readonly client: IGrantable;
  private readonly encryptionKey?: EncryptionKey;
  private readonly hasDeadLetters: boolean;

  constructor(scope: Construct, id: string, props: PubSubFanoutProps) {
    super(scope, id);
    const pullers = props.pullSubscribers ?? {};
    const ids = new Set(Object.keys(pullers).flatMap((name) => [name, `${name}-pull`]));
    this.encryptionKey = props.encryptionKey;
    this.hasDeadLetters = props.deadLetter ?? true;
    check(this, [
      {
        code: "InvalidValue",
        broken: Object.keys(props.subscribers).length + Object.keys(pullers).length === 0,
        message: "there are no subscribers; messages published to a topic without subscriptions are lost",
      },
      ...Object.keys(props.subscribers).map((name) => ({
        code: "DuplicateId" as const,
        broken: ids.has(name),
        message: `"${name}" names both a subscriber and a pull subscriber; give one of them another name`,
      })),
      ...[...Object.keys(props.subscribers), ...Object.keys(pullers)].map((name) => ({
        code: "DuplicateId" as const,
        broken: OWN_IDS.has(name),
        message: `"${name}" names both a subscriber and a part of the fan-out; give the subscriber another name`,
      })),
    ]);

    this.topic = new Topic(this, "topic", {
      name: props.topicName,
      schema: props.schema,
      encryptionKey: this.encryptionKey,
    });
    this.resultsBucket = props.resultsBucket ?? new Bucket(this, "results", { encryptionKey: this.encryptionKey });
    const free = (name: string) => !OWN_IDS.has(name) && !ids.has(name);
    this.subscribers = mapValues(props.subscribers, free, (name, subscriber) => this.addSubscriber(name, subscriber));
    this.pullSubscribers = mapValues(
      pullers,
      (name) => !OWN_IDS.has(name),
      (name, puller) => this.addPullSubscriber(name, puller),
    );
    this.client =
      props.client ?? new ServiceIdentity(this, "client", { description: "Publishes messages and reads results" });
    this.topic.grantPublish(this.client);
    this.resultsBucket.grantRead(this.client);
    const { client, encryptionKey } = this;
    this.redrive = DeadLetterRedrive.ofPattern(this, props.redrive, { client, encryptionKey }, [
      ...Object.values(this.subscribers),
      ...Object.values(this.pullSubscribers),
    ]);
  }

  private addSubscriber(name: string, props: SubscriberProps): Subscriber {
    const { filter, endpoint, subscription, ...worker } = props;
    const scope = new Construct(this, name);
    const deadLetter = this.addDeadLetter(scope);
    const defaults = {
      description: `Works on messages for ${name}`,
      ...(endpoint && { timeout: PREDICTION_TIMEOUT }),
      maxInstances: PUSH_INSTANCES,
      encryptionKey: this.encryptionKey,
      environment: environment<MessagePredictorEnvironment>(
        {
          SUBSCRIBER: name,
          RESULTS_BUCKET: this.resultsBucket.name,
          VERTEX_ENDPOINT: endpoint?.fullName ?? "",
          VERTEX_HOST: endpoint?.dedicatedHost ?? "",
        },
        worker.environment,
      ),
    };
    const service = createWorker(scope, "worker", defaults, worker);
    this.resultsBucket.grantRead(service);
    this.resultsBucket.grantCreate(service);
    endpoint?.grantPredict(service);
    return {
      worker: service,
      subscription: this.topic.addPushSubscription(name, service, { ...subscription, filter, deadLetter }),
      deadLetter,
    };
  }

  private addDeadLetter(scope: Construct): DeadLetter | undefined {
    return this.hasDeadLetters
      ? new DeadLetter(scope, "dead-letter", { encryptionKey: this.encryptionKey })
      : undefined;
  }

  private addPullSubscriber(name: string, props: PullSubscriberProps): PullSubscriber {
    const { consumer, ...subscription } = props;
    const scope = new Construct(this, `${name}-pull`);
    const deadLetter = this.addDeadLetter(scope);
    const puller = this.topic.addPullSubscription(name, { ...subscription, deadLetter });
    const reader = consumer ?? new ServiceIdentity(scope, "consumer", { description: `Pulls messages for ${name}` });
    puller.grantConsume(reader);
    return { subscription: puller, consumer: reader, deadLetter };
  }
}

/** Maps the values whose names are free. The others were reported. */
function mapValues<V, W>(
  record: Readonly<Record<string, V>>,
  good: (name: string) => boolean,
  map: (name: string, value: V) => W,
): Record<string, W> {
  return Object.fromEntries(
    Object.entries(record)
      .filter(([name]) => good(name))
      .map(([name, value]) => [name, map(name, value)]),
  );
}
