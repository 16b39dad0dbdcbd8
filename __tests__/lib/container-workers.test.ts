import { Duration } from "../../lib/core/duration";
import { FunctionSource } from "../../lib/core/function-source";
import { ContainerService } from "../../lib/parts/container-service";
import { DataflowTemplate } from "../../lib/parts/dataflow-template";
import { Filter } from "../../lib/parts/filter";
import { FunctionService } from "../../lib/parts/function-service";
import type { GoogleStack } from "../../lib/parts/google-stack";
import { PredictionEndpoint } from "../../lib/parts/prediction-endpoint";
import { AsyncBatch } from "../../lib/patterns/async-batch";
import { EventWorkflow } from "../../lib/patterns/event-workflow";
import { PubSubFanout } from "../../lib/patterns/pubsub-fanout";
import { ScheduledPreprocessing } from "../../lib/patterns/scheduled-preprocessing";
import { TaskPipeline } from "../../lib/patterns/task-pipeline";
import type { Worker, WorkerProps } from "../../lib/patterns/worker";
import { grantLines } from "./iam";
import {
  all,
  byType,
  environmentOf,
  errorsOf,
  helloSource,
  type Json,
  only,
  synthesized,
  testStack,
  thrownBy,
} from "./support";

const IMAGE = "us-docker.pkg.dev/acme-ml/workers/ocr:1";
const endpointOf = (stack: GoogleStack) => new PredictionEndpoint(stack, "endpoint", "1234567890");

/** Each worker of the five patterns: the pattern with these properties for it. */
const WORKERS: Readonly<Record<string, (stack: GoogleStack, props: WorkerProps) => Worker | undefined>> = {
  "worker of AsyncBatch": (stack, worker) =>
    new AsyncBatch(stack, "it", { endpoint: endpointOf(stack), worker }).worker,
  "submitter of AsyncBatch": (stack, submitter) =>
    new AsyncBatch(stack, "it", { endpoint: endpointOf(stack), submitter }).submitter,
  "step of TaskPipeline": (stack, props) =>
    new TaskPipeline(stack, "it", {
      steps: {
        train: props.image === undefined ? { ...props, source: helloSource } : props,
        infer: { image: IMAGE, after: ["train"] },
      },
    }).steps.train,
  "starter of TaskPipeline": (stack, starter) =>
    new TaskPipeline(stack, "it", { steps: { train: { source: helloSource } }, starter }).starter,
  "starter of EventWorkflow": (stack, starter) =>
    new EventWorkflow(stack, "it", { endpoint: endpointOf(stack), starter }).starter,
  "subscriber of PubSubFanout": (stack, props) =>
    new PubSubFanout(stack, "it", {
      subscribers: {
        ocr: {
          ...(props.image === undefined ? { ...props, source: helloSource } : props),
          endpoint: endpointOf(stack),
        },
      },
    }).subscribers.ocr?.worker,
  "launcher of ScheduledPreprocessing": (stack, launcher) =>
    new ScheduledPreprocessing(stack, "it", {
      template: DataflowTemplate.classic("gs://dataflow-templates/latest/Word_Count"),
      parameters: (output) => ({ output }),
      schedule: { cron: "0 3 * * *" },
      launcher,
    }).launcher,
};

/** Grants of a stack, by who has which role on what, without those that builds need. */
function grantsOf(stack: GoogleStack): string[] {
  const { resource } = synthesized(stack) as { resource: Record<string, Record<string, Json>> };
  return Object.entries(resource)
    .filter(([type]) => type.endsWith("_iam_member"))
    .flatMap(([, byId]) => Object.entries(byId).map(([id, { role }]) => `${id} ${role}`))
    .filter((grant) => !/build|sources/.test(grant))
    .sort();
}

describe.each(Object.entries(WORKERS))("the %s", (_, make) => {
  test("is a function, or a container with the same variables, callers and roles", () => {
    const [functions, containers] = [testStack(), testStack()];
    const fn = make(functions, { environment: { MODE: "fast" } });
    const container = make(containers, { image: IMAGE, environment: { MODE: "fast" } });
    expect([errorsOf(functions), errorsOf(containers)]).toEqual([[], []]);
    expect([fn, container]).toEqual([expect.any(FunctionService), expect.any(ContainerService)]);

    const service = only(functions, "google_cloudfunctions2_function", fn?.name).service_config as Json;
    const template = only(containers, "google_cloud_run_v2_service", container?.name).template as Json;
    const [{ env }] = template.containers as [{ env: { name: string; value: string }[] }];
    // References to the worker itself, in the steps of a pipeline, have another type.
    const plain = (text: unknown) =>
      String(text).replace(
        /google_cloudfunctions2_function(\S+?)\.service_config\[0\]\.uri|google_cloud_run_v2_service(\S+?)\.uri/g,
        "uri",
      );
    // What Google's build prepares for Node.js.
    const { NODE_COMPILE_CACHE, ...variables } = service.environment_variables as Json;
    expect(NODE_COMPILE_CACHE).toBe(".compile-cache");
    expect(Object.fromEntries(env.map(({ name, value }) => [name, plain(value)]))).toEqual(
      Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, plain(value)])),
    );
    expect(grantsOf(containers)).toEqual(grantsOf(functions));
    expect(template).toMatchObject({
      timeout: `${service.timeout_seconds}s`,
      scaling: { max_instance_count: service.max_instance_count },
      max_instance_request_concurrency: service.max_instance_request_concurrency,
    });
  });

  test("has the options of a container", () => {
    const stack = testStack();
    make(stack, { image: IMAGE, gpu: "nvidia-l4", maxInstances: 100, concurrency: 2, port: 9000 });
    expect(errorsOf(stack)).toEqual([]);
    const gpus = all(stack, "google_cloud_run_v2_service").filter(({ template }) => (template as Json).node_selector);
    expect(gpus).toEqual([
      expect.objectContaining({
        template: expect.objectContaining({ scaling: { min_instance_count: 0, max_instance_count: 100 } }),
      }),
    ]);
  });
});

