import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import type { PipelineJobEnvironment } from "../../functions/pipeline-job/environment";
import { Deployment } from "../core/deployment";
import { Duration } from "../core/duration";
import { FunctionSource } from "../core/function-source";
import type { IGrantable } from "../core/grantee";
import { composeName } from "../core/names";
import { check, inRange } from "../core/validation";
import { BatchPrediction, type BatchPredictionProps } from "../parts/batch-prediction";
import type { IBucket } from "../parts/bucket";
import { ContainerJob, type IContainerJob } from "../parts/container-job";
import type { DataflowTemplate } from "../parts/dataflow-template";
import type { DataflowWorkers } from "../parts/dataflow-workers";
import type { EncryptionKey } from "../parts/encryption-key";
import { FunctionService } from "../parts/function-service";
import { createAfter } from "../parts/order";
import type { TaskQueue } from "../parts/task-queue";
import { VertexTraining, type VertexTrainingProps } from "../parts/vertex-training";
import { ownVariableRules, placeholderRules } from "./pipeline-placeholders";
import type { PipelineStepOptions } from "./pipeline-step";
import { environment } from "./worker";

/** What every step that is a job has. */
export interface JobStepOptions extends PipelineStepOptions {
  /**
   * Time between the first questions for the state of the job: 5 seconds to 1 hour. Later ones come
   * after a tenth of the time that the job has taken, at most 5 minutes.
   * @default Duration.seconds(30)
   */
  readonly pollInterval?: Duration;
  /**
   * Time after which the job is cancelled and the step fails: 1 minute to 30 days, since Cloud
   * Tasks keeps a task for 31 days. It includes the time that the job waits for machines.
   * @default Duration.days(1)
   */
  readonly maxDuration?: Duration;
}

