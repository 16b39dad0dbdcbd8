import { Construct } from "constructs";
import type { MessagePredictorEnvironment } from "../../functions/message-predictor/environment";
import { Duration } from "../core/duration";
import type { IGrantable } from "../core/grantee";
import { filterKeys, mapValues } from "../core/records";
import { check, checkLater, ValidationError } from "../core/validation";
import { Bucket, type IBucket } from "../parts/bucket";
import { DeadLetter } from "../parts/dead-letter";
import { DeadLetterRedrive, type PossibleSource, type RedriveProps } from "../parts/dead-letter-redrive";
import type { EncryptionKey } from "../parts/encryption-key";
import { createAfter } from "../parts/order";
import { ServiceIdentity } from "../parts/service-identity";
import { Topic } from "../parts/topic";
import type { TopicSchema } from "../parts/topic-schema";
import { WorkerPool } from "../parts/worker-pool";
import type {
  PullSubscriber,
  PullSubscriberProps,
  PullWorkers,
  PullWorkersProps,
  Subscriber,
  SubscriberProps,
} from "./fanout-subscribers";
import { createWorker, environment, PUSH_INSTANCES } from "./worker";

/** Properties of {@link PubSubFanout}. */
export interface PubSubFanoutProps {
  /**
   * Functions and containers by name. Each has its own subscription and dead letter.
   * @default - none; then there must be pull subscribers or pull workers
   */
  readonly subscribers?: Readonly<Record<string, SubscriberProps>>;
  /**
   * Pull subscriptions for services of your own, by name. Each has its own dead letter.
   * @default - none
   */
  readonly pullSubscribers?: Readonly<Record<string, PullSubscriberProps>>;
  /**
   * Worker pools that pull, by name, see {@link PubSubFanout.addPullWorkers}. Each has its own
   * subscription and dead letter.
   * @default - none
   */
  readonly pullWorkers?: Readonly<Record<string, PullWorkersProps>>;
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

/** A prediction may take more than a minute, and a message may hold 1000 instances. */
const PREDICTION_TIMEOUT = Duration.minutes(5);

/** Construct ids of the fan-out and its topic, which subscribers cannot have. */
const OWN_IDS = new Set(["client", "redrive", "results", "topic", "schema", "Resource"]);

/**
 * Distributes messages to functions, containers and services of your own by their attributes. A
 * message that a subscriber cannot process goes to that subscriber's dead letter.
 *
 * Grants the roles that docs/pubsub-fanout.md lists under "Who may do what".
 * Reports DuplicateId, and InvalidValue where there is nobody to receive messages.
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
  /** The caller: the principal that was given, or a new service account. */
  readonly client: IGrantable;
  private readonly encryptionKey?: EncryptionKey;
  private readonly hasDeadLetters: boolean;
  private readonly pools: Record<string, PullWorkers> = {};
  private readonly redriveProps: RedriveProps | false | undefined;
  private redriveFunction?: DeadLetterRedrive;

  constructor(scope: Construct, id: string, props: PubSubFanoutProps) {
    super(scope, id);
    const { subscribers = {}, pullSubscribers: pullers = {}, pullWorkers = {} } = props;
    const ids = new Set(Object.keys(pullers).flatMap((name) => [name, `${name}-pull`]));
    this.encryptionKey = props.encryptionKey;
    this.hasDeadLetters = props.deadLetter ?? true;
    this.redriveProps = props.redrive;
    checkLater(this, () => [
      {
        code: "InvalidValue",
        broken: [subscribers, pullers, this.pullWorkers].every((map) => Object.keys(map).length === 0),
        message: "there are no subscribers; messages published to a topic without subscriptions are lost",
      },
    ]);
    check(this, [
      ...Object.keys(subscribers).map((name) => ({
        code: "DuplicateId" as const,
        broken: ids.has(name),
        message: `"${name}" names both a subscriber and a pull subscriber; give one of them another name`,
      })),
      ...[...Object.keys(subscribers), ...Object.keys(pullers)].map((name) => ({
        code: "DuplicateId" as const,
        broken: OWN_IDS.has(name),
        message: `"${name}" names both a subscriber and a part of the fan-out; give the subscriber another name`,
      })),
      ...Object.keys(pullWorkers).map((name) => ({
        code: "DuplicateId" as const,
        broken: OWN_IDS.has(name) || name in subscribers || name in pullers || `${name}-workers` in subscribers,
        message: pullWorkersTaken(name),
      })),
    ]);

    this.topic = new Topic(this, "topic", {
      name: props.topicName,
      schema: props.schema,
      encryptionKey: this.encryptionKey,
    });
    this.resultsBucket = props.resultsBucket ?? new Bucket(this, "results", { encryptionKey: this.encryptionKey });
    // Names that are taken were reported.
    const free = filterKeys(subscribers, (name) => !OWN_IDS.has(name) && !ids.has(name));
    const freePullers = filterKeys(pullers, (name) => !OWN_IDS.has(name));
    this.subscribers = mapValues(free, (subscriber, name) => this.addSubscriber(name, subscriber));
    this.pullSubscribers = mapValues(freePullers, (puller, name) => this.addPullSubscriber(name, puller));
    for (const [name, pool] of Object.entries(pullWorkers)) {
      if (this.isFree(name)) this.createPullWorkers(name, pool);
    }
    this.client =
      props.client ?? new ServiceIdentity(this, "client", { description: "Publishes messages and reads results" });
    this.topic.grantPublish(this.client);
    this.resultsBucket.grantRead(this.client);
    this.putBack([
      ...Object.values(this.subscribers),
      ...Object.values(this.pullSubscribers),
      ...Object.values(this.pools).map(poolSource),
    ]);
  }

