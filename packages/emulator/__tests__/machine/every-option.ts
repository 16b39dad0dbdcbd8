import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "cdktf";
import {
  AsyncBatch,
  type AsyncBatchProps,
  type BeamYamlOptions,
  Bucket,
  type BucketMount,
  type BucketProps,
  ContainerJob,
  type ContainerJobProps,
  ContainerService,
  type ContainerServiceProps,
  DataflowJob,
  type DataflowJobProps,
  type DataflowNetwork,
  DataflowTemplate,
  DataflowWorkers,
  type DataflowWorkersProps,
  DeadLetter,
  type DirectVpcEgress,
  Duration,
  EncryptionKey,
  EventWorkflow,
  type EventWorkflowProps,
  externalGrantee,
  Filter,
  FunctionService,
  type FunctionServiceProps,
  FunctionSource,
  type FunctionStepProps,
  type FunctionSubscriberProps,
  type FunctionWorkerProps,
  GoogleStack,
  type GoogleStackProps,
  type GpuOptions,
  type HttpProbe,
  Memory,
  type NotificationOptions,
  type PipelineSchedule,
  PredictionEndpoint,
  type PredictionEndpointProps,
  type PreprocessingJobProps,
  PubSubFanout,
  type PubSubFanoutProps,
  type PullSubscriberProps,
  type PullSubscriptionProps,
  type PushSubscriptionProps,
  type RedriveProps,
  Schedule,
  ScheduledPreprocessing,
  type ScheduledPreprocessingProps,
  type ScheduledTask,
  type ScheduleProps,
  ScheduleTarget,
  type ScheduleTime,
  Secret,
  ServiceIdentity,
  type ServiceIdentityProps,
  synthesize,
  TaskPipeline,
  type TaskPipelineProps,
  TaskQueue,
  type TaskQueueProps,
  type TaskRetry,
  Topic,
  type TopicProps,
  type TopicSchema,
  type VpcEgress,
  WorkerPool,
  type WorkerPoolProps,
  Workflow,
  type WorkflowProps,
} from "../../../../lib";

/*
 * Stacks that use every option of every construct. An option that is added to the library does not
 * compile here until it is used, so that whatever the library emits is known to the emulator.
 * Overrides are left out: they may hold anything.
 */
type Every<Props> = Required<Omit<Props, "overrides">>;

/**
 * The same of a pattern's worker that is a function. A build identity of one's own needs grants
 * that are made elsewhere, so functions of patterns have the stack's.
 */
type EveryOfWorker<Props> = Omit<Every<Props>, "image" | "buildIdentity">;

const KEY = "projects/acme-ml/locations/us-central1/keyRings/ml/cryptoKeys/data";
const CLIENT = externalGrantee("serviceAccount:caller@acme-ml.iam.gserviceaccount.com");
const HELLO = FunctionSource.typescript(join(__dirname, "../../../../__tests__/lib/fixtures/hello"));
const AVRO: Every<TopicSchema> = {
  type: "AVRO",
  definition: '{"type":"record","name":"Message","fields":[{"name":"text","type":"string"}]}',
  encoding: "JSON",
};
const PROTO: Every<TopicSchema> = {
  type: "PROTOCOL_BUFFER",
  definition: 'syntax = "proto3"; message Message { string text = 1; }',
  encoding: "BINARY",
};
const RETRY: Every<TaskRetry> = {
  maxAttempts: 7,
  minBackoff: Duration.seconds(2),
  maxBackoff: Duration.minutes(5),
  maxDoublings: 4,
};
const VPC: Every<VpcEgress> = {
  connector: "projects/acme-ml/locations/us-central1/connectors/ml",
  traffic: "ALL_TRAFFIC",
};
const NETWORK: Every<DataflowNetwork> = {
  network: "ml",
  subnetwork: "regions/us-central1/subnetworks/ml",
  privateIps: true,
};
const TEMPLATE = DataflowTemplate.classic("gs://dataflow-templates/latest/Word_Count");
const WORD_COUNT = { inputFile: "gs://dataflow-samples/shakespeare/kinglear.txt", output: "gs://acme-out/counts" };
const SECRET_IDS = ["api-key", "token"] as const;