test("a container may take the place of the batch worker without an endpoint", () => {
  const stack = testStack();
  new AsyncBatch(stack, "batch", { worker: { image: IMAGE } });
  expect(errorsOf(stack)).toEqual([]);
  expect(all(stack, "google_project_iam_custom_role")).toEqual([]);
});

test("a worker is not both a function and a container, which types refuse too", () => {
  const stack = testStack();
  const both = { image: IMAGE, source: FunctionSource.builtIn("batch-worker") };
  // @ts-expect-error
  new AsyncBatch(stack, "batch", { endpoint: endpointOf(stack), worker: both });
  expect(errorsOf(stack)).toEqual([
    "[stack/batch/worker] InvalidValue: both source and image are given; a worker is either a function or a container",
  ]);
});

test("a worker is one of the two, which types demand too", () => {
  // @ts-expect-error
  expect(thrownBy(() => new TaskPipeline(testStack(), "pipeline", { steps: { train: {} } }))).toBe(
    "[stack/pipeline/train] InvalidValue: neither source nor image is given; a worker is either a function or a container",
  );
});

test("a container's mistakes are reported with the others of the app", () => {
  const stack = testStack({ region: "europe-west9" });
  new AsyncBatch(stack, "batch", {
    endpoint: endpointOf(stack),
    predictBatchSize: 0,
    worker: { image: "ocr", gpu: "nvidia-l4", cpu: 2, port: 0 },
  });
  expect(errorsOf(stack).map((error) => error.replace(/^(\S+ \w+):.*/s, "$1"))).toEqual([
    "[stack/batch] OutOfRange",
    "[stack/batch/worker] OutOfRange",
    "[stack/batch/worker] InvalidImage",
    "[stack/batch/worker] GpuMismatch",
    "[stack/batch/worker] UnsupportedRegion",
  ]);
});

