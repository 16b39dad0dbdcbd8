import { readFileSync } from "node:fs";
import { join } from "node:path";
import { App } from "cdktf";
import { Duration } from "../../lib/core/duration";
import { externalGrantee } from "../../lib/core/grantee";
import { Memory } from "../../lib/core/memory";
import { Bucket } from "../../lib/parts/bucket";
import { DataflowTemplate } from "../../lib/parts/dataflow-template";
import { EncryptionKey } from "../../lib/parts/encryption-key";
import { Filter } from "../../lib/parts/filter";
import type { GoogleStack } from "../../lib/parts/google-stack";
import { PredictionEndpoint } from "../../lib/parts/prediction-endpoint";
import { Secret } from "../../lib/parts/secret";
import { AsyncBatch, type AsyncBatchProps } from "../../lib/patterns/async-batch";
import { EventWorkflow, type EventWorkflowProps } from "../../lib/patterns/event-workflow";
import { PubSubFanout, type PubSubFanoutProps } from "../../lib/patterns/pubsub-fanout";
import { ScheduledPreprocessing, type ScheduledPreprocessingProps } from "../../lib/patterns/scheduled-preprocessing";
import { TaskPipeline, type TaskPipelineProps } from "../../lib/patterns/task-pipeline";
import { synthesize } from "../../lib/synthesize";
import { grantLines } from "./iam";
import {
  all,
  byType,
  differences,
  type Edges,
  errorsOf,
  expectEdges,
  helloSource,
  type Json,
  only,
  pythonSource,
  resourceList,
  reviewed,
  synthesized,
  testFunction,
  testStack,
} from "./support";

const FUNCTION = "google_cloudfunctions2_function";
const KEY = "projects/acme-ml/locations/us-central1/keyRings/ml/cryptoKeys/data";
const keyIn = (stack: GoogleStack) => new EncryptionKey(stack, "key", KEY);
const client = externalGrantee("group:ml@acme.com");

/** What a function of a pattern may be given, each in another place. */
const everything = (stack: GoogleStack) => ({
  vpc: { connector: "projects/acme-ml/locations/us-central1/connectors/c" },
  secrets: { API_KEY: new Secret(stack, "api-key", "model-api-key") },
  environment: { MODE: "fast" },
});

/** The one endpoint of a stack. */
function endpoint(stack: GoogleStack): PredictionEndpoint {
  const existing = stack.node.tryFindChild("endpoint") as PredictionEndpoint | undefined;
  return existing ?? new PredictionEndpoint(stack, "endpoint", "42");
}

function batch(stack: GoogleStack, props: AsyncBatchProps = {}): AsyncBatch {
  return new AsyncBatch(stack, "batch", { endpoint: endpoint(stack), ...props });
}

function pipeline(stack: GoogleStack, props: Partial<TaskPipelineProps> = {}): TaskPipeline {
  return new TaskPipeline(stack, "pipeline", { steps: { train: { source: helloSource } }, ...props });
}

function workflow(stack: GoogleStack, props: Partial<EventWorkflowProps> = {}): EventWorkflow {
  return new EventWorkflow(stack, "events", { endpoint: endpoint(stack), ...props });
}

function fanout(stack: GoogleStack, props: Partial<PubSubFanoutProps> = {}): PubSubFanout {
  return new PubSubFanout(stack, "fanout", { subscribers: { all: { source: helloSource } }, ...props });
}

function preprocessing(stack: GoogleStack, props: Partial<ScheduledPreprocessingProps> = {}): ScheduledPreprocessing {
  return new ScheduledPreprocessing(stack, "words", {
    template: DataflowTemplate.classic("gs://dataflow-templates/latest/Word_Count"),
    parameters: (output) => ({ output: `${output}/counts` }),
    schedule: { cron: "0 3 * * *" },
    ...props,
  });
}

type Build = (stack: GoogleStack) => unknown;

const SMALLEST: Readonly<Record<string, Build>> = {
  "async-batch": batch,
  "task-pipeline": pipeline,
  "event-workflow": workflow,
  "pubsub-fanout": fanout,
  "scheduled-preprocessing": preprocessing,
};

const EVERYTHING: Readonly<Record<string, Build>> = {
  "async-batch": (stack) =>
    batch(stack, {
      worker: { ...everything(stack), concurrency: 4, cpu: 1, minInstances: 1 },
      submitter: { ingress: "ALLOW_ALL" },
      maxDispatchesPerSecond: 50,
      maxConcurrentDispatches: 30,
      retry: { maxAttempts: 7, minBackoff: Duration.seconds(2) },
      dispatchDeadline: Duration.minutes(20),
      predictBatchSize: 8,
      client,
      encryptionKey: keyIn(stack),
    }),
  "task-pipeline": (stack) =>
    pipeline(stack, {
      steps: {
        load: { source: helloSource, ...everything(stack) },
        train: { source: helloSource, after: ["load"], timeout: Duration.minutes(30) },
      },
      maxDispatchesPerSecond: 5,
      maxConcurrentDispatches: 4,
      retry: { maxAttempts: 3 },
      schedule: {
        cron: "0 4 * * *",
        timeZone: "Europe/Zurich",
        parameters: (bucket) => ({ input: `${bucket}/in.csv` }),
      },
      starter: { ingress: "ALLOW_ALL" },
      client,
      encryptionKey: keyIn(stack),
    }),
  "event-workflow": (stack) =>
    workflow(stack, {
      workflow: { callLogLevel: "LOG_ALL_CALLS", variables: { MODE: "fast" }, deletionProtection: false },
      starter: everything(stack),
      topicName: "uploads",
      prefix: "inbox/",
      chunkSize: 10,
      maxUploadBytes: 1000,
      client,
      encryptionKey: keyIn(stack),
    }),
  "pubsub-fanout": (stack) =>
    fanout(stack, {
      subscribers: {
        text: {
          source: helloSource,
          filter: Filter.equals("modality", "text"),
          endpoint: endpoint(stack),
          subscription: { ordered: true, maxDeliveryAttempts: 9 },
          ...everything(stack),
        },
        audit: { source: helloSource },
      },
      pullSubscribers: { services: { name: "services", consumer: client }, archive: {} },
      topicName: "workloads",
      schema: { type: "AVRO", definition: '{"type":"record","name":"Event","fields":[]}' },
      client,
      encryptionKey: keyIn(stack),
    }),
  "scheduled-preprocessing": (stack) =>
    preprocessing(stack, {
      schedule: { cron: "0 3 * * *", timeZone: "Europe/Zurich" },
      deployTimeJob: true,
      maxWorkers: 5,
      machineType: "n1-standard-2",
      network: { subnetwork: "regions/us-central1/subnetworks/ml", privateIps: true },
      inputBuckets: [Bucket.fromName(stack, "raw", "acme-raw")],
      retry: { maxAttempts: 2 },
      launcher: everything(stack),
      encryptionKey: keyIn(stack),
    }),
};