export interface EveryOption {
  /** Stack -> its folder. */
  readonly folders: Readonly<Record<string, string>>;
  readonly folder: string;
}

/** Synthesizes the stacks into a folder of their own. */
export function synthesizeEveryOption(): EveryOption {
  const folder = mkdtempSync(join(tmpdir(), "every-option-"));
  const app = new App({ outdir: folder, stackTraces: false });
  const stacks = {
    asyncBatch,
    taskPipeline,
    eventWorkflow,
    pubsubFanout,
    scheduledPreprocessing,
    parts,
    containerJob,
    containers,
  };
  const names = Object.entries(stacks).map(([name, build]) => {
    build(stackOf(app, name));
    return name;
  });
  synthesize(app);
  return { folder, folders: Object.fromEntries(names.map((name) => [name, join(folder, "stacks", name)])) };
}

function stackOf(app: App, id: string): GoogleStack {
  const props: Every<GoogleStackProps> = {
    project: "acme-ml",
    region: "us-central1",
    environment: "dev",
    labels: { team: "ml" },
    notificationEmails: ["ml@acme.com"],
    versionedBuckets: true,
    accessLogBucket: "acme-logs",
    stateBucket: "acme-state",
  };
  return new GoogleStack(app, id, props);
}

/**
 * All that a function's properties can say; those that a pattern decides itself are left out there.
 */
function functionOf(stack: GoogleStack, name: string): Every<FunctionServiceProps> {
  return {
    source: HELLO,
    name,
    description: "Does it",
    identity: new ServiceIdentity(stack, `${name}-identity`, identityOf(`${name}-id`)),
    memory: Memory.gibibytes(1),
    cpu: 1,
    timeout: Duration.minutes(2),
    concurrency: 2,
    minInstances: 1,
    maxInstances: 5,
    environment: { MODE: "test" },
    secrets: Object.fromEntries(
      SECRET_IDS.map((id, index) => [
        `SECRET_${index}`,
        new Secret(stack, `${name}-${id}`, id, index ? "2" : "latest"),
      ]),
    ),
    ingress: "ALLOW_INTERNAL_ONLY",
    vpc: VPC,
    buildIdentity: new ServiceIdentity(stack, `${name}-builder`, identityOf(`${name}-build`)),
    encryptionKey: keyOf(stack),
  };
}

function workerOf(stack: GoogleStack, name: string): EveryOfWorker<FunctionWorkerProps> {
  const { encryptionKey: _, buildIdentity: __, ...props } = functionOf(stack, name);
  return props;
}

function endpointOf(stack: GoogleStack): PredictionEndpoint {
  const props: Every<PredictionEndpointProps> = { host: "1234567890.us-central1-123.prediction.vertexai.goog" };
  return new PredictionEndpoint(stack, "endpoint", "1234567890", props);
}

/** One for a stack. */
function keyOf(stack: GoogleStack): EncryptionKey {
  return (stack.node.tryFindChild("key") as EncryptionKey | undefined) ?? new EncryptionKey(stack, "key", KEY);
}

function identityOf(name: string): Every<ServiceIdentityProps> {
  return { name, description: "An identity" };
}

function bucketOf(stack: GoogleStack, name: string): Bucket {
  const props: Every<BucketProps> = {
    name: `acme-${name}`,
    location: "us-central1",
    deleteAfter: Duration.days(30),
    softDelete: Duration.days(7),
    versioning: true,
    accessLogs: Bucket.fromName(stack, `${name}-logs`, "acme-logs"),
    forceDestroy: true,
    encryptionKey: keyOf(stack),
  };
  return new Bucket(stack, name, props);
}

function workflowOf(name: string): Omit<Every<WorkflowProps>, "encryptionKey"> {
  return {
    source: "workflows/ml-prediction-workflow.yaml",
    variables: { MODE: "test" },
    name,
    description: "A workflow",
    callLogLevel: "LOG_ALL_CALLS",
    deletionProtection: false,
  };
}

function redriveOf(stack: GoogleStack): Omit<Every<RedriveProps>, "buildIdentity"> {
  const { encryptionKey: _, source: __, buildIdentity: ___, ...props } = functionOf(stack, "redrive");
  return props;
}

