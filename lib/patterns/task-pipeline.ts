import { Construct } from "constructs";
import type { PipelineInferEnvironment } from "../../functions/pipeline-infer/environment";
import type { PipelineStartEnvironment } from "../../functions/pipeline-start/environment";
import { Duration } from "../core/duration";
import { FunctionSource } from "../core/function-source";
import type { IGrantable } from "../core/grantee";
import { filterKeys, mapValues } from "../core/records";
import { check } from "../core/validation";
import { Bucket, type IBucket } from "../parts/bucket";
import { DeadLetter } from "../parts/dead-letter";
import { DeadLetterRedrive, type RedriveProps } from "../parts/dead-letter-redrive";
import type { EncryptionKey } from "../parts/encryption-key";
import { Schedule, ScheduleTarget } from "../parts/schedule";
import type { ScheduleTime } from "../parts/schedule-time";
import { ServiceIdentity } from "../parts/service-identity";
import { TaskQueue } from "../parts/task-queue";
import type { TaskRetry } from "../parts/task-retry";
import { elementRules, type Graph, graphRules, hasDependents } from "./pipeline-graph";
import { addJobStep, isJobStep, type JobStepProps } from "./pipeline-jobs";
import type { PipelineStepOptions } from "./pipeline-step";
import {
  type ContainerWorkerProps,
  createWorker,
  environment,
  type FunctionWorkerProps,
  type Worker,
  type WorkerProps,
} from "./worker";

/** Properties of a step: a function, a container, or a job that may take hours. */
export type PipelineStepProps = FunctionStepProps | ContainerStepProps | JobStepProps;

/** Properties of a step that is a function. */
export interface FunctionStepProps extends FunctionWorkerProps, PipelineStepOptions {
  /** The code of the step. */
  readonly source: FunctionSource;
}

/** Properties of a step that is a container. */
export interface ContainerStepProps extends ContainerWorkerProps, PipelineStepOptions {}

/** When runs start, and with which parameters. */
export interface PipelineSchedule extends ScheduleTime {
  /**
   * Parameters of the runs that the schedule starts, as a function of the run bucket,
   * `gs://<bucket>`.
   */
  readonly parameters: (runBucket: string) => Readonly<Record<string, unknown>>;
}

/** Properties of {@link TaskPipeline}. */
export interface TaskPipelineProps {
  /** Steps by name: 1 to 40 of `a-z0-9-`, beginning with a letter. */
  readonly steps: Readonly<Record<string, PipelineStepProps>>;
  /**
   * Tasks that are dispatched per second: above 0, to 500.
   * @default 10
   */
  readonly maxDispatchesPerSecond?: number;
  /**
   * Tasks in progress at one time: 1 to 1000. Each step has as many instances.
   * @default 10
   */
  readonly maxConcurrentDispatches?: number;
  /**
   * Attempts at a step, and the waits between them.
   * @default - 5 attempts, 1 to 10 seconds apart, as in the document. A step that fails for longer
   *   than 25 seconds is dead-lettered
   */
  readonly retry?: TaskRetry;
  /**
   * Starts runs by creating tasks.
   * @default - only calls of the start function start runs
   */
  readonly schedule?: PipelineSchedule;
  /**
   * Overrides of the function that starts runs, or a container in its place. `ingress` opens it to
   * the internet; IAM still applies.
   * @default - the function `pipeline-start` of this package
   */
  readonly starter?: WorkerProps;
  /**
   * Holds inputs (`inputs/`) and the state and results of runs (`runs/<run>/`).
   * @default - a new bucket
   */
  readonly runBucket?: IBucket;
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
   * Principal that may start runs and upload inputs.
   * @default - a new service account for callers to impersonate
   */
  readonly client?: IGrantable;
  /**
   * Key that encrypts the bucket, dead letters and functions.
   * @default - Google's keys
   */
  readonly encryptionKey?: EncryptionKey;
}

/** Construct ids of the pipeline, which steps cannot have. */
const OWN_IDS = new Set(["client", "dead-letter", "queue", "redrive", "runs", "schedule", "start"]);

/**
 * A pipeline of functions, containers and jobs whose steps are tasks of one rate-limited queue. A
 * step begins when all steps that it runs after have written their markers to the run's folder. A
 * run keeps the graph with which it started.
 *
 * Grants the roles that docs/task-pipeline.md lists under "Who may do what".
 * Reports InvalidName, InvalidValue, OutOfRange, DuplicateId, UnknownStep, PipelineCycle and
 * ReservedVariable.
 */
export class TaskPipeline extends Construct {
  /** Carries a task for each step of a run. */
  readonly queue: TaskQueue;
  /** The workers of the steps, by name. That of a job starts it and follows it. */
  readonly steps: Readonly<Record<string, Worker>>;
  /** Starts a run. */
  readonly starter: Worker;
  /** Holds inputs, and the state and results of runs. */
  readonly runBucket: IBucket;
  /** Undefined with `deadLetter: false`. */
  readonly deadLetter?: DeadLetter;
  /** Undefined without `schedule`. */
  readonly schedule?: Schedule;
  /** Puts dead letters back. Undefined with `redrive: false` or `deadLetter: false`. */
  readonly redrive?: DeadLetterRedrive;
  /** The caller: the principal that was given, or a new service account. */
  readonly client: IGrantable;

