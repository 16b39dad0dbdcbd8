import { Construct } from "constructs";
import type { DataflowLauncherEnvironment } from "../../functions/dataflow-launcher/environment";
import { Deployment } from "../core/deployment";
import { Duration } from "../core/duration";
import { FunctionSource } from "../core/function-source";
import type { IGrantable } from "../core/grantee";
import { composeName } from "../core/names";
import { Bucket, type IBucket } from "../parts/bucket";
import { DataflowJob, type DataflowTemplate, JOB_NAME } from "../parts/dataflow-job";
import { type DataflowNetwork, DataflowWorkers } from "../parts/dataflow-workers";
import { DeadLetter } from "../parts/dead-letter";
import { DeadLetterRedrive, type RedriveProps } from "../parts/dead-letter-redrive";
import type { EncryptionKey } from "../parts/encryption-key";
import { Schedule, ScheduleTarget } from "../parts/schedule";
import type { ScheduleTime } from "../parts/schedule-time";
import { ServiceIdentity } from "../parts/service-identity";
import { TaskQueue } from "../parts/task-queue";
import type { TaskRetry } from "../parts/task-retry";
import { createWorker, environment, type Worker, type WorkerProps } from "./worker";

/** Properties of {@link ScheduledPreprocessing}. */
export interface ScheduledPreprocessingProps {
  /** The template that is launched. */
  readonly template: DataflowTemplate;
  /**
   * Parameters of the template, as a function of the output location, `gs://<bucket>/{jobName}`.
   * Each launch puts the name of its job there, so that no launch overwrites the results of
   * another; a task that is delivered again has the same job. For one location of all launches, use
   * `gs://<bucket>` of `outputBucket`.
   */
  readonly parameters: (output: string) => Readonly<Record<string, string>>;
  /** When the template is launched. */
  readonly schedule: ScheduleTime;
  /**
   * Also launches the template when Terraform applies. The next apply launches a finished job
   * again.
   * @default false
   */
  readonly deployTimeJob?: boolean;
  /**
   * Workers at most: 1 to 1000.
   * @default 3
   */
  readonly maxWorkers?: number;
  /**
   * Machine type of the workers, such as `n1-standard-2`.
   * @default - chosen by Dataflow
   */
  readonly machineType?: string;
  /**
   * Network, subnetwork and addresses of the workers' machines.
   * @default - as Dataflow has it: the network `default`, machines with external addresses
   */
  readonly network?: DataflowNetwork;
  /**
   * Buckets that the jobs read. Public buckets need no grant.
   * @default - none
   */
  readonly inputBuckets?: readonly IBucket[];
  /**
   * Holds temporary files of the jobs.
   * @default - a new bucket that deletes objects after 7 days
   */
  readonly tempBucket?: IBucket;
  /**
   * Receives results.
   * @default - a new bucket
   */
  readonly outputBucket?: IBucket;
  /**
   * Attempts at a launch, and the waits between them.
   * @default - 12 attempts, 1 second to 5 minutes apart
   */
  readonly retry?: TaskRetry;
  /**
   * Keeps tasks that failed for good. Without it, the queue drops them after their attempts.
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
   * Overrides of the launcher function, or a container in its place.
   * @default - the function `dataflow-launcher` of this package
   */
  readonly launcher?: WorkerProps;
  /**
   * Principal that may put dead letters back.
   * @default - a new service account for callers to impersonate
   */
  readonly client?: IGrantable;
  /**
   * Key that encrypts buckets, dead letters, jobs and function.
   * @default - Google's keys
   */
  readonly encryptionKey?: EncryptionKey;
}

/**
 * Launches a Dataflow template on a schedule. The schedule creates a task on a queue, and a
 * launcher function launches one job for each task.
 */