function asyncBatch(stack: GoogleStack): void {
  const props: Every<AsyncBatchProps> = {
    endpoint: endpointOf(stack),
    worker: { ...workerOf(stack, "batch-worker"), source: FunctionSource.builtIn("batch-worker") },
    submitter: { ...workerOf(stack, "batch-submitter"), source: FunctionSource.builtIn("batch-submitter") },
    inputBucket: bucketOf(stack, "in"),
    outputBucket: bucketOf(stack, "out"),
    maxDispatchesPerSecond: 5,
    maxConcurrentDispatches: 3,
    retry: RETRY,
    dispatchDeadline: Duration.minutes(5),
    predictBatchSize: 10,
    recordsInTasks: true,
    deadLetter: true,
    redrive: redriveOf(stack),
    client: CLIENT,
    encryptionKey: keyOf(stack),
  };
  new AsyncBatch(stack, "batch", props);
}

function taskPipeline(stack: GoogleStack): void {
  const schedule: Every<PipelineSchedule> = {
    cron: "0 3 * * *",
    timeZone: "Europe/Zurich",
    parameters: (runs) => ({ dataset: `gs://${runs}/data.csv` }),
  };
  const step: EveryOfWorker<FunctionStepProps> = {
    ...workerOf(stack, "step-one"),
    source: FunctionSource.builtIn("pipeline-preprocess"),
    after: ["two"],
    forEach: "shards",
    minSuccess: 0.5,
  };
  const props: Every<TaskPipelineProps> = {
    steps: { one: step, two: { source: FunctionSource.builtIn("pipeline-preprocess") } },
    maxDispatchesPerSecond: 5,
    maxConcurrentDispatches: 3,
    retry: RETRY,
    schedule,
    starter: { ...workerOf(stack, "pipeline-start"), source: FunctionSource.builtIn("pipeline-start") },
    runBucket: bucketOf(stack, "runs"),
    deadLetter: true,
    redrive: redriveOf(stack),
    client: CLIENT,
    encryptionKey: keyOf(stack),
  };
  new TaskPipeline(stack, "pipeline", props);
}

function eventWorkflow(stack: GoogleStack): void {
  const props: Every<EventWorkflowProps> = {
    endpoint: endpointOf(stack),
    workflow: workflowOf("ml"),
    starter: { ...workerOf(stack, "starter"), source: FunctionSource.builtIn("start-workflow") },
    uploadBucket: bucketOf(stack, "uploads"),
    resultsBucket: bucketOf(stack, "results"),
    topicName: "uploads",
    prefix: "in/",
    subscription: pushOf(stack, "uploads"),
    deadLetter: true,
    redrive: redriveOf(stack),
    chunkSize: 10,
    maxUploadBytes: 10_000,
    client: CLIENT,
    encryptionKey: keyOf(stack),
  };
  new EventWorkflow(stack, "workflow", props);
}

const SUBSCRIPTION = {
  ackDeadline: Duration.minutes(2),
  retention: Duration.days(3),
  ordered: true,
  maxDeliveryAttempts: 9,
  minBackoff: Duration.seconds(5),
  maxBackoff: Duration.minutes(5),
};

const pushOf = (stack: GoogleStack, name: string): Omit<Every<PushSubscriptionProps>, "filter" | "deadLetter"> => ({
  ...SUBSCRIPTION,
  name,
  grantTokenCreator: true,
  useDeadLetter: true,
  caller: new ServiceIdentity(stack, `${name}-caller`, { description: "Pushes" }),
});

function pubsubFanout(stack: GoogleStack): void {
  const { encryptionKey: _, buildIdentity: __, ...worker } = functionOf(stack, "fanout-worker");
  const subscriber: EveryOfWorker<FunctionSubscriberProps> = {
    ...worker,
    source: FunctionSource.builtIn("message-predictor"),
    filter: Filter.equals("modality", "text"),
    endpoint: endpointOf(stack),
    subscription: pushOf(stack, "push-one"),
  };
  const puller: Every<PullSubscriberProps> = {
    ...SUBSCRIPTION,
    name: "pull-one",
    filter: Filter.hasPrefix("modality", "im"),
    consumer: CLIENT,
  };
  const props: Every<PubSubFanoutProps> = {
    subscribers: { text: subscriber },
    pullSubscribers: { pulled: puller },
    pullWorkers: {},
    deadLetter: true,
    redrive: redriveOf(stack),
    topicName: "messages",
    schema: AVRO,
    resultsBucket: bucketOf(stack, "results"),
    client: CLIENT,
    encryptionKey: keyOf(stack),
  };
  new PubSubFanout(stack, "fanout", props);
}