describe.each(Object.keys(SMALLEST))("%s", (name) => {
  test("in its smallest use makes no more than this", () => {
    const stack = testStack();
    SMALLEST[name]?.(stack);
    expect(errorsOf(stack)).toEqual([]);
    expect(resourceList(stack)).toMatchSnapshot();
  });

  test("with everything on changes this", () => {
    const made = (build?: Build) => {
      const stack = testStack({
        environment: "prod",
        labels: { team: "vision" },
        notificationEmails: ["ml@acme.com"],
        stateBucket: "acme-state",
        versionedBuckets: true,
        accessLogBucket: "acme-logs",
      });
      build?.(stack);
      expect(errorsOf(stack)).toEqual([]);
      return reviewed(stack);
    };
    expect(differences(made(SMALLEST[name]), made(EVERYTHING[name]))).toMatchSnapshot();
  });
});

test("all patterns live in one stack, side by side", () => {
  const stack = testStack();
  for (const build of Object.values(SMALLEST)) build(stack);
  expect(errorsOf(stack)).toEqual([]);
  synthesize(App.of(stack) as App);
});

describe("the encryption key reaches every resource that takes one", () => {
  /** Where each type of resource has its key. */
  const KEY_OF: Readonly<Record<string, (resource: Json) => unknown>> = {
    google_artifact_registry_repository: ({ kms_key_name }) => kms_key_name,
    google_cloudfunctions2_function: ({ kms_key_name }) => kms_key_name,
    google_dataflow_job: ({ kms_key_name }) => kms_key_name,
    google_pubsub_topic: ({ kms_key_name }) => kms_key_name,
    google_storage_bucket: ({ encryption }) => (encryption as Json | undefined)?.default_kms_key_name,
    google_workflows_workflow: ({ crypto_key_name }) => crypto_key_name,
  };

  test.each([
    [
      "async-batch",
      ["artifact_registry_repository 1", "cloudfunctions2_function 3", "pubsub_topic 1", "storage_bucket 3"],
    ],
    [
      "task-pipeline",
      ["artifact_registry_repository 1", "cloudfunctions2_function 4", "pubsub_topic 1", "storage_bucket 2"],
    ],
    [
      "event-workflow",
      [
        "artifact_registry_repository 1",
        "cloudfunctions2_function 2",
        "pubsub_topic 3",
        "storage_bucket 3",
        "workflows_workflow 1",
      ],
    ],
    [
      "pubsub-fanout",
      ["artifact_registry_repository 1", "cloudfunctions2_function 3", "pubsub_topic 9", "storage_bucket 2"],
    ],
    [
      "scheduled-preprocessing",
      [
        "artifact_registry_repository 1",
        "cloudfunctions2_function 2",
        "dataflow_job 1",
        "pubsub_topic 1",
        "storage_bucket 3",
      ],
    ],
  ])("of %s", (name, expected) => {
    const stack = testStack();
    EVERYTHING[name]?.(stack);
    const json = synthesized(stack);
    const keys = Object.entries(KEY_OF).flatMap(([type, keyOf]) =>
      Object.values(byType(json, type)).map((resource) => ({
        type: type.replace("google_", ""),
        key: keyOf(resource),
      })),
    );
    expect(keys.filter(({ key }) => key !== KEY)).toEqual([]);
    const counts = new Map<string, number>();
    for (const { type } of keys) counts.set(type, (counts.get(type) ?? 0) + 1);
    expect([...counts].map(([type, count]) => `${type} ${count}`)).toEqual(expected);
  });

  test("a second key in the stack has a source bucket and an image repository of its own", () => {
    const stack = testStack();
    testFunction(stack, "one", { encryptionKey: keyIn(stack) });
    testFunction(stack, "two", { encryptionKey: new EncryptionKey(stack, "key-2", `${KEY}-2`) });
    testFunction(stack, "three");
    const keys = (type: string, field: (resource: Json) => unknown) => all(stack, type).map(field).sort();
    expect(keys("google_artifact_registry_repository", ({ kms_key_name }) => kms_key_name)).toEqual([KEY, `${KEY}-2`]);
    expect(keys("google_storage_bucket", KEY_OF.google_storage_bucket as never)).toEqual([KEY, `${KEY}-2`, undefined]);
  });
});

/** The environment variables of a function. */
function variables(stack: GoogleStack, name: string): Record<string, string> {
  const { service_config } = only(stack, FUNCTION, name);
  return (service_config as Json).environment_variables as Record<string, string>;
}

/** The grants of a pattern's own identities. */
function grants(stack: GoogleStack): string[] {
  return grantLines(stack).filter((line) => !line.startsWith("stack-build"));
}

