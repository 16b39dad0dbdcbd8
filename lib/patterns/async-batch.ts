import { Construct } from "constructs";
import type { BatchSubmitterEnvironment } from "../../functions/batch-submitter/environment";
import type { BatchWorkerEnvironment } from "../../functions/batch-worker/environment";
import { Duration } from "../core/duration";
import { FunctionSource } from "../core/function-source";
import type { IGrantable } from "../core/grantee";
import { check, inRange } from "../core/validation";
import { Bucket, type IBucket } from "../parts/bucket";
import { DeadLetter } from "../parts/dead-letter";
import { DeadLetterRedrive, type RedriveProps } from "../parts/dead-letter-redrive";
import type { EncryptionKey } from "../parts/encryption-key";
import type { PredictionEndpoint } from "../parts/prediction-endpoint";
import { ServiceIdentity } from "../parts/service-identity";
import { TaskQueue } from "../parts/task-queue";
import type { TaskRetry } from "../parts/task-retry";
import { createWorker, environment, type Worker, type WorkerProps } from "./worker";

/** Properties of {@link AsyncBatch}. */
export interface AsyncBatchProps {
  /**
   * Endpoint from which the worker gets predictions.
   * @default - none; then `worker` must have a `source` or an `image` of your own
   */
  readonly endpoint?: PredictionEndpoint;
  /**
   * Overrides of the worker function, including its source, or a container in its place.
   * `maxInstances` follows from the queue unless given.
   * @default - the function `batch-worker` of this package, with a timeout of 5 minutes
   */
  readonly worker?: WorkerProps;
  /**
   * Overrides of the submitter function, or a container in its place. `ingress` opens it to the
   * internet; IAM still applies.
   * @default - the function `batch-submitter` of this package, with a timeout of 10 minutes
   */
  readonly submitter?: WorkerProps;
  /**
   * Holds inputs.
   * @default - a new bucket
   */
  readonly inputBucket?: IBucket;
  /**
   * Receives results.
   * @default - a new bucket
   */
  readonly outputBucket?: IBucket;
  /**
   * Shards that are dispatched per second: above 0, to 500.
   * @default 100
   */
  readonly maxDispatchesPerSecond?: number;
  /**
   * Shards in progress at one time, which is also the size of the fleet: 1 to 1000 times the
   * concurrency.
   * @default 10
   */
  readonly maxConcurrentDispatches?: number;
  /**
   * Attempts at a shard, and the waits between them.
   * @default - 12 attempts, 1 second to 5 minutes apart
   */
  readonly retry?: TaskRetry;
  /**
   * How long Cloud Tasks waits for a shard: from the worker's timeout to 30 minutes.
   * @default - the worker's timeout
   */
  readonly dispatchDeadline?: Duration;
  /**
   * Instances in one call of the endpoint: 1 to 1000.
   * @default 32
   */
  readonly predictBatchSize?: number;
  /**
   * Whether a task has the records of its shard where they are few, up to 20 KiB with the rest of
   * the task. The worker then need not read them, which is one billed operation of four. They are
   * in the queue, and in dead letters.
   * @default true; false with `encryptionKey`, which does not encrypt tasks
   */
  readonly recordsInTasks?: boolean;
  /**
   * Keeps shards that failed for good. Without it, the queue drops them after their attempts.
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
   * Principal that may submit batches and upload inputs.
   * @default - a new service account for callers to impersonate
   */
  readonly client?: IGrantable;
  /**
   * Key that encrypts buckets, dead letters and functions.
   * @default - Google's keys
   */
  readonly encryptionKey?: EncryptionKey;
}

/**
 * Batch predictions. A submitter splits an input file into shards and enqueues a task for each. A
 * fleet of workers, never larger than the queue allows, writes one result object per shard.
 *
 * Grants the roles that docs/async-batch.md lists under "Who may do what".
 * Reports OutOfRange, and InvalidValue where nothing predicts.
 */
export class AsyncBatch extends Construct {
  /** Holds inputs. */
  readonly inputBucket: IBucket;
  /** Receives results. */
  readonly outputBucket: IBucket;
  /** Carries a task for each shard. */
  readonly queue: TaskQueue;
  /** Predicts one shard. */
  readonly worker: Worker;
  /** Splits an input and enqueues its shards. */
  readonly submitter: Worker;
  /** Undefined with `deadLetter: false`. */
  readonly deadLetter?: DeadLetter;
  /** Puts dead letters back. Undefined with `redrive: false` or `deadLetter: false`. */
  readonly redrive?: DeadLetterRedrive;
  /** The caller: the principal that was given, or a new service account. */
  readonly client: IGrantable;

