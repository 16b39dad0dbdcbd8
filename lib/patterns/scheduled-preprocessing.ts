import { Construct } from "constructs";
import type { DataflowLauncherEnvironment } from "../../functions/dataflow-launcher/environment";
import { Deployment } from "../core/deployment";
import { Duration } from "../core/duration";
import { FunctionSource } from "../core/function-source";
import type { IGrantable } from "../core/grantee";
import { mapValues } from "../core/records";
import { check } from "../core/validation";
import { Bucket, type IBucket } from "../parts/bucket";
import { DataflowJob } from "../parts/dataflow-job";
import { JOB_NAME } from "../parts/dataflow-template";
import { type DataflowNetwork, DataflowWorkers } from "../parts/dataflow-workers";
import { DeadLetter } from "../parts/dead-letter";
import { DeadLetterRedrive, type RedriveProps } from "../parts/dead-letter-redrive";
import type { EncryptionKey } from "../parts/encryption-key";
import { Schedule, ScheduleTarget } from "../parts/schedule";
import type { ScheduleTime } from "../parts/schedule-time";
import { ServiceIdentity } from "../parts/service-identity";
import { TaskQueue } from "../parts/task-queue";
import type { TaskRetry } from "../parts/task-retry";
import { DEFAULT_JOB, jobNamePrefix, jobRules, launchOf, type PreprocessingJobProps } from "./preprocessing-job";
import { createWorker, environment, type Worker, type WorkerProps } from "./worker";

/**
 * Properties of {@link ScheduledPreprocessing}. `template`, `parameters` and `schedule` are those
 * of the job `default`; they may be missing where `jobs` are there.
 */
export interface ScheduledPreprocessingProps {
  /**
   * The template that is launched.
   * @default - `jobs` alone are launched
   */
  readonly template?: PreprocessingJobProps["template"];
  /**
   * Parameters of the template, see {@link PreprocessingJobProps.parameters}.
   * @default - `jobs` alone are launched
   */
  readonly parameters?: PreprocessingJobProps["parameters"];
  /**
   * When the template is launched.
   * @default - `jobs` alone are launched
   */
  readonly schedule?: ScheduleTime;
  /**
   * Also launches the template when Terraform applies. The next apply launches a finished job
   * again.
   * @default false
   */
  readonly deployTimeJob?: boolean;
  /**
   * Follows each launched job, see {@link PreprocessingJobProps.waitFor}.
   * @default - a launched job is not followed
   */
  readonly waitFor?: Duration;
  /**
   * Jobs by name, 1 to 20 of `a-z0-9-`. They share queue, launcher and buckets.
   * @default - the job `default` alone
   */
  readonly jobs?: Readonly<Record<string, PreprocessingJobProps>>;
  /**
   * Workers of a job at most: 1 to 1000.
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
 * Launches Dataflow templates on schedules. A schedule creates a task on a queue, and a launcher
 * function launches one job for each task.
 *
 * Grants the roles that docs/scheduled-preprocessing.md lists under "Who may do what".
 * Reports InvalidValue, OutOfRange and InvalidBeamPipeline for jobs.
 */
export class ScheduledPreprocessing extends Construct {
  /** Carries a task for each launch, and tasks that ask for the state of jobs. */
  readonly queue: TaskQueue;
  /** Create the tasks, by name of the job. */
  readonly schedules: Readonly<Record<string, Schedule>>;
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
  /** Prefixes of the names of launched jobs, by name of the job. */
  readonly jobNamePrefixes: Readonly<Record<string, string>>;
  /** Of the job `default`. Undefined unless its `deployTimeJob` is true. */
  readonly deployTimeJob?: DataflowJob;

  constructor(scope: Construct, id: string, props: ScheduledPreprocessingProps) {
    super(scope, id);
    const { encryptionKey } = props;
    const jobs = this.jobsOf(props);
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
    this.deadLetter = props.deadLetter === false ? undefined : new DeadLetter(this, "dead-letter", { encryptionKey });
    this.queue = new TaskQueue(this, "queue", {
      maxDispatchesPerSecond: 1,
      maxConcurrentDispatches: 1,
      retry: props.retry,
      deadLetter: this.deadLetter,
    });
    this.jobNamePrefixes = mapValues(jobs, (_job, name) => jobNamePrefix(this, name));
    this.launcher = this.addLauncher(props, jobs);
    this.queue.dispatchTo(this.launcher);
    this.workers.grantLaunch(this.launcher);
    if (areFollowed(jobs)) {
      this.queue.grantEnqueue(this.launcher);
      this.workers.grantFollow(this.launcher);
    }
    if (this.deadLetter && props.redrive !== false) {
      const { deadLetter, queue } = this;
      this.client = props.client ?? new ServiceIdentity(this, "client", { description: "Puts dead letters back" });
      this.redrive = DeadLetterRedrive.ofPattern(this, props.redrive, { client: this.client, encryptionKey }, [
        { deadLetter, queue },
      ]);
    }
    this.schedules = mapValues(jobs, (job, name) => this.addSchedule(name, job));
    const deployed = mapValues(jobs, (job, name) => this.addDeployTimeJob(name, job));
    this.deployTimeJob = deployed[DEFAULT_JOB];
  }