describe("AsyncBatch", () => {
  test("grants each party what it needs", () => {
    const stack = testStack();
    batch(stack);
    expect(grants(stack)).toEqual([
      "service agent gcp-sa-cloudtasks | roles/iam.serviceAccountUser | service account stack-batch-dispatcher-c47b33",
      "stack-batch-client-dev | roles/run.invoker | function stack-batch-redrive-dev",
      "stack-batch-client-dev | roles/run.invoker | function stack-batch-submitter-dev",
      "stack-batch-client-dev | roles/storage.objectCreator | bucket acme-ml-stack-batch-input-dev",
      "stack-batch-client-dev | roles/storage.objectViewer | bucket acme-ml-stack-batch-output-dev",
      "stack-batch-dispatcher-c47b33 | roles/run.invoker | function stack-batch-worker-dev",
      "stack-batch-redrive-dev | roles/cloudtasks.enqueuer | queue stack-batch-queue-dev",
      "stack-batch-redrive-dev | roles/pubsub.subscriber | subscription stack-batch-dead-letter-kept-dev",
      "stack-batch-submitter-dev | roles/cloudtasks.enqueuer | queue stack-batch-queue-dev",
      "stack-batch-submitter-dev | roles/storage.objectViewer | bucket acme-ml-stack-batch-input-dev",
      "stack-batch-worker-dev | custom role stack_predictor_dev | project acme-ml",
      "stack-batch-worker-dev | roles/pubsub.publisher | topic stack-batch-dead-letter-dev",
      "stack-batch-worker-dev | roles/storage.objectCreator | bucket acme-ml-stack-batch-output-dev",
      "stack-batch-worker-dev | roles/storage.objectViewer | bucket acme-ml-stack-batch-input-dev",
      "stack-batch-worker-dev | roles/storage.objectViewer | bucket acme-ml-stack-batch-output-dev",
    ]);
  });

  test.each([
    [undefined, undefined, 10],
    [30, undefined, 30],
    [30, 4, 8],
    [1, 80, 1],
  ])(
    "a queue of %s at one time with concurrency %s has a fleet of %d",
    (maxConcurrentDispatches, concurrency, fleet) => {
      const stack = testStack();
      batch(stack, { maxConcurrentDispatches, worker: { concurrency, cpu: 1 } });
      expect(errorsOf(stack)).toEqual([]);
      expect(only(stack, FUNCTION, "stack-batch-worker-dev")).toMatchObject({
        service_config: { max_instance_count: fleet },
      });
    },
  );

  test("a fleet of the user's own that is smaller than the queue is refused", () => {
    const stack = testStack();
    batch(stack, { worker: { maxInstances: 9 } });
    expect(errorsOf(stack)).toEqual([
      "[stack/batch/queue] FleetTooSmall: the queue has 10 tasks in progress at one time, but [stack/batch/worker] takes 9 (maxInstances 9 x concurrency 1); lower maxConcurrentDispatches or enlarge the fleet",
    ]);
  });

  test("with a dead letter the queue never gives up; without one it drops a shard after its attempts", () => {
    const [keeping, dropping] = [testStack(), testStack()];
    batch(keeping);
    batch(dropping, { deadLetter: false, retry: { maxAttempts: 3 } });
    expect(only(keeping, "google_cloud_tasks_queue")).toMatchObject({ retry_config: { max_attempts: -1 } });
    expect(variables(keeping, "stack-batch-worker-dev")).toMatchObject({
      MAX_ATTEMPTS: "12",
      DEAD_LETTER_TOPIC: "projects/acme-ml/topics/stack-batch-dead-letter-dev",
    });
    expect(only(dropping, "google_cloud_tasks_queue")).toMatchObject({ retry_config: { max_attempts: 3 } });
    expect(Object.keys(variables(dropping, "stack-batch-worker-dev"))).not.toContain("DEAD_LETTER_TOPIC");
    expect(all(dropping, "google_pubsub_topic")).toEqual([]);
  });

  test("a Python worker of the user's own needs no endpoint, and gets the same environment", () => {
    const stack = testStack();
    new AsyncBatch(stack, "batch", { worker: { source: pythonSource, memory: Memory.gibibytes(4), cpu: 2 } });
    expect(errorsOf(stack)).toEqual([]);
    expect(only(stack, FUNCTION, "stack-batch-worker-dev")).toMatchObject({
      build_config: { runtime: "python313", entry_point: "main" },
      service_config: { available_memory: "4096Mi", available_cpu: "2", timeout_seconds: 300 },
    });
    expect(variables(stack, "stack-batch-worker-dev")).toEqual({
      DEAD_LETTER_TOPIC: "projects/acme-ml/topics/stack-batch-dead-letter-dev",
      FUNCTION_TIMEOUT_SECONDS: "300",
      GOOGLE_CLOUD_PROJECT: "acme-ml",
      INPUT_BUCKET: "acme-ml-stack-batch-input-dev",
      MAX_ATTEMPTS: "12",
      OUTPUT_BUCKET: "acme-ml-stack-batch-output-dev",
      PREDICT_BATCH_SIZE: "32",
    });
  });

  test("whatever predicts asks a dedicated endpoint on its own host", () => {
    const stack = testStack();
    const host = "42.us-central1-789.prediction.vertexai.goog";
    const dedicated = new PredictionEndpoint(stack, "dedicated", "42", { host });
    new AsyncBatch(stack, "batch", { endpoint: dedicated });
    new PubSubFanout(stack, "fanout", { subscribers: { text: { source: helloSource, endpoint: dedicated } } });
    new EventWorkflow(stack, "workflow", { endpoint: dedicated });
    expect(errorsOf(stack)).toEqual([]);
    expect(variables(stack, "stack-batch-worker-dev")).toMatchObject({ VERTEX_HOST: host });
    expect(variables(stack, "stack-fanout-text-worker-dev")).toMatchObject({ VERTEX_HOST: host });
    expect(only(stack, "google_workflows_workflow").user_env_vars).toMatchObject({
      PREDICT_URL: `https://${host}/v1/projects/acme-ml/locations/us-central1/endpoints/42:predict`,
    });
  });

  test("without endpoint and worker there is nothing that predicts", () => {
    const stack = testStack();
    new AsyncBatch(stack, "batch");
    expect(errorsOf(stack)).toEqual([
      "[stack/batch] InvalidValue: none of endpoint, worker.source and worker.image is given; the worker that comes with this package needs an endpoint",
    ]);
  });

  test("buckets and callers of the user's own are used, and no new ones made", () => {
    const stack = testStack();
    batch(stack, {
      inputBucket: Bucket.fromName(stack, "in", "acme-in"),
      outputBucket: Bucket.fromName(stack, "out", "acme-out"),
      client,
    });
    expect(grantLines(stack, "ml@acme.com")).toEqual([
      "group:ml@acme.com | roles/run.invoker | function stack-batch-redrive-dev",
      "group:ml@acme.com | roles/run.invoker | function stack-batch-submitter-dev",
      "group:ml@acme.com | roles/storage.objectCreator | bucket acme-in",
      "group:ml@acme.com | roles/storage.objectViewer | bucket acme-out",
    ]);
    expect(all(stack, "google_storage_bucket")).toHaveLength(1);
  });

  test("the submitter knows how long a shard may take", () => {
    const [usual, longer, shorter] = [testStack(), testStack(), testStack()];
    batch(usual);
    batch(longer, { dispatchDeadline: Duration.minutes(30) });
    batch(shorter, { dispatchDeadline: Duration.minutes(1) });
    expect(variables(usual, "stack-batch-submitter-dev")).toMatchObject({ DISPATCH_DEADLINE_SECONDS: "300" });
    expect(variables(longer, "stack-batch-submitter-dev")).toMatchObject({ DISPATCH_DEADLINE_SECONDS: "1800" });
    expect(errorsOf(shorter)).toEqual([
      "[stack/batch/queue] DeadlineTooShort: dispatchDeadline is 60s, shorter than the timeout of [stack/batch/worker], which is 300s: Cloud Tasks would try again while the worker still works",
    ]);
  });

  test("records stay out of tasks, which no key encrypts, with an encryption key, and where a user says so", () => {
    const stacks = [testStack(), testStack(), testStack(), testStack()] as const;
    batch(stacks[0]);
    batch(stacks[1], { encryptionKey: keyIn(stacks[1]) });
    batch(stacks[2], { recordsInTasks: false });
    batch(stacks[3], { encryptionKey: keyIn(stacks[3]), recordsInTasks: true });
    const given = stacks.map((stack) => variables(stack, "stack-batch-submitter-dev").RECORDS_IN_TASKS);
    expect(given).toEqual([undefined, "false", "false", undefined]);
  });

  test.each<Edges>([
    {
      what: "predictBatchSize",
      create: (stack, predictBatchSize) => batch(stack, { predictBatchSize }),
      low: 1,
      high: 1000,
      errors: (value) => [
        `[stack/batch] OutOfRange: predictBatchSize is ${value}; allowed is a whole number from 1 to 1000`,
      ],
    },
    {
      what: "the fleet",
      create: (stack, maxConcurrentDispatches) => batch(stack, { maxConcurrentDispatches }),
      low: 1,
      high: 1000,
      beyond: [1001],
      errors: (value) => [
        `[stack/batch/worker] OutOfRange: maxInstances is ${value}; allowed is a whole number from 1 to 1000`,
      ],
    },
  ])("$what: both ends are allowed, what lies beyond is reported", expectEdges);
});