  constructor(scope: Construct, id: string, props: AsyncBatchProps = {}) {
    super(scope, id);
    const { encryptionKey } = props;
    check(this, [
      inRange("predictBatchSize", props.predictBatchSize, { min: 1, max: 1000, integer: true }),
      {
        code: "InvalidValue",
        broken: !props.endpoint && !props.worker?.source && !props.worker?.image,
        message:
          "none of endpoint, worker.source and worker.image is given; the worker that comes with this package needs an endpoint",
      },
    ]);

    this.inputBucket = props.inputBucket ?? new Bucket(this, "input", { encryptionKey });
    this.outputBucket = props.outputBucket ?? new Bucket(this, "output", { encryptionKey });
    this.deadLetter = props.deadLetter === false ? undefined : new DeadLetter(this, "dead-letter", { encryptionKey });
    this.queue = new TaskQueue(this, "queue", {
      maxDispatchesPerSecond: props.maxDispatchesPerSecond ?? 100,
      maxConcurrentDispatches: props.maxConcurrentDispatches,
      retry: props.retry,
      deadLetter: this.deadLetter,
    });
    this.worker = this.addWorker(props);
    this.queue.dispatchTo(this.worker);
    this.submitter = this.addSubmitter(props);
    this.client = props.client ?? new ServiceIdentity(this, "client", { description: "Submits batches" });
    this.grant(props.endpoint);
    const { client, deadLetter, queue } = this;
    this.redrive = DeadLetterRedrive.ofPattern(this, props.redrive, { client, encryptionKey }, [
      { deadLetter, queue, dispatchDeadline: props.dispatchDeadline },
    ]);
  }

  private addWorker(props: AsyncBatchProps): Worker {
    const concurrency = props.worker?.concurrency ?? 1;
    const defaults = {
      source: FunctionSource.builtIn("batch-worker"),
      description: "Predicts one shard of a batch",
      timeout: Duration.minutes(5),
      // The fleet is as large as the queue keeps busy.
      maxInstances: Math.ceil(this.queue.maxConcurrentDispatches / concurrency),
      encryptionKey: props.encryptionKey,
      environment: environment<BatchWorkerEnvironment>(
        {
          INPUT_BUCKET: this.inputBucket.name,
          OUTPUT_BUCKET: this.outputBucket.name,
          VERTEX_ENDPOINT: props.endpoint?.fullName ?? "",
          VERTEX_HOST: props.endpoint?.dedicatedHost ?? "",
          PREDICT_BATCH_SIZE: String(props.predictBatchSize ?? 32),
        },
        props.worker?.environment,
      ),
    };
    return createWorker(this, "worker", defaults, props.worker);
  }

  private addSubmitter(props: AsyncBatchProps): Worker {
    const defaults = {
      source: FunctionSource.builtIn("batch-submitter"),
      description: "Cuts an input into shards and enqueues them",
      timeout: Duration.minutes(10),
      maxInstances: 5,
      encryptionKey: props.encryptionKey,
      environment: environment<BatchSubmitterEnvironment>(
        {
          INPUT_BUCKET: this.inputBucket.name,
          OUTPUT_BUCKET: this.outputBucket.name,
          QUEUE: this.queue.fullName,
          DISPATCH_DEADLINE_SECONDS: String(
            this.queue.dispatchDeadline(this.worker, props.dispatchDeadline).toSeconds(),
          ),
          RECORDS_IN_TASKS: (props.recordsInTasks ?? !props.encryptionKey) ? "" : "false",
        },
        props.submitter?.environment,
      ),
    };
    return createWorker(this, "submitter", defaults, props.submitter);
  }

  private grant(endpoint: PredictionEndpoint | undefined): void {
    this.inputBucket.grantRead(this.submitter);
    this.queue.grantEnqueue(this.submitter);

    this.inputBucket.grantRead(this.worker);
    this.outputBucket.grantRead(this.worker);
    this.outputBucket.grantCreate(this.worker);
    endpoint?.grantPredict(this.worker);

    this.inputBucket.grantCreate(this.client);
    this.outputBucket.grantRead(this.client);
    this.submitter.grantInvoke(this.client);
  }
}