  /**
   * Puts dead letters back. Undefined with `redrive: false` or `deadLetter: false`, and before the
   * first subscriber is there.
   */
  get redrive(): DeadLetterRedrive | undefined {
    return this.redriveFunction;
  }

  /** Pools of workers that pull, by name, see {@link PubSubFanout.addPullWorkers}. */
  get pullWorkers(): Readonly<Record<string, PullWorkers>> {
    return this.pools;
  }

  /**
   * Adds a worker pool that pulls its messages itself: for work longer than a push may take, or on
   * GPUs that must not wait for a start. It has a subscription and a dead letter of its own;
   * Pub/Sub forwards what was delivered too often.
   *
   * Sets `SUBSCRIPTION` (`projects/<project>/subscriptions/<subscription>`), `SUBSCRIBER` (the
   * name) and `RESULTS_BUCKET`. With `redrive`, the pool also pulls from `REDRIVE_SUBSCRIPTION`.
   * Grants `roles/pubsub.subscriber` on the subscriptions, and `roles/storage.objectViewer` and
   * `roles/storage.objectCreator` on the results bucket to the pool's identity.
   *
   * @throws ValidationError DuplicateId where the name is taken
   */
  addPullWorkers(name: string, props: PullWorkersProps): PullWorkers {
    if (!this.isFree(name)) throw new ValidationError("DuplicateId", pullWorkersTaken(name), this.node.path);
    const added = this.createPullWorkers(name, props);
    this.putBack([poolSource(added)]);
    return added;
  }

  private createPullWorkers(name: string, props: PullWorkersProps): PullWorkers {
    const { filter, subscription, ...pool } = props;
    const scope = new Construct(this, `${name}-workers`);
    const deadLetter = this.addDeadLetter(scope);
    const pulled = this.topic.addPullSubscription(name, {
      ackDeadline: Duration.minutes(1),
      ...subscription,
      filter,
      deadLetter,
    });
    const workers = new WorkerPool(scope, "pool", {
      description: `Pulls messages for ${name}`,
      encryptionKey: this.encryptionKey,
      ...pool,
      environment: {
        SUBSCRIPTION: pulled.fullName,
        SUBSCRIBER: name,
        RESULTS_BUCKET: this.resultsBucket.name,
        ...pool.environment,
      },
    });
    createAfter(workers.resource, [
      pulled.grantConsume(workers),
      this.resultsBucket.grantRead(workers),
      this.resultsBucket.grantCreate(workers),
    ]);
    const added = { pool: workers, subscription: pulled, deadLetter };
    this.pools[name] = added;
    return added;
  }

  /** Gives dead letters to the redrive function, which the first ones make. */
  private putBack(sources: readonly PossibleSource[]): void {
    const { client, encryptionKey, redriveProps } = this;
    if (!this.redriveFunction) {
      this.redriveFunction = DeadLetterRedrive.ofPattern(this, redriveProps, { client, encryptionKey }, sources);
      return;
    }
    for (const { deadLetter, ...source } of sources) {
      if (deadLetter) this.redriveFunction.addSource({ deadLetter, ...source });
    }
  }

  /** Every subscriber has a subscription of its name below the topic. */
  private isFree(name: string): boolean {
    const taken = this.topic.node.tryFindChild(name) ?? this.node.tryFindChild(`${name}-workers`);
    return !taken && !OWN_IDS.has(name);
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

function poolSource({ pool, ...source }: PullWorkers): PossibleSource {
  return { ...source, consumer: pool };
}

function pullWorkersTaken(name: string): string {
  return `"${name}" names both pull workers and a subscriber or a part of the fan-out; give the pull workers another name`;
}