describe("TaskPipeline", () => {
  const step = (...after: string[]) => ({ source: helloSource, after });
  const diamond = { load: step(), left: step("load"), right: step("load"), join: step("left", "right") };

  test("has the limits of the document", () => {
    const stack = testStack();
    pipeline(stack, { deadLetter: false });
    expect(only(stack, "google_cloud_tasks_queue")).toMatchObject({
      rate_limits: { max_dispatches_per_second: 10, max_concurrent_dispatches: 10 },
      retry_config: { max_attempts: 5, min_backoff: "1s", max_backoff: "10s" },
    });
  });

  test("the start function knows the graph, where each step is, and how long it may take", () => {
    const stack = testStack();
    pipeline(stack, { steps: { ...diamond, join: { ...diamond.join, timeout: Duration.minutes(30) } } });
    expect(errorsOf(stack)).toEqual([]);
    const url = (name: string) =>
      expect.stringMatching(
        new RegExp(`^\\$\\{google_cloudfunctions2_function\\.pipeline_${name}_\\w+\\.service_config\\[0\\]\\.uri\\}$`),
      );
    expect(JSON.parse(variables(stack, "stack-pipeline-start-dev").STEPS ?? "")).toEqual([
      { name: "load", url: url("load"), after: [], deadlineSeconds: 600 },
      { name: "left", url: url("left"), after: ["load"], deadlineSeconds: 600 },
      { name: "right", url: url("right"), after: ["load"], deadlineSeconds: 600 },
      { name: "join", url: url("join"), after: ["left", "right"], deadlineSeconds: 1800 },
    ]);
  });

  test("steps enqueue what comes after them, the last ones nothing; whoever enqueues may act as the dispatcher", () => {
    const stack = testStack();
    pipeline(stack, { steps: diamond });
    const enqueuers = ["left", "load", "redrive", "right", "start"].map((name) => `stack-pipeline-${name}-dev`);
    expect(grantLines(stack, "roles/cloudtasks.enqueuer")).toEqual(
      enqueuers.map((name) => `${name} | roles/cloudtasks.enqueuer | queue stack-pipeline-queue-dev`),
    );
    const dispatcher = "service account stack-pipeli-dispatcher-42074a";
    expect(grantLines(stack, dispatcher)).toEqual(
      ["service agent gcp-sa-cloudtasks", ...enqueuers].map(
        (who) => `${who} | roles/iam.serviceAccountUser | ${dispatcher}`,
      ),
    );
    expect(grantLines(stack, "stack-pipeline-join-dev")).toEqual([
      "stack-pipeli-dispatcher-42074a | roles/run.invoker | function stack-pipeline-join-dev",
      "stack-pipeline-join-dev | roles/pubsub.publisher | topic stack-pipeline-dead-letter-dev",
      "stack-pipeline-join-dev | roles/storage.objectCreator | bucket acme-ml-stack-pipeline-runs-dev",
      "stack-pipeline-join-dev | roles/storage.objectViewer | bucket acme-ml-stack-pipeline-runs-dev",
    ]);
  });

  test("a schedule creates the task that starts a run, which the queue then carries like the others", () => {
    const stack = testStack();
    pipeline(stack, {
      maxConcurrentDispatches: 20,
      schedule: { cron: "0 4 * * *", parameters: (bucket) => ({ input: `${bucket}/inputs/iris.csv` }) },
    });
    expect(errorsOf(stack)).toEqual([]);
    const { http_target } = only(stack, "google_cloud_scheduler_job");
    expect((http_target as Json).body).toContain(
      'base64encode(jsonencode({"parameters" = {"input" = "gs://acme-ml-stack-pipeline-runs-dev/inputs/iris.csv"}}))',
    );
    expect((http_target as Json).body).toMatch(
      /"url" = "\$\{google_cloudfunctions2_function\.pipeline_start_\w+\.service_config/,
    );
    expect(grantLines(stack, "stack-pipeline-start-dev")).toContain(
      "stack-pipeli-dispatcher-42074a | roles/run.invoker | function stack-pipeline-start-dev",
    );
    expect(grantLines(stack, "-caller-")).toEqual([
      "stack-pipeline-s-caller-23169b | roles/cloudtasks.enqueuer | queue stack-pipeline-queue-dev",
      "stack-pipeline-s-caller-23169b | roles/iam.serviceAccountUser | service account stack-pipeli-dispatcher-42074a",
    ]);
  });

  test.each([
    [
      { a: step("b"), b: step("c"), c: step("a") },
      "[stack/pipeline] PipelineCycle: steps wait for each other: a -> c -> b -> a",
    ],
    [
      { a: step("b", "c"), b: step(), c: step("a") },
      "[stack/pipeline] PipelineCycle: steps wait for each other: a -> c -> a",
    ],
    [{ a: step("a") }, "[stack/pipeline] PipelineCycle: steps wait for each other: a -> a"],
    [
      { a: step(), b: step("a", "c"), c: step("b") },
      "[stack/pipeline] PipelineCycle: steps wait for each other: b -> c -> b",
    ],
    [
      { a: step(), b: step("a", "z") },
      '[stack/pipeline] UnknownStep: step "b" runs after "z", which is not a step; steps are a, b',
    ],
    [{}, "[stack/pipeline] InvalidValue: the pipeline has no steps; allowed are one or more"],
    [
      { "1st": step() },
      '[stack/pipeline] InvalidName: a step is named "1st"; allowed are 1 to 40 of a-z, 0-9 and -, beginning with a letter, but not "steps", the folder of the markers',
    ],
    [
      { steps: step() },
      '[stack/pipeline] InvalidName: a step is named "steps"; allowed are 1 to 40 of a-z, 0-9 and -, beginning with a letter, but not "steps", the folder of the markers',
    ],
    [
      { ["a".repeat(41)]: step() },
      `[stack/pipeline] InvalidName: a step is named "${"a".repeat(41)}"; allowed are 1 to 40 of a-z, 0-9 and -, beginning with a letter, but not "steps", the folder of the markers`,
    ],
    [
      { queue: step() },
      '[stack/pipeline] DuplicateId: "queue" names both a step and a part of the pipeline; give the step another name',
    ],
  ])("%# a graph that no run could follow is refused", (steps, error) => {
    const stack = testStack();
    pipeline(stack, { steps });
    expect(errorsOf(stack)).toEqual([error]);
  });

  test.each<[object, string]>([
    [
      { forEach: "a b" },
      'InvalidValue: forEach of step "b" is "a b"; allowed is the name of an output: 1 to 100 of letters, digits, _, . and -',
    ],
    [
      { forEach: "x", after: [] },
      'InvalidValue: step "b" has forEach "x" and runs after no step; allowed are outputs of a step that it runs after',
    ],
    [{ forEach: "x", minSuccess: 0 }, 'OutOfRange: minSuccess of step "b" is 0; allowed is above 0, to 1'],
    [{ forEach: "x", minSuccess: 1.1 }, 'OutOfRange: minSuccess of step "b" is 1.1; allowed is above 0, to 1'],
    [{ minSuccess: 0.5 }, 'InvalidValue: step "b" has minSuccess and no forEach; allowed is both, or forEach alone'],
  ])("%# a step for elements that could not run is refused", (change, error) => {
    const stack = testStack();
    pipeline(stack, { steps: { a: step(), b: { ...step("a"), ...change } } });
    expect(errorsOf(stack)).toEqual([`[stack/pipeline] ${error}`]);
  });

  test("the starter knows which step runs for each element; such a step creates tasks though it is the last", () => {
    const stack = testStack();
    pipeline(stack, { steps: { a: step(), b: { ...step("a"), forEach: "shards", minSuccess: 0.9 } } });
    expect(errorsOf(stack)).toEqual([]);
    const starts = all(stack, "google_cloudfunctions2_function").map(
      ({ service_config }) => (service_config as Json).environment_variables as Json,
    );
    const [{ STEPS }] = starts.filter((variables) => "STEPS" in variables) as [Json];
    expect(String(STEPS)).toContain('"forEach":"shards","minSuccess":0.9');
    expect(grantLines(stack, "stack-pipeline-b-dev")).toContain(
      "stack-pipeline-b-dev | roles/cloudtasks.enqueuer | queue stack-pipeline-queue-dev",
    );
  });

  test("a name of 40 characters, and a diamond, are fine", () => {
    const stack = testStack();
    pipeline(stack, { steps: { ...diamond, ["a".repeat(40)]: step("join") } });
    expect(errorsOf(stack)).toEqual([]);
  });
});