export class ScheduledPreprocessing extends Construct {
  /** Carries a task for each launch. */
  readonly queue: TaskQueue;
  /** Creates the tasks. */
  readonly schedule: Schedule;
  /** Launches a job for each task. */
  readonly launcher: Worker;
  /** The workers of all jobs. */
  readonly workers: DataflowWorkers;
  /** Holds temporary files of the jobs. */
  readonly tempBucket: IBucket;
  /** Receives results. */
  readonly outputBucket: IBucket;
  /** Undefined with `deadLetter: false`. */
  readonly deadLetter?: DeadLetter;
  /** Puts dead letters back. Undefined with `redrive: false` or `deadLetter: false`. */
  readonly redrive?: DeadLetterRedrive;
  /**
   * The caller of `redrive`: the principal that was given, or a new service account. Undefined
   * without `redrive`.
   */
  readonly client?: IGrantable;
  /** Prefix of the names of launched jobs. */
  readonly jobNamePrefix: string;
  /** Undefined unless `deployTimeJob` is true. */
  readonly deployTimeJob?: DataflowJob;

  constructor(scope: Construct, id: string, props: ScheduledPreprocessingProps) {
    super(scope, id);
    const { template, encryptionKey } = props;
    this.tempBucket =
      props.tempBucket ??
      new Bucket(this, "temp", {
        encryptionKey,
        deleteAfter: Duration.days(7),
        softDelete: Duration.zero,
        forceDestroy: true,
      });
    this.outputBucket = props.outputBucket ?? new Bucket(this, "output", { encryptionKey });
    this.workers = new DataflowWorkers(this, "workers", {
      tempBucket: this.tempBucket,
      outputBucket: this.outputBucket,
      inputBuckets: props.inputBuckets,
      maxWorkers: props.maxWorkers,
      machineType: props.machineType,
      network: props.network,
      encryptionKey,
    });
    const parameters = props.parameters(`gs://${this.outputBucket.name}/${JOB_NAME}`);
    this.jobNamePrefix = composeName("dataflowJob", [id], Deployment.of(this));

    this.deadLetter = props.deadLetter === false ? undefined : new DeadLetter(this, "dead-letter", { encryptionKey });
    this.queue = new TaskQueue(this, "queue", {
      maxDispatchesPerSecond: 1,
      maxConcurrentDispatches: 1,
      retry: props.retry,
      deadLetter: this.deadLetter,
    });
    this.launcher = this.addLauncher(props, parameters);
    this.queue.dispatchTo(this.launcher);
    this.workers.grantLaunch(this.launcher);
    this.workers.alertOnFailure(this, `${this.jobNamePrefix}-*`);
    this.schedule = new Schedule(this, "schedule", {
      ...props.schedule,
      description: "Creates the task that launches preprocessing",
      target: ScheduleTarget.createTask({ queue: this.queue, worker: this.launcher, body: { parameters: {} } }),
    });
    if (this.deadLetter && props.redrive !== false) {
      const { deadLetter, queue } = this;
      this.client = props.client ?? new ServiceIdentity(this, "client", { description: "Puts dead letters back" });
      this.redrive = DeadLetterRedrive.ofPattern(this, props.redrive, { client: this.client, encryptionKey }, [
        { deadLetter, queue },
      ]);
    }
    if (props.deployTimeJob) {
      this.deployTimeJob = new DataflowJob(this, "job", { template, workers: this.workers, parameters });
    }
  }

  private addLauncher(props: ScheduledPreprocessingProps, parameters: Readonly<Record<string, string>>): Worker {
    const { project, region } = Deployment.of(this);
    const defaults = {
      source: FunctionSource.builtIn("dataflow-launcher"),
      description: "Launches the Dataflow template for a task",
      timeout: Duration.minutes(2),
      maxInstances: 1,
      encryptionKey: props.encryptionKey,
      environment: environment<DataflowLauncherEnvironment>(
        {
          DATAFLOW_LOCATION: `projects/${project}/locations/${region}`,
          TEMPLATE_PATH: props.template.path,
          TEMPLATE_KIND: props.template.kind,
          JOB_NAME_PREFIX: this.jobNamePrefix,
          LAUNCH: JSON.stringify({ parameters, environment: this.workers.environment() }),
        },
        props.launcher?.environment,
      ),
    };
    return createWorker(this, "launcher", defaults, props.launcher);
  }
}