describe("pull workers of PubSubFanout", () => {
  test("are a pool that may take its messages and write results, with a dead letter of its own", () => {
    const stack = testStack();
    const fanout = new PubSubFanout(stack, "fanout", {});
    const { pool, subscription, deadLetter } = fanout.addPullWorkers("embed", {
      image: IMAGE,
      instances: 2,
      filter: Filter.equals("modality", "image"),
      environment: { BATCH: "32" },
      subscription: { retention: Duration.days(3) },
    });
    expect(errorsOf(stack)).toEqual([]);
    expect(fanout.pullWorkers.embed).toEqual({ pool, subscription, deadLetter });
    expect(only(stack, "google_pubsub_subscription", "stack-fanout-embed-dev")).toMatchObject({
      filter: 'attributes.modality = "image"',
      ack_deadline_seconds: 60,
      message_retention_duration: "259200s",
      dead_letter_policy: { max_delivery_attempts: 20 },
    });
    const { template, scaling, depends_on } = only(stack, "google_cloud_run_v2_worker_pool") as Record<string, Json>;
    expect(scaling).toEqual({ scaling_mode: "MANUAL", manual_instance_count: 2 });
    expect(template).toMatchObject({
      containers: [
        {
          env: [
            { name: "BATCH", value: "32" },
            { name: "GOOGLE_CLOUD_PROJECT", value: "acme-ml" },
            {
              name: "REDRIVE_SUBSCRIPTION",
              value: "projects/acme-ml/subscriptions/stack-fanout-embed-redrive-again-dev",
            },
            { name: "RESULTS_BUCKET", value: fanout.resultsBucket.name },
            { name: "SUBSCRIBER", value: "embed" },
            { name: "SUBSCRIPTION", value: "projects/acme-ml/subscriptions/stack-fanout-embed-dev" },
          ],
        },
      ],
    });
    const grants = ["storage_bucket", "pubsub_subscription"].flatMap((type) =>
      Object.entries(byType(synthesized(stack), `google_${type}_iam_member`))
        .filter(([, { member }]) => String(member).includes("embed-workers_pool"))
        .map(([id, { role }]) => [`google_${type}_iam_member.${id}`, role]),
    );
    expect(grants.map(([, role]) => role)).toEqual([
      "roles/storage.objectCreator",
      "roles/storage.objectViewer",
      "roles/pubsub.subscriber",
      "roles/pubsub.subscriber",
    ]);
    expect(depends_on).toEqual(expect.arrayContaining(grants.map(([address]) => address)));
  });

  test.each([
    ["at first", "alone", false],
    ["later", "alone", true],
    ["later", "beside another subscriber", true],
  ])("that are added %s, %s, pull again what the redrive function puts back", (_, company, isLate) => {
    const stack = testStack();
    const workers = { embed: { image: IMAGE } };
    const fanout = new PubSubFanout(stack, "fanout", {
      ...(company !== "alone" && { subscribers: { text: { image: IMAGE } } }),
      ...(!isLate && { pullWorkers: workers }),
    });
    if (isLate) fanout.addPullWorkers("embed", workers.embed);
    const { pullWorkers, redrive } = fanout;
    expect(errorsOf(stack)).toEqual([]);
    const { template } = only(stack, "google_cloud_run_v2_worker_pool") as Record<string, Json>;
    const again = only(stack, "google_pubsub_subscription", "stack-fanout-embed-redrive-again-dev").name;
    expect(template).toMatchObject({
      containers: [
        {
          env: expect.arrayContaining([
            { name: "REDRIVE_SUBSCRIPTION", value: `projects/acme-ml/subscriptions/${again}` },
          ]),
        },
      ],
    });
    const consumers = byType(synthesized(stack), "google_pubsub_subscription_iam_member");
    expect(Object.values(consumers).filter(({ member }) => String(member).includes("embed-workers_pool"))).toHaveLength(
      2,
    );
    const kept = "projects/acme-ml/subscriptions/stack-fanout-embed-workers-dead-letter-kept-dev";
    const topic = "projects/acme-ml/topics/stack-fanout-embed-redrive-dev";
    expect(JSON.parse(environmentOf(stack, "stack-fanout-redrive-dev").ORIGINS ?? "")).toContainEqual({
      kept,
      queues: {},
      topics: { "stack-fanout-embed-dev": topic, [again as string]: topic },
    });
    expect(grantLines(stack, "stack-fanout-redrive-dev | roles/pubsub")).toEqual(
      expect.arrayContaining([
        expect.stringContaining("roles/pubsub.publisher | topic stack-fanout-embed-redrive-dev"),
        expect.stringContaining(
          "roles/pubsub.subscriber | subscription stack-fanout-embed-workers-dead-letter-kept-dev",
        ),
      ]),
    );
    expect(redrive?.service.name).toBe("stack-fanout-redrive-dev");
    expect(Object.keys(pullWorkers)).toEqual(["embed"]);
  });

  test.each([{ deadLetter: false }, { redrive: false as const }])(
    "that are added later with %j have no redrive",
    (props) => {
      const stack = testStack();
      const fanout = new PubSubFanout(stack, "fanout", props);
      const { subscription } = fanout.addPullWorkers("embed", { image: IMAGE });
      expect(errorsOf(stack)).toEqual([]);
      expect(fanout.redrive).toBeUndefined();
      expect(subscription.node.tryFindChild("redrive")).toBeUndefined();
    },
  );

  test("with a name that is taken are reported with the rest", () => {
    const stack = testStack();
    const workers = { image: IMAGE };
    new PubSubFanout(stack, "fanout", {
      subscribers: { text: workers, "a-workers": workers },
      pullSubscribers: { audit: {} },
      pullWorkers: { text: workers, audit: workers, a: workers, client: workers, good: workers },
    });
    expect(errorsOf(stack)).toEqual(
      ["text", "audit", "a", "client"].map(
        (name) =>
          `[stack/fanout] DuplicateId: "${name}" names both pull workers and a subscriber or a part of the fan-out; give the pull workers another name`,
      ),
    );
  });

  test("have a name of their own", () => {
    const subscribers = { text: { image: IMAGE } };
    const fanout = new PubSubFanout(testStack(), "fanout", { subscribers, pullSubscribers: { audit: {} } });
    fanout.addPullWorkers("embed", { image: IMAGE });
    for (const name of ["text", "audit", "embed", "client", "topic"]) {
      expect(thrownBy(() => fanout.addPullWorkers(name, { image: IMAGE }))).toBe(
        `[stack/fanout] DuplicateId: "${name}" names both pull workers and a subscriber or a part of the fan-out; give the pull workers another name`,
      );
    }
  });

  test("without any subscriber, cdktf's own synthesis says so too", () => {
    const stack = testStack();
    new PubSubFanout(stack, "fanout", {});
    expect(thrownBy(() => synthesized(stack))).toContain("InvalidValue: there are no subscribers; messages published");
  });
});