describe("EventWorkflow", () => {
  test("grants each party what it needs", () => {
    const stack = testStack();
    workflow(stack);
    expect(grants(stack)).toEqual([
      "service agent gcp-sa-pubsub | roles/pubsub.publisher | topic stack-events-dead-letter-dev",
      "service agent gcp-sa-pubsub | roles/pubsub.subscriber | subscription stack-events-start-workflow-dev",
      "service agent gcp-sa-pubsub | roles/pubsub.subscriber | subscription stack-events-start-workflow-redrive-again-dev",
      "service agent of storage | roles/pubsub.publisher | topic stack-events-dev",
      "stack-event-start-workf-e3c3a3 | custom role stack_execution_starter_dev | project acme-ml",
      "stack-event-start-workf-e3c3a3 | roles/pubsub.publisher | topic stack-events-dead-letter-dev",
      "stack-events-client-dev | roles/run.invoker | function stack-events-redrive-dev",
      "stack-events-client-dev | roles/storage.objectCreator | bucket acme-ml-stack-events-uploads-dev",
      "stack-events-client-dev | roles/storage.objectViewer | bucket acme-ml-stack-events-results-dev",
      "stack-events-redrive-dev | roles/pubsub.publisher | topic stack-events-start-workflow-redrive-dev",
      "stack-events-redrive-dev | roles/pubsub.subscriber | subscription stack-events-dead-letter-kept-dev",
      "stack-events-sta-caller-ef011b | roles/run.invoker | function stack-events-start-workflow-dev",
      "stack-events-workflow-dev | custom role stack_predictor_dev | project acme-ml",
      "stack-events-workflow-dev | roles/logging.logWriter | project acme-ml",
      "stack-events-workflow-dev | roles/storage.objectCreator | bucket acme-ml-stack-events-results-dev",
      "stack-events-workflow-dev | roles/storage.objectViewer | bucket acme-ml-stack-events-results-dev",
      "stack-events-workflow-dev | roles/storage.objectViewer | bucket acme-ml-stack-events-uploads-dev",
    ]);
  });

  test("uploads are told to the topic, pushed to the starter, and kept where it fails", () => {
    const stack = testStack();
    workflow(stack, { prefix: "inbox/" });
    expect(only(stack, "google_storage_notification")).toMatchObject({
      payload_format: "JSON_API_V1",
      event_types: ["OBJECT_FINALIZE"],
      object_name_prefix: "inbox/",
    });
    expect(only(stack, "google_pubsub_subscription", "stack-events-start-workflow-dev")).toMatchObject({
      push_config: { push_endpoint: expect.stringContaining("google_cloudfunctions2_function.events_start-workflow_") },
      dead_letter_policy: { max_delivery_attempts: 20 },
      expiration_policy: { ttl: "" },
    });
  });

  test("the push subscription can be changed, such as for an agent that may not mint tokens", () => {
    const stack = testStack();
    const { subscription } = workflow(stack, {
      subscription: { grantTokenCreator: true, maxDeliveryAttempts: 7, name: "uploads" },
    });
    expect(subscription.name).toBe("uploads");
    expect(only(stack, "google_pubsub_subscription", "uploads")).toMatchObject({
      dead_letter_policy: { max_delivery_attempts: 7 },
    });
    expect(grantLines(stack, "roles/iam.serviceAccountOpenIdTokenCreator")).toEqual([
      expect.stringMatching(/^service agent gcp-sa-pubsub \| .* \| service account stack-events-sta-caller-/),
    ]);
  });

  test("without a dead letter messages are delivered until they expire", () => {
    const stack = testStack();
    expect(workflow(stack, { deadLetter: false }).deadLetter).toBeUndefined();
    expect(only(stack, "google_pubsub_subscription")).not.toHaveProperty("dead_letter_policy");
    expect(variables(stack, "stack-events-start-workflow-dev")).not.toHaveProperty("DEAD_LETTER_TOPIC");
    expect(grantLines(stack, "gcp-sa-pubsub")).toEqual([]);
  });

  test("an upload of which records fail has an alert, on what the definition logs", () => {
    const alerts = (notificationEmails: string[]) => {
      const stack = testStack({ notificationEmails });
      workflow(stack);
      return all(stack, "google_monitoring_alert_policy").filter(({ display_name }) =>
        /Records/.test(String(display_name)),
      );
    };
    expect(alerts([])).toEqual([]);
    const [policy, ...more] = alerts(["a@acme.com"]);
    expect(more).toEqual([]);
    const name = "stack-events-workflow-dev";
    expect(policy).toMatchObject({
      display_name: `Records of uploads fail in ${name}`,
      documentation: { content: expect.stringContaining('"repetition": 1') },
      notification_channels: [expect.stringContaining("a-acme-com")],
      alert_strategy: { notification_rate_limit: { period: "300s" } },
      conditions: [
        {
          condition_matched_log: {
            filter: `resource.type="workflows.googleapis.com/Workflow" AND resource.labels.workflow_id="${name}" AND jsonPayload.event="upload_partial"`,
          },
        },
      ],
    });
    const definition = readFileSync(join(__dirname, "../../workflows/ml-prediction-workflow.yaml"), "utf8");
    expect(definition).toContain("event: upload_partial");
  });

  test("workflow and starter know where things are", () => {
    const stack = testStack();
    workflow(stack, { chunkSize: 7, maxUploadBytes: 99, workflow: { variables: { MODE: "fast" } } });
    expect(only(stack, "google_workflows_workflow").user_env_vars).toEqual({
      CHUNK_SIZE: "7",
      MODE: "fast",
      PREDICT_URL:
        "https://us-central1-aiplatform.googleapis.com/v1/projects/acme-ml/locations/us-central1/endpoints/42:predict",
      RESULTS_BUCKET: "acme-ml-stack-events-results-dev",
    });
    expect(variables(stack, "stack-events-start-workflow-dev")).toMatchObject({
      MAX_UPLOAD_BYTES: "99",
      UPLOAD_BUCKET: "acme-ml-stack-events-uploads-dev",
      WORKFLOW: "projects/acme-ml/locations/us-central1/workflows/stack-events-workflow-dev",
    });
  });

  test("buckets of the user's own are used", () => {
    const stack = testStack();
    workflow(stack, {
      uploadBucket: Bucket.fromName(stack, "up", "acme-up"),
      resultsBucket: Bucket.fromName(stack, "out", "acme-out"),
      client,
    });
    expect(grantLines(stack, "ml@acme.com")).toEqual([
      "group:ml@acme.com | roles/run.invoker | function stack-events-redrive-dev",
      "group:ml@acme.com | roles/storage.objectCreator | bucket acme-up",
      "group:ml@acme.com | roles/storage.objectViewer | bucket acme-out",
    ]);
    expect(only(stack, "google_storage_notification")).toMatchObject({ bucket: "acme-up" });
  });

  test.each<Edges>([
    {
      what: "chunkSize",
      create: (stack, chunkSize) => workflow(stack, { chunkSize }),
      low: 1,
      high: 1000,
      errors: (value) => [`[stack/events] OutOfRange: chunkSize is ${value}; allowed is a whole number from 1 to 1000`],
    },
    {
      what: "maxUploadBytes",
      create: (stack, maxUploadBytes) => workflow(stack, { maxUploadBytes }),
      low: 1,
      high: 131072,
      errors: (value) => [
        `[stack/events] OutOfRange: maxUploadBytes is ${value} bytes; allowed is a whole number from 1 to 131072 bytes`,
      ],
    },
  ])("$what: both ends are allowed, what lies beyond is reported", expectEdges);
});