/** A step that is an execution of a Cloud Run job. */
export interface ContainerJobStepProps extends JobStepOptions {
  /**
   * The job. The identity of one that this app creates is granted `roles/storage.objectViewer` and
   * `roles/storage.objectCreator` on the run bucket; grant them yourself to another's.
   */
  readonly job: IContainerJob;
  /**
   * Arguments instead of the job's own. May have placeholders.
   * @default - the job's own
   */
  readonly args?: readonly string[];
  /**
   * Environment variables besides the job's own. May have placeholders.
   * @default - those that every job of a pipeline gets
   */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A step that is a custom training job of Vertex AI. */
export interface VertexTrainingStepProps extends JobStepOptions {
  /** The job. It runs as a new identity that can read the run bucket and create objects there. */
  readonly vertexTraining: VertexTrainingProps;
}

/** A step that is a batch prediction job of Vertex AI. */
export interface BatchPredictionStepProps extends JobStepOptions {
  /** The job. Vertex AI reads and writes as its own service agent. */
  readonly batchPrediction: BatchPredictionProps;
}

/** A step that is a job of a Dataflow template. */
export interface DataflowStepProps extends JobStepOptions {
  /** The job. */
  readonly dataflow: DataflowStepJob;
}

/** A Dataflow template, its parameters and its workers. */
export interface DataflowStepJob {
  /** The template that is launched. */
  readonly template: DataflowTemplate;
  /**
   * Parameters of the template, or values of a Beam YAML pipeline's variables. They may have
   * placeholders. A variable that is one placeholder and nothing else, such as
   * `{parameters.features}`, gets the value in its own form; elsewhere a value that is no text is
   * put in as JSON.
   */
  readonly parameters: Readonly<Record<string, string>>;
  /** The workers. Their identity is granted `roles/storage.objectUser` on the run bucket. */
  readonly workers: DataflowWorkers;
}

/** A step that is a job: it is started, and asked after until it has ended. */
export type JobStepProps =
  | ContainerJobStepProps
  | VertexTrainingStepProps
  | BatchPredictionStepProps
  | DataflowStepProps;

const FORMS = ["job", "vertexTraining", "batchPrediction", "dataflow"];

export function isJobStep(props: object): props is JobStepProps {
  return FORMS.some((form) => form in props);
}

/** The pipeline that a step belongs to. */
interface StepPlace {
  readonly scope: Construct;
  readonly queue: TaskQueue;
  readonly runBucket: IBucket;
  readonly encryptionKey?: EncryptionKey;
}

/**
 * Adds the function that starts and follows the job of a step, with the grants that it needs.
 *
 * Reports OutOfRange, InvalidValue and ReservedVariable.
 */
export function addJobStep(place: StepPlace, name: string, props: JobStepProps): FunctionService {
  const { scope, queue, runBucket } = place;
  const pollInterval = props.pollInterval ?? Duration.seconds(30);
  const maxDuration = props.maxDuration ?? Duration.days(1);
  const seconds = { unit: "seconds", integer: true };
  check(scope, [
    inRange(`pollInterval of step ${name}`, pollInterval.toSeconds(), { min: 5, max: 3600, ...seconds }),
    inRange(`maxDuration of step ${name}`, maxDuration.toSeconds(), { min: 60, max: 2_592_000, ...seconds }),
  ]);
  const step = new FunctionService(scope, name, {
    source: FunctionSource.builtIn("pipeline-job"),
    description: `Pipeline step ${name}: starts its job and follows it`,
    timeout: Duration.minutes(2),
    maxInstances: queue.maxConcurrentDispatches,
    encryptionKey: place.encryptionKey,
    environment: environment<Omit<PipelineJobEnvironment, "JOB">>({
      RUN_BUCKET: runBucket.name,
      QUEUE: queue.fullName,
      TOKEN_IDENTITY: queue.caller.email,
      POLL_INTERVAL_SECONDS: String(pollInterval.toSeconds()),
      MAX_DURATION_SECONDS: String(maxDuration.toSeconds()),
    }),
  });
  const job = jobOf(place, step, props, maxDuration);
  const known = { hasInputs: (props.after ?? []).length > 0, hasElements: props.forEach !== undefined };
  check(scope, placeholderRules(name, job.config, known));
  check(scope, ownVariableRules(name, job.variables));
  step.addEnvironment("JOB", JSON.stringify(job.config));
  job.grantRun(step);
  createAfter(step.resource, job.ready ?? []);
  return step;
}

/** A job as the function that runs it needs it. */
interface StepJob {
  /** The variable `JOB` of the function `pipeline-job`. */
  readonly config: object;
  /** Environment variables of its container. */
  readonly variables?: Readonly<Record<string, string>>;
  grantRun(to: IGrantable): unknown;
  /** What must exist before the job runs. */
  readonly ready?: readonly ITerraformDependable[];
}

/** @param step holds what only this job needs */
function jobOf({ runBucket }: StepPlace, step: FunctionService, props: JobStepProps, timeout: Duration): StepJob {
  if ("vertexTraining" in props) {
    const training = new VertexTraining(step, "training", { ...props.vertexTraining, bucket: runBucket, timeout });
    return {
      config: training.job,
      variables: props.vertexTraining.environment,
      grantRun: (to) => training.grantRun(to),
      ready: training.ready,
    };
  }
  if ("batchPrediction" in props) {
    const prediction = new BatchPrediction(step, "prediction", props.batchPrediction);
    return { config: prediction.job, grantRun: (to) => prediction.grantRun(to) };
  }
  return "dataflow" in props ? dataflowJob(step, props.dataflow, runBucket) : containerJob(props, runBucket);
}

function containerJob({ job, args, environment: variables }: ContainerJobStepProps, runBucket: IBucket): StepJob {
  return {
    config: { kind: "run", job: job.fullName, args, environment: variables },
    variables,
    grantRun: (to) => job.grantRun(to),
    ready: job instanceof ContainerJob ? [runBucket.grantRead(job), runBucket.grantCreate(job)] : [],
  };
}

function dataflowJob(
  step: FunctionService,
  { template, parameters, workers }: DataflowStepJob,
  runBucket: IBucket,
): StepJob {
  const deployment = Deployment.of(step);
  const { project, region } = deployment;
  const namePrefix = composeName("dataflowJob", [step.node.scope?.node.id ?? "", step.node.id], deployment);
  workers.alertOnFailure(step, `${namePrefix}-*`);
  template.checkParameters(step, Object.keys(parameters));
  const launched = template.bind(step, workers);
  const { kind, path, variables, pipelineOptions } = launched;
  return {
    config: {
      kind: "dataflow",
      location: `projects/${project}/locations/${region}`,
      template: { kind, path },
      namePrefix,
      parameters: variables ? launched.parameters : parameters,
      ...(variables && { variables: { ...variables, ...parameters } }),
      environment: workers.environment({ pipelineOptions }),
    },
    grantRun: (to) => workers.grantRun(to),
    ready: [...workers.ready, runBucket.grantReadWrite(workers)],
  };
}