  /** Of the job `default`; where there is none, of the first one. */
  get schedule(): Schedule {
    return this.ofDefault(this.schedules);
  }

  /**
   * Prefix of the names of launched jobs, those of the job `default`; where there is none, those of
   * the first one.
   */
  get jobNamePrefix(): string {
    return this.ofDefault(this.jobNamePrefixes);
  }

  private ofDefault<T>(byName: Readonly<Record<string, T>>): T {
    return byName[DEFAULT_JOB] ?? (Object.values(byName)[0] as T);
  }

  private jobsOf(props: ScheduledPreprocessingProps): Readonly<Record<string, PreprocessingJobProps>> {
    const { template, parameters, schedule, deployTimeJob, waitFor, jobs = {} } = props;
    const given = Object.entries({ template, parameters, schedule, deployTimeJob, waitFor });
    const some = given.filter(([, value]) => value !== undefined).map(([name]) => name);
    const ofOne = template && parameters && schedule;
    const all = ofOne ? { [DEFAULT_JOB]: { template, parameters, schedule, deployTimeJob, waitFor }, ...jobs } : jobs;
    check(this, [
      {
        code: "InvalidValue",
        broken: some.length > 0 && !ofOne,
        message: `${some.join(", ")} given; allowed are template, parameters and schedule together, for the job ${DEFAULT_JOB}`,
      },
      {
        code: "InvalidValue",
        broken: some.length > 0 && DEFAULT_JOB in jobs,
        message: `${some.join(", ")} and jobs.${DEFAULT_JOB} given; allowed is one of the two, for the job ${DEFAULT_JOB}`,
      },
      ...(some.length > 0 && !ofOne ? [] : jobRules(all)),
    ]);
    return all;
  }

  private addLauncher(
    props: ScheduledPreprocessingProps,
    jobs: Readonly<Record<string, PreprocessingJobProps>>,
  ): Worker {
    const { project, region } = Deployment.of(this);
    const place = { workers: this.workers, output: `gs://${this.outputBucket.name}` };
    const defaults = {
      source: FunctionSource.builtIn("dataflow-launcher"),
      description: "Launches the Dataflow template for a task",
      timeout: Duration.minutes(2),
      maxInstances: 1,
      encryptionKey: props.encryptionKey,
      environment: environment<DataflowLauncherEnvironment>(
        {
          DATAFLOW_LOCATION: `projects/${project}/locations/${region}`,
          JOBS: JSON.stringify(mapValues(jobs, (job, name) => launchOf(this, name, job, place))),
          QUEUE: areFollowed(jobs) ? this.queue.fullName : "",
        },
        props.launcher?.environment,
      ),
    };
    return createWorker(this, "launcher", defaults, props.launcher);
  }

  private addSchedule(name: string, job: PreprocessingJobProps): Schedule {
    this.workers.alertOnFailure(this, `${this.jobNamePrefixes[name]}-*`, idOf("failed-jobs", name));
    const body = { ...(name !== DEFAULT_JOB && { job: name }), parameters: {} };
    return new Schedule(this, idOf("schedule", name), {
      ...job.schedule,
      description: "Creates the task that launches preprocessing",
      target: ScheduleTarget.createTask({ queue: this.queue, worker: this.launcher, body }),
    });
  }

  private addDeployTimeJob(name: string, job: PreprocessingJobProps): DataflowJob | undefined {
    if (!job.deployTimeJob) return undefined;
    const { template, maxWorkers, machineType } = job;
    return new DataflowJob(this, idOf("job", name), {
      template,
      workers: this.workers,
      parameters: job.parameters(`gs://${this.outputBucket.name}/${JOB_NAME}`),
      overrides: { ...(maxWorkers !== undefined && { maxWorkers }), ...(machineType !== undefined && { machineType }) },
    });
  }
}

/** Tells whether the launcher asks for the state of any job. */
function areFollowed(jobs: Readonly<Record<string, PreprocessingJobProps>>): boolean {
  return Object.values(jobs).some(({ waitFor }) => waitFor !== undefined);
}

/** Construct ids of the job `default` carry no name, as when it was the only one. */
function idOf(what: string, name: string): string {
  return name === DEFAULT_JOB ? what : `${what}-${name}`;
}