describe("PubSubFanout", () => {
  const text = { source: helloSource, filter: Filter.equals("modality", "text") };

  test("each subscriber has its filter, its dead letter and its grants", () => {
    const stack = testStack();
    fanout(stack, {
      subscribers: { text: { ...text, endpoint: endpoint(stack) }, audit: { source: helloSource } },
      pullSubscribers: { services: {} },
    });
    expect(grants(stack)).toEqual([
      "service agent gcp-sa-pubsub | roles/pubsub.publisher | topic stack-fanout-audit-dead-letter-dev",
      "service agent gcp-sa-pubsub | roles/pubsub.publisher | topic stack-fanout-services-pull-dead-letter-dev",
      "service agent gcp-sa-pubsub | roles/pubsub.publisher | topic stack-fanout-text-dead-letter-dev",
      "service agent gcp-sa-pubsub | roles/pubsub.subscriber | subscription stack-fanout-audit-dev",
      "service agent gcp-sa-pubsub | roles/pubsub.subscriber | subscription stack-fanout-audit-redrive-again-dev",
      "service agent gcp-sa-pubsub | roles/pubsub.subscriber | subscription stack-fanout-services-dev",
      "service agent gcp-sa-pubsub | roles/pubsub.subscriber | subscription stack-fanout-services-redrive-again-dev",
      "service agent gcp-sa-pubsub | roles/pubsub.subscriber | subscription stack-fanout-text-dev",
      "service agent gcp-sa-pubsub | roles/pubsub.subscriber | subscription stack-fanout-text-redrive-again-dev",
      "stack-fanout-audit-caller-dev | roles/run.invoker | function stack-fanout-audit-worker-dev",
      "stack-fanout-audit-worker-dev | roles/pubsub.publisher | topic stack-fanout-audit-dead-letter-dev",
      "stack-fanout-audit-worker-dev | roles/storage.objectCreator | bucket acme-ml-stack-fanout-results-dev",
      "stack-fanout-audit-worker-dev | roles/storage.objectViewer | bucket acme-ml-stack-fanout-results-dev",
      "stack-fanout-client-dev | roles/pubsub.publisher | topic stack-fanout-dev",
      "stack-fanout-client-dev | roles/run.invoker | function stack-fanout-redrive-dev",
      "stack-fanout-client-dev | roles/storage.objectViewer | bucket acme-ml-stack-fanout-results-dev",
      "stack-fanout-redrive-dev | roles/pubsub.publisher | topic stack-fanout-audit-redrive-dev",
      "stack-fanout-redrive-dev | roles/pubsub.publisher | topic stack-fanout-services-redrive-dev",
      "stack-fanout-redrive-dev | roles/pubsub.publisher | topic stack-fanout-text-redrive-dev",
      "stack-fanout-redrive-dev | roles/pubsub.subscriber | subscription stack-fanout-audit-dead-letter-kept-dev",
      "stack-fanout-redrive-dev | roles/pubsub.subscriber | subscription stack-fanout-services-pull-dead-letter-kept-dev",
      "stack-fanout-redrive-dev | roles/pubsub.subscriber | subscription stack-fanout-text-dead-letter-kept-dev",
      "stack-fanout-s-consumer-f1222c | roles/pubsub.subscriber | subscription stack-fanout-services-dev",
      "stack-fanout-s-consumer-f1222c | roles/pubsub.subscriber | subscription stack-fanout-services-redrive-again-dev",
      "stack-fanout-text-caller-dev | roles/run.invoker | function stack-fanout-text-worker-dev",
      "stack-fanout-text-worker-dev | custom role stack_predictor_dev | project acme-ml",
      "stack-fanout-text-worker-dev | roles/pubsub.publisher | topic stack-fanout-text-dead-letter-dev",
      "stack-fanout-text-worker-dev | roles/storage.objectCreator | bucket acme-ml-stack-fanout-results-dev",
      "stack-fanout-text-worker-dev | roles/storage.objectViewer | bucket acme-ml-stack-fanout-results-dev",
    ]);
    const filters = all(stack, "google_pubsub_subscription").map(({ name, filter }) => [name, filter]);
    expect(Object.fromEntries(filters)).toMatchObject({
      "stack-fanout-text-dev": 'attributes.modality = "text"',
      "stack-fanout-audit-dev": undefined,
      "stack-fanout-services-dev": undefined,
    });
  });

  test("only a subscriber with an endpoint is told of one", () => {
    const stack = testStack();
    fanout(stack, { subscribers: { text: { ...text, endpoint: endpoint(stack) }, audit: { source: helloSource } } });
    expect(variables(stack, "stack-fanout-text-worker-dev")).toMatchObject({
      SUBSCRIBER: "text",
      RESULTS_BUCKET: "acme-ml-stack-fanout-results-dev",
      VERTEX_ENDPOINT: "projects/acme-ml/locations/us-central1/endpoints/42",
    });
    expect(variables(stack, "stack-fanout-audit-worker-dev")).not.toHaveProperty("VERTEX_ENDPOINT");
  });

  test("a subscription for services of the user's own needs no function", () => {
    const stack = testStack();
    fanout(stack, {
      subscribers: {},
      pullSubscribers: { services: { consumer: client } },
      resultsBucket: Bucket.fromName(stack, "out", "acme-out"),
      redrive: false,
    });
    expect(errorsOf(stack)).toEqual([]);
    expect(all(stack, FUNCTION)).toEqual([]);
    expect(grantLines(stack, "ml@acme.com")).toEqual([
      "group:ml@acme.com | roles/pubsub.subscriber | subscription stack-fanout-services-dev",
    ]);
  });

  test("without dead letters messages are delivered until they expire", () => {
    const stack = testStack();
    const { subscribers, pullSubscribers } = fanout(stack, {
      subscribers: { text },
      pullSubscribers: { services: {} },
      deadLetter: false,
    });
    expect([subscribers.text?.deadLetter, pullSubscribers.services?.deadLetter]).toEqual([undefined, undefined]);
    for (const subscription of all(stack, "google_pubsub_subscription"))
      expect(subscription).not.toHaveProperty("dead_letter_policy");
    expect(all(stack, "google_pubsub_topic")).toHaveLength(1);
    expect(grantLines(stack, "gcp-sa-pubsub")).toEqual([]);
  });

  test("without subscribers messages would be lost", () => {
    const stack = testStack();
    fanout(stack, { subscribers: {} });
    expect(errorsOf(stack)).toEqual([
      "[stack/fanout] InvalidValue: there are no subscribers; messages published to a topic without subscriptions are lost",
    ]);
  });

  test("names that are taken are reported, not thrown at by cdktf", () => {
    const stack = testStack();
    fanout(stack, {
      subscribers: { a: text, "b-pull": text, topic: text, fine: text },
      pullSubscribers: { a: {}, b: {}, client: {} },
    });
    expect(errorsOf(stack)).toEqual([
      '[stack/fanout] DuplicateId: "a" names both a subscriber and a pull subscriber; give one of them another name',
      '[stack/fanout] DuplicateId: "b-pull" names both a subscriber and a pull subscriber; give one of them another name',
      '[stack/fanout] DuplicateId: "topic" names both a subscriber and a part of the fan-out; give the subscriber another name',
      '[stack/fanout] DuplicateId: "client" names both a subscriber and a part of the fan-out; give the subscriber another name',
    ]);
  });
});

