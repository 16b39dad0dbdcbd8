import { Construct } from "constructs";
import type { DeadLetterRedriveEnvironment } from "../../functions/dead-letter-redrive/environment";
import { Duration } from "../core/duration";
import { FunctionSource } from "../core/function-source";
import type { IGrantable } from "../core/grantee";
import { deferredText } from "../core/terraform-text";
import { checkLater } from "../core/validation";
import type { DeadLetter } from "./dead-letter";
import type { EncryptionKey } from "./encryption-key";
import { FunctionService, type FunctionServiceProps } from "./function-service";
import type { PullSubscription } from "./pull-subscription";
import type { PushSubscription } from "./push-subscription";
import { addRedriveSubscription } from "./redrive-subscription";
import { ServiceIdentity } from "./service-identity";
import type { TaskQueue } from "./task-queue";

/** Overrides of the function that puts dead letters back. */
export type RedriveProps = Partial<Omit<FunctionServiceProps, "source" | "encryptionKey">>;

/** A dead letter, and the queue or the subscription whose letters it keeps. */
export interface RedriveSource {
  /** Keeps the letters. */
  readonly deadLetter: DeadLetter;
  /**
   * Queue of the tasks.
   * @default - it keeps messages
   */
  readonly queue?: TaskQueue;
  /**
   * How long Cloud Tasks waits for an attempt at a task that was put back: 15 seconds to 30
   * minutes.
   * @default - the timeout of the worker
   */
  readonly dispatchDeadline?: Duration;
  /**
   * Subscription of the messages.
   * @default - it keeps tasks
   */
  readonly subscription?: PushSubscription | PullSubscription;
  /**
   * Principal that pulls from the subscription.
   * @default - none: it pushes
   */
  readonly consumer?: IGrantable;
}

/** Properties of {@link DeadLetterRedrive}. */
export interface DeadLetterRedriveProps {
  /**
   * The dead letters, each with what its letters come from.
   * {@link DeadLetterRedrive.addSource} adds more. At least one is needed.
   */
  readonly sources: readonly RedriveSource[];
  /**
   * Principal that may call the function.
   * @default - nobody, until {@link FunctionService.grantInvoke} of `service`
   */
  readonly client?: IGrantable;
  /**
   * Overrides of the function. `ingress` opens it to the internet; IAM still applies.
   * @default - a timeout of 5 minutes, 1 instance
   */
  readonly overrides?: RedriveProps;
  /**
   * Key that encrypts topics and function.
   * @default - Google's keys
   */
  readonly encryptionKey?: EncryptionKey;
}

/** A source of a pattern, whose dead letter is missing with `deadLetter: false`. */
export type PossibleSource = Omit<RedriveSource, "deadLetter"> & { readonly deadLetter?: DeadLetter };

interface Origin {
  /** Each with the deadline of its tasks. */
  readonly queues: Map<TaskQueue, Duration | undefined>;
  readonly topics: Record<string, string>;
}

/**
 * A function that puts kept dead letters back, `POST { reason?, max?, perSecond?, source? }`: tasks
 * to their queue, messages to the one subscriber that failed, never to the others of its topic.
 *
 * Each subscription gets a redrive topic and a second subscription with its settings, whose
 * messages go to the same worker or are pulled by the same consumer. Sets `REDRIVE_SUBSCRIPTION` of
 * the worker.
 *
 * Grants to the function `roles/pubsub.subscriber` on the kept subscriptions, what
 * {@link TaskQueue.grantEnqueue} grants on the queues, and `roles/pubsub.publisher` on the redrive
 * topics; to the Pub/Sub service agent, `roles/pubsub.subscriber` on the second subscriptions; to
 * the client `roles/run.invoker` on the function; to consumers `roles/pubsub.subscriber` on the
 * second subscriptions. Reports UnsupportedOnImport where a worker's environment belongs to another
 * app, and InvalidValue where there is no dead letter.
 */