function scheduledPreprocessing(stack: GoogleStack): void {
  const schedule: Every<ScheduleTime> = { cron: "0 3 * * *", timeZone: "Europe/Zurich" };
  const yaml: Every<BeamYamlOptions> = {
    variables: { features: ["x"], label: "y", test_fraction: 0.5, input: "gs://raw/x.csv" },
    pipelineOptions: { number_of_worker_harness_threads: "2" },
    templatePath: "gs://dataflow-templates-us-central1/2026-08-20-00_RC00/flex/Yaml_Template",
  };
  const flowers: Every<PreprocessingJobProps> = {
    template: DataflowTemplate.yaml("pipelines/flowers.yaml", yaml),
    parameters: (output) => ({ output }),
    schedule,
    deployTimeJob: false,
    waitFor: Duration.hours(1),
    maxWorkers: 5,
    machineType: "n1-standard-4",
  };
  const props: Every<ScheduledPreprocessingProps> = {
    jobs: { flowers },
    waitFor: Duration.minutes(30),
    template: TEMPLATE,
    parameters: (output) => ({ ...WORD_COUNT, output: `${output}/counts` }),
    schedule,
    deadLetter: true,
    redrive: redriveOf(stack),
    client: CLIENT,
    deployTimeJob: true,
    maxWorkers: 2,
    machineType: "n1-standard-2",
    network: NETWORK,
    inputBuckets: [bucketOf(stack, "raw")],
    tempBucket: bucketOf(stack, "temp"),
    outputBucket: bucketOf(stack, "clean"),
    retry: RETRY,
    launcher: { ...workerOf(stack, "launcher"), source: FunctionSource.builtIn("dataflow-launcher") },
    encryptionKey: keyOf(stack),
  };
  new ScheduledPreprocessing(stack, "preprocessing", props);
}

/** Constructs by themselves, with what no pattern lets through. */
function parts(stack: GoogleStack): void {
  const { buildIdentity: _, ...options } = functionOf(stack, "worker");
  const worker = new FunctionService(stack, "worker", options);
  const deadLetter = new DeadLetter(stack, "dead-letter", { encryptionKey: keyOf(stack) });
  const queueOf = (name: string): Every<TaskQueueProps> => ({
    name,
    maxDispatchesPerSecond: 5,
    maxConcurrentDispatches: 3,
    retry: RETRY,
    loggingRatio: 1,
    deadLetter,
  });
  const direct = new TaskQueue(stack, "direct", queueOf("direct"));
  direct.dispatchTo(worker);
  const shared = new TaskQueue(stack, "shared", queueOf("shared"));
  shared.addTarget(worker);

  const topicProps: Every<TopicProps> = {
    name: "topic",
    messageRetention: Duration.days(1),
    schema: PROTO,
    encryptionKey: keyOf(stack),
  };
  const topic = new Topic(stack, "topic", topicProps);
  const push: Every<PushSubscriptionProps> = {
    ...SUBSCRIPTION,
    name: "pushed",
    filter: Filter.has("modality"),
    deadLetter,
    grantTokenCreator: true,
    useDeadLetter: true,
    caller: new ServiceIdentity(stack, "pusher", { description: "Pushes" }),
  };
  topic.addPushSubscription("pushed", worker, push);
  const pull: Every<PullSubscriptionProps> = {
    ...SUBSCRIPTION,
    name: "pulled",
    filter: Filter.not(Filter.has("a")),
    deadLetter,
  };
  topic.addPullSubscription("pulled", pull).grantConsume(CLIENT);

  const bucket = bucketOf(stack, "bucket");
  const notification: Every<NotificationOptions> = {
    events: ["OBJECT_FINALIZE", "OBJECT_METADATA_UPDATE", "OBJECT_DELETE", "OBJECT_ARCHIVE"],
    prefix: "in/",
  };
  bucket.notify(new Topic(stack, "plain"), notification);
  for (const grant of ["grantRead", "grantCreate", "grantReadWrite"] as const) bucket[grant](CLIENT);

  const task = (queue: TaskQueue): Every<ScheduledTask> => ({
    queue,
    worker,
    body: { a: 1 },
    headers: { "X-Thing": "1" },
    dispatchDeadline: Duration.minutes(3),
  });
  const targets = {
    enqueue: ScheduleTarget.createTask(task(direct)),
    "enqueue-shared": ScheduleTarget.createTask(task(shared)),
    invoke: ScheduleTarget.invoke(worker, { b: 2 }),
  };
  for (const [name, target] of Object.entries(targets)) {
    const schedule: Every<ScheduleProps> = {
      cron: "*/5 * * * *",
      timeZone: "Europe/Zurich",
      target,
      name,
      description: "Every five minutes",
      retries: 2,
      paused: true,
    };
    new Schedule(stack, name, schedule);
  }

  const workflow = new Workflow(stack, "flow", { ...workflowOf("flow"), encryptionKey: keyOf(stack) });
  workflow.grantExecute(CLIENT);

  const workersProps: Every<DataflowWorkersProps> = {
    tempBucket: bucketOf(stack, "job-temp"),
    outputBucket: Bucket.fromName(stack, "job-out", "acme-out"),
    inputBuckets: [bucketOf(stack, "job-in")],
    maxWorkers: 2,
    machineType: "n1-standard-2",
    network: NETWORK,
    encryptionKey: keyOf(stack),
  };
  const workers = new DataflowWorkers(stack, "workers", workersProps);
  workers.grantLaunch(CLIENT);
  const job: Every<DataflowJobProps> = { template: TEMPLATE, workers, parameters: WORD_COUNT, name: "job" };
  new DataflowJob(stack, "job", job);
}