describe("ScheduledPreprocessing", () => {
  test("grants each party what it needs", () => {
    const stack = testStack();
    preprocessing(stack);
    expect(grants(stack)).toEqual([
      "service agent gcp-sa-cloudtasks | roles/iam.serviceAccountUser | service account stack-words-dispatcher-9fae02",
      "stack-words-client-dev | roles/run.invoker | function stack-words-redrive-dev",
      "stack-words-dispatcher-9fae02 | roles/run.invoker | function stack-words-launcher-dev",
      "stack-words-launcher-dev | custom role stack_dataflow_launcher_dev | project acme-ml",
      "stack-words-launcher-dev | roles/iam.serviceAccountUser | service account stack-words-workers-dev",
      "stack-words-launcher-dev | roles/pubsub.publisher | topic stack-words-dead-letter-dev",
      "stack-words-launcher-dev | roles/storage.objectUser | bucket acme-ml-stack-words-temp-dev",
      "stack-words-redrive-dev | roles/cloudtasks.enqueuer | queue stack-words-queue-dev",
      "stack-words-redrive-dev | roles/pubsub.subscriber | subscription stack-words-dead-letter-kept-dev",
      "stack-words-sche-caller-df4fef | roles/cloudtasks.enqueuer | queue stack-words-queue-dev",
      "stack-words-workers-dev | roles/dataflow.worker | project acme-ml",
      "stack-words-workers-dev | roles/storage.objectUser | bucket acme-ml-stack-words-output-dev",
      "stack-words-workers-dev | roles/storage.objectUser | bucket acme-ml-stack-words-temp-dev",
    ]);
  });

  test("the launcher knows what to launch, where, as whom and under which name", () => {
    const stack = testStack();
    preprocessing(stack, { template: DataflowTemplate.flex("gs://acme/spec.json") });
    const { JOBS, ...others } = variables(stack, "stack-words-launcher-dev");
    expect(others).toMatchObject({
      DATAFLOW_LOCATION: "projects/acme-ml/locations/us-central1",
      MAX_ATTEMPTS: "12",
      DEAD_LETTER_TOPIC: "projects/acme-ml/topics/stack-words-dead-letter-dev",
    });
    expect(others).not.toHaveProperty("QUEUE");
    expect(JSON.parse(JOBS ?? "")).toEqual({
      default: {
        template: { kind: "flex", path: "gs://acme/spec.json" },
        namePrefix: "words-dev",
        parameters: { output: "gs://acme-ml-stack-words-output-dev/{jobName}/counts" },
        environment: {
          tempLocation: "gs://acme-ml-stack-words-temp-dev/temp",
          serviceAccountEmail: expect.stringMatching(
            /^\$\{google_service_account\.words_workers_identity_\w+\.email\}$/,
          ),
          maxWorkers: 3,
          additionalUserLabels: { environment: "dev", stack: "stack" },
        },
      },
    });
  });

  test("the schedule creates a task without a name, which the next tick's would be a duplicate of", () => {
    const stack = testStack();
    preprocessing(stack);
    const { http_target, time_zone } = only(stack, "google_cloud_scheduler_job");
    expect(time_zone).toBe("Etc/UTC");
    expect((http_target as Json).body).toBe(
      '${base64encode(jsonencode({"task" = {"httpRequest" = {"httpMethod" = "POST", "headers" = {"Content-Type" = "application/json"}, "body" = base64encode(jsonencode({"parameters" = {}})), "url" = "https://overridden-by-queue.invalid/"}, "dispatchDeadline" = "120s"}}))}',
    );
  });

  test("without a dead letter the queue drops a task after its attempts", () => {
    const stack = testStack();
    expect(preprocessing(stack, { deadLetter: false }).deadLetter).toBeUndefined();
    expect(only(stack, "google_cloud_tasks_queue")).toMatchObject({ retry_config: { max_attempts: 12 } });
    expect(variables(stack, "stack-words-launcher-dev")).not.toHaveProperty("DEAD_LETTER_TOPIC");
    expect(all(stack, "google_pubsub_topic")).toEqual([]);
  });

  test("temporary files do not pile up, results are kept", () => {
    const stack = testStack();
    preprocessing(stack);
    expect(only(stack, "google_storage_bucket", "acme-ml-stack-words-temp-dev")).toMatchObject({
      lifecycle_rule: [{ action: { type: "Delete" }, condition: { age: 7 } }],
      soft_delete_policy: { retention_duration_seconds: 0 },
      force_destroy: true,
    });
    const output = only(stack, "google_storage_bucket", "acme-ml-stack-words-output-dev");
    expect(output).toMatchObject({ force_destroy: false });
    expect(output).not.toHaveProperty("lifecycle_rule");
  });

  test("a job at deploy time is a choice, has the launcher's parameters, and a folder of its own", () => {
    const [without, having] = [testStack(), testStack()];
    preprocessing(without);
    preprocessing(having, { deployTimeJob: true });
    expect(all(without, "google_dataflow_job")).toEqual([]);
    expect(only(having, "google_dataflow_job")).toMatchObject({
      name: "stack-words-job-dev",
      parameters: { output: "gs://acme-ml-stack-words-output-dev/stack-words-job-dev/counts" },
    });
  });

  test("a job at deploy time has a classic template, or is refused", () => {
    const stack = testStack();
    preprocessing(stack, { deployTimeJob: true, template: DataflowTemplate.flex("gs://acme/spec.json") });
    expect(errorsOf(stack)).toEqual([
      "[stack/words/job] InvalidValue: a deploy-time job has the flex template gs://acme/spec.json; allowed is a classic one",
    ]);
  });

  test("buckets of the user's own are used", () => {
    const stack = testStack();
    preprocessing(stack, {
      tempBucket: Bucket.fromName(stack, "tmp", "acme-tmp"),
      outputBucket: Bucket.fromName(stack, "out", "acme-out"),
    });
    expect(all(stack, "google_storage_bucket")).toHaveLength(1);
    expect(grantLines(stack, "stack-words-workers-dev | roles/storage")).toEqual([
      "stack-words-workers-dev | roles/storage.objectUser | bucket acme-out",
      "stack-words-workers-dev | roles/storage.objectUser | bucket acme-tmp",
    ]);
  });
});