export class DeadLetterRedrive extends Construct {
  /**
   * The redrive function of a pattern.
   *
   * @param wanted overrides, or false for none
   * @returns undefined where none is wanted, or no dead letter is kept
   */
  static ofPattern(
    scope: Construct,
    wanted: RedriveProps | false | undefined,
    props: Omit<DeadLetterRedriveProps, "overrides" | "sources">,
    sources: readonly PossibleSource[],
  ): DeadLetterRedrive | undefined {
    const kept = sources.flatMap(({ deadLetter, ...source }) => (deadLetter ? [{ deadLetter, ...source }] : []));
    if (wanted === false || kept.length === 0) return undefined;
    return new DeadLetterRedrive(scope, "redrive", { ...props, overrides: wanted, sources: kept });
  }

  /** The function. */
  readonly service: FunctionService;
  private readonly origins = new Map<DeadLetter, Origin>();
  private readonly encryptionKey?: EncryptionKey;

  constructor(
    scope: Construct,
    id: string,
    { sources, client, overrides = {}, encryptionKey }: DeadLetterRedriveProps,
  ) {
    super(scope, id);
    this.encryptionKey = encryptionKey;
    checkLater(this, () => [
      {
        code: "InvalidValue",
        broken: this.origins.size === 0,
        message: "sources is empty; allowed are 1 or more dead letters, also by addSource",
      },
    ]);
    const environment: Omit<DeadLetterRedriveEnvironment, "GOOGLE_CLOUD_PROJECT" | "FUNCTION_TIMEOUT_SECONDS"> = {
      ORIGINS: deferredText(() => JSON.stringify(this.table())),
    };
    // Another id would be one more word in each name.
    this.service = new FunctionService(this, "Resource", {
      source: FunctionSource.builtIn("dead-letter-redrive"),
      description: "Puts dead letters back to where they came from",
      timeout: Duration.minutes(5),
      // Of two instances, each would keep to the rate alone.
      maxInstances: 1,
      identity: overrides.identity ?? new ServiceIdentity(this, "identity", { description: "Puts dead letters back" }),
      encryptionKey,
      ...overrides,
      environment: { ...environment, ...overrides.environment },
    });
    for (const source of sources) this.addSource(source);
    if (client) this.service.grantInvoke(client);
  }

  /**
   * Adds a dead letter, with what its letters come from, to those that the function puts back.
   * Grants what the class says.
   */
  addSource(source: RedriveSource): void {
    const { deadLetter, queue, subscription, consumer, dispatchDeadline } = source;
    const origin: Origin = this.origins.get(deadLetter) ?? { queues: new Map(), topics: {} };
    this.origins.set(deadLetter, origin);
    if (queue) {
      origin.queues.set(queue, dispatchDeadline);
      queue.grantEnqueue(this.service);
    }
    if (subscription) {
      const { topic, again, grantPublish } = addRedriveSubscription(subscription, consumer, this.encryptionKey);
      for (const { name } of [subscription, again]) origin.topics[name] = topic.fullName;
      grantPublish(this.service);
    }
    deadLetter.grantConsume(this.service);
  }

  /** Queues may get workers after the queue became a source. */
  private table(): object[] {
    return [...this.origins].map(([deadLetter, { queues, topics }]) => ({
      kept: deadLetter.subscription.fullName,
      queues: Object.fromEntries([...queues].map(([queue, deadline]) => [queue.name, queueOf(queue, deadline)])),
      topics,
    }));
  }
}

/** Whoever enqueues has the deadline checked. */
function queueOf(queue: TaskQueue, dispatchDeadline: Duration | undefined): object {
  const { fullName: name, hasTarget } = queue;
  const workers = queue.workers.map((worker) => [
    worker.name,
    {
      ...(!hasTarget && { url: worker.uri }),
      deadlineSeconds: (dispatchDeadline ?? worker.timeout)
        .clamp(Duration.seconds(15), Duration.minutes(30))
        .toSeconds(),
    },
  ]);
  return { name, ...(!hasTarget && { tokenIdentity: queue.caller.email }), workers: Object.fromEntries(workers) };
}