/** What the three kinds of containers have. */
function containerOf(stack: GoogleStack, name: string) {
  const mount: Every<BucketMount> = { bucket: bucketOf(stack, `${name}-weights`), path: "/models", readOnly: true };
  const gpu: Every<GpuOptions> = { type: "nvidia-l4", zonalRedundancy: true, anyRegion: true };
  const vpc: Every<DirectVpcEgress> = { network: "ml", subnetwork: "ml", tags: ["jobs"], traffic: "ALL_TRAFFIC" };
  return {
    name,
    image: "us-docker.pkg.dev/acme-ml/images/train:1",
    command: ["python", "-m", "train"],
    args: ["--epochs", "3"],
    environment: { MODE: "full" },
    secrets: { TOKEN: new Secret(stack, `${name}-secret`, "token", "latest") },
    mounts: [mount],
    encryptionKey: keyOf(stack),
    identity: new ServiceIdentity(stack, `${name}-account`, identityOf(`${name}-account`)),
    cpu: 8,
    memory: Memory.gibibytes(32),
    gpu,
    vpc,
  };
}

function containerJob(stack: GoogleStack): void {
  const props: Every<ContainerJobProps> = {
    ...containerOf(stack, "train"),
    taskCount: 4,
    parallelism: 2,
    timeout: Duration.hours(2),
    retries: 1,
    deletionProtection: false,
  };
  new ContainerJob(stack, "job", props).grantRun(CLIENT);
}

function containers(stack: GoogleStack): void {
  const probe: Every<HttpProbe> = {
    http: "/ready",
    port: 8081,
    initialDelay: Duration.seconds(1),
    period: Duration.seconds(5),
    timeout: Duration.seconds(2),
    failureThreshold: 30,
  };
  const props: Every<ContainerServiceProps> = {
    ...containerOf(stack, "reader"),
    description: "Reads letters",
    port: 8081,
    timeout: Duration.minutes(10),
    concurrency: 2,
    minInstances: 1,
    maxInstances: 3,
    cpuAlways: true,
    startupCpuBoost: false,
    startupProbe: probe,
    livenessProbe: probe,
    ingress: "ALLOW_INTERNAL_ONLY",
    deletionProtection: false,
  };
  new ContainerService(stack, "service", props).grantInvoke(CLIENT);
  const pool: Every<WorkerPoolProps> = {
    ...containerOf(stack, "puller"),
    description: "Pulls letters",
    instances: 2,
    deletionProtection: false,
  };
  new WorkerPool(stack, "pool", pool);
}