  constructor(scope: Construct, id: string, props: TaskPipelineProps) {
    super(scope, id);
    const { encryptionKey } = props;
    const graph: Graph = mapValues(props.steps, ({ after = [] }) => after);
    check(this, [
      ...graphRules(graph),
      ...Object.entries(props.steps).flatMap(([name, step]) => elementRules(name, step)),
      ...Object.keys(graph).map((name) => ({
        code: "DuplicateId" as const,
        broken: OWN_IDS.has(name),
        message: `"${name}" names both a step and a part of the pipeline; give the step another name`,
      })),
    ]);

    this.runBucket = props.runBucket ?? new Bucket(this, "runs", { encryptionKey });
    this.deadLetter = props.deadLetter === false ? undefined : new DeadLetter(this, "dead-letter", { encryptionKey });
    this.queue = new TaskQueue(this, "queue", {
      maxDispatchesPerSecond: props.maxDispatchesPerSecond ?? 10,
      maxConcurrentDispatches: props.maxConcurrentDispatches,
      retry: { maxAttempts: 5, minBackoff: Duration.seconds(1), maxBackoff: Duration.seconds(10), ...props.retry },
      deadLetter: this.deadLetter,
    });
    // Names that are taken were reported.
    const free = filterKeys(props.steps, (name) => !OWN_IDS.has(name));
    this.steps = mapValues(free, (step, name) => this.addStep(name, step, graph, encryptionKey));
    this.starter = this.addStarter(props, graph);
    this.client = props.client ?? new ServiceIdentity(this, "client", { description: "Starts runs of the pipeline" });
    this.starter.grantInvoke(this.client);
    this.runBucket.grantCreate(this.client);
    this.runBucket.grantRead(this.client);
    this.schedule = props.schedule && this.addSchedule(props.schedule);
    const { client, deadLetter, queue } = this;
    this.redrive = DeadLetterRedrive.ofPattern(this, props.redrive, { client, encryptionKey }, [{ deadLetter, queue }]);
  }

  private addStep(name: string, props: PipelineStepProps, graph: Graph, encryptionKey?: EncryptionKey): Worker {
    const { queue, runBucket } = this;
    const isJob = isJobStep(props);
    const step = isJob
      ? addJobStep({ scope: this, queue, runBucket, encryptionKey }, name, props)
      : this.addWorker(name, props, encryptionKey);
    queue.addTarget(step);
    runBucket.grantRead(step);
    runBucket.grantCreate(step);
    // The last steps enqueue nothing, except for the tasks of elements and of jobs.
    if (hasDependents(graph, name) || props.forEach !== undefined || isJob) queue.grantEnqueue(step);
    return step;
  }

  private addWorker(
    name: string,
    props: Exclude<PipelineStepProps, JobStepProps>,
    encryptionKey?: EncryptionKey,
  ): Worker {
    const { after, forEach, minSuccess, ...overrides } = props;
    const defaults = {
      description: `Pipeline step ${name}`,
      timeout: Duration.minutes(10),
      maxInstances: this.queue.maxConcurrentDispatches,
      encryptionKey,
      environment: environment<PipelineInferEnvironment>(
        {
          RUN_BUCKET: this.runBucket.name,
          QUEUE: this.queue.fullName,
          TOKEN_IDENTITY: this.queue.caller.email,
        },
        props.environment,
      ),
    };
    return createWorker(this, name, defaults, overrides);
  }

  private addStarter(props: TaskPipelineProps, graph: Graph): Worker {
    const steps = Object.entries(this.steps).map(([name, step]) => ({
      name,
      url: step.uri,
      after: graph[name] ?? [],
      deadlineSeconds: this.queue.dispatchDeadline(step).toSeconds(),
      forEach: props.steps[name]?.forEach,
      minSuccess: props.steps[name]?.minSuccess,
    }));
    const defaults = {
      source: FunctionSource.builtIn("pipeline-start"),
      description: "Starts a run of the pipeline",
      timeout: Duration.minutes(1),
      // A scheduled start is a task of the same queue.
      maxInstances: this.queue.maxConcurrentDispatches,
      encryptionKey: props.encryptionKey,
      environment: environment<PipelineStartEnvironment>(
        {
          RUN_BUCKET: this.runBucket.name,
          QUEUE: this.queue.fullName,
          TOKEN_IDENTITY: this.queue.caller.email,
          STEPS: JSON.stringify(steps),
        },
        props.starter?.environment,
      ),
    };
    const start = createWorker(this, "start", defaults, props.starter);
    this.runBucket.grantRead(start);
    this.runBucket.grantCreate(start);
    this.queue.grantEnqueue(start);
    return start;
  }

  private addSchedule({ parameters, ...time }: PipelineSchedule): Schedule {
    this.queue.addTarget(this.starter);
    const body = { parameters: parameters(`gs://${this.runBucket.name}`) };
    return new Schedule(this, "schedule", {
      ...time,
      description: "Creates the task that starts a run of the pipeline",
      target: ScheduleTarget.createTask({ queue: this.queue, worker: this.starter, body }),
    });
  }
}
