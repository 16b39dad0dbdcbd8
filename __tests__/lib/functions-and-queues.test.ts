import { join } from "node:path";
import { TerraformVariable } from "cdktf";
import { Duration } from "../../lib/core/duration";
import { FunctionSource } from "../../lib/core/function-source";
import { externalGrantee } from "../../lib/core/grantee";
import { Memory } from "../../lib/core/memory";
import { DeadLetter } from "../../lib/parts/dead-letter";
import { EncryptionKey } from "../../lib/parts/encryption-key";
import type { FunctionServiceProps } from "../../lib/parts/function-service";
import type { GoogleStack } from "../../lib/parts/google-stack";
import { Schedule, type ScheduleProps, ScheduleTarget } from "../../lib/parts/schedule";
import { Secret } from "../../lib/parts/secret";
import { ServiceIdentity } from "../../lib/parts/service-identity";
import { TaskQueue, type TaskQueueProps } from "../../lib/parts/task-queue";
import { grantLines } from "./iam";
import {
  all,
  byType,
  type Edges,
  errorsOf,
  expectEdges,
  helloSource,
  type Json,
  only,
  pythonSource,
  synthesized,
  testFunction,
  testStack,
} from "./support";

const FUNCTION = "google_cloudfunctions2_function";
const QUEUE = "google_cloud_tasks_queue";
const JOB = "google_cloud_scheduler_job";

/** The errors of a function with these properties. */
function functionErrors(props: Partial<FunctionServiceProps>): string[] {
  const stack = testStack();
  testFunction(stack, "worker", props);
  return errorsOf(stack);
}

function compileCache(stack: GoogleStack): unknown {
  const { environment_variables } = only(stack, FUNCTION).service_config as { environment_variables: Json };
  return environment_variables.NODE_COMPILE_CACHE;
}

/** A number that only Terraform knows. */
function unknownNumber(stack: GoogleStack): number {
  return new TerraformVariable(stack, "number", { type: "number" }).numberValue;
}

describe("FunctionService", () => {
  test.each([
    ["its own", { environment: { NODE_COMPILE_CACHE: "/tmp/cache" } }, "/tmp/cache"],
    ["its own, which is empty", { environment: { NODE_COMPILE_CACHE: "" } }, ""],
    ["that of its source", {}, ".compile-cache"],
    [
      "none, where the source has none",
      { source: FunctionSource.typescript(join(__dirname, "fixtures/hello"), { compileCache: false }) },
      undefined,
    ],
  ])("has %s as Node's compile cache", (_, props, expected) => {
    const stack = testStack();
    testFunction(stack, "worker", props);
    expect(compileCache(stack)).toBe(expected);
  });

  test("has a secret, or what is set later, in place of a variable of its source", () => {
    const withSecret = testStack();
    const secret = new Secret(withSecret, "cache", "cache");
    testFunction(withSecret, "worker", { secrets: { NODE_COMPILE_CACHE: secret } });
    expect(compileCache(withSecret)).toBeUndefined();
    const later = testStack();
    testFunction(later).addEnvironment("NODE_COMPILE_CACHE", "later");
    expect(compileCache(later)).toBe("later");
  });

  test("is closed, small and runs as an identity of its own by default", () => {
    const stack = testStack();
    testFunction(stack);
    expect(only(stack, FUNCTION)).toMatchObject({
      name: "stack-worker-dev",
      location: "us-central1",
      project: "acme-ml",
      labels: { environment: "dev", stack: "stack" },
      build_config: {
        runtime: "nodejs24",
        entry_point: "handler",
        service_account: expect.stringMatching(/^\$\{google_service_account\.build_identity_\w+\.name\}$/),
      },
      service_config: {
        ingress_settings: "ALLOW_INTERNAL_ONLY",
        available_memory: "512Mi",
        timeout_seconds: 60,
        max_instance_request_concurrency: 1,
        min_instance_count: 0,
        max_instance_count: 10,
        environment_variables: { GOOGLE_CLOUD_PROJECT: "acme-ml" },
        service_account_email: expect.stringMatching(/^\$\{google_service_account\.worker_identity_\w+\.email\}$/),
      },
    });
    expect(grantLines(stack, "stack-worker-dev")).toEqual([]);
  });

  test("everything that can be set arrives", () => {
    const stack = testStack();
    testFunction(stack, "worker", {
      source: pythonSource,
      name: "my-worker",
      description: "Works",
      identity: new ServiceIdentity(stack, "mine", { description: "Mine" }),
      buildIdentity: new ServiceIdentity(stack, "builder", { description: "Builds" }),
      memory: Memory.gibibytes(2),
      cpu: 2,
      timeout: Duration.minutes(5),
      concurrency: 8,
      minInstances: 1,
      maxInstances: 3,
      environment: { MODE: "fast" },
      ingress: "ALLOW_ALL",
      vpc: { connector: "projects/acme-ml/locations/us-central1/connectors/c", traffic: "ALL_TRAFFIC" },
    });
    expect(only(stack, FUNCTION)).toMatchObject({
      name: "my-worker",
      description: "Works",
      build_config: {
        runtime: "python313",
        entry_point: "main",
        service_account: expect.stringContaining("google_service_account.builder_"),
      },
      service_config: {
        service_account_email: expect.stringContaining("google_service_account.mine_"),
        available_memory: "2048Mi",
        available_cpu: "2",
        timeout_seconds: 300,
        max_instance_request_concurrency: 8,
        min_instance_count: 1,
        max_instance_count: 3,
        environment_variables: { GOOGLE_CLOUD_PROJECT: "acme-ml", MODE: "fast" },
        ingress_settings: "ALLOW_ALL",
        vpc_connector: "projects/acme-ml/locations/us-central1/connectors/c",
        vpc_connector_egress_settings: "ALL_TRAFFIC",
      },
    });
    expect(Object.keys(byType(synthesized(stack), "google_service_account"))).toHaveLength(2);
  });

  test("a function is told its own timeout, from which those of its calls follow", () => {
    const stack = testStack();
    testFunction(stack, "worker", { timeout: Duration.seconds(90) });
    expect(only(stack, "google_cloudfunctions2_function").service_config).toMatchObject({
      timeout_seconds: 90,
      environment_variables: { FUNCTION_TIMEOUT_SECONDS: "90" },
    });
  });

  test("only private ranges go through a VPC connector unless told otherwise", () => {
    const stack = testStack();
    testFunction(stack, "worker", { vpc: { connector: "projects/p/locations/l/connectors/c" } });
    expect(only(stack, FUNCTION)).toMatchObject({
      service_config: { vpc_connector_egress_settings: "PRIVATE_RANGES_ONLY" },
    });
  });

  test("is invoked by those who are granted, on its Cloud Run service, once each", () => {
    const stack = testStack();
    const worker = testFunction(stack);
    const caller = new ServiceIdentity(stack, "caller", { description: "Calls" });
    expect(worker.grantInvoke(caller)).toBe(worker.grantInvoke(caller));
    worker.grantInvoke(externalGrantee("group:ml@acme.com"));
    expect(grantLines(stack, "stack-worker-dev")).toEqual([
      "group:ml@acme.com | roles/run.invoker | function stack-worker-dev",
      "stack-caller-dev | roles/run.invoker | function stack-worker-dev",
    ]);
  });

  test("two grantees whose ids are alike are reported, so that neither is silently left without its grant", () => {
    const stack = testStack();
    const worker = testFunction(stack);
    for (const member of ["user:a@acme.com", "user:b@acme.com"]) {
      worker.grantInvoke({ grantee: { id: "ops", member } });
    }
    expect(errorsOf(stack)).toEqual([
      '[stack/worker] InvalidGrant: roles/run.invoker cannot be granted to "ops": the id "invoker-ops" already belongs to another grant; give one of the two grantees another construct id',
    ]);
  });

  test("secrets arrive as references, never as values, and the access grant comes with them", () => {
    const stack = testStack();
    testFunction(stack, "worker", {
      secrets: { API_KEY: new Secret(stack, "api-key", "model-api-key"), PIN: new Secret(stack, "pin", "pin", "3") },
    });
    expect(only(stack, FUNCTION)).toMatchObject({
      service_config: {
        secret_environment_variables: [
          { key: "API_KEY", project_id: "acme-ml", secret: "model-api-key", version: "latest" },
          { key: "PIN", project_id: "acme-ml", secret: "pin", version: "3" },
        ],
      },
      depends_on: expect.arrayContaining([
        expect.stringContaining("google_secret_manager_secret_iam_member.api-key_"),
        expect.stringContaining("google_secret_manager_secret_iam_member.pin_"),
      ]),
    });
    expect(grantLines(stack, "| secret ")).toEqual([
      "stack-worker-dev | roles/secretmanager.secretAccessor | secret model-api-key",
      "stack-worker-dev | roles/secretmanager.secretAccessor | secret pin",
    ]);
  });

  test("waits for its APIs and for the build identity's grants to take effect", () => {
    const stack = testStack();
    testFunction(stack);
    const dependencies = (only(stack, FUNCTION).depends_on as string[]).map((name) =>
      name.replace(/_[0-9A-F]{8}$/, ""),
    );
    expect(dependencies).toEqual([
      "google_project_service.apis_cloudfunctions",
      "google_project_service.apis_run",
      "time_sleep.apis_take-effect",
      "google_project_service.apis_cloudbuild",
      "google_project_service.apis_artifactregistry",
      "google_project_service.apis_logging",
      "time_sleep.build_grants-reach-cloud-build",
    ]);
    expect(all(stack, "time_sleep").map(({ create_duration }) => create_duration)).toEqual(["60s", "60s"]);
  });

  test("functions of one source share an uploaded object, whose name is its content", () => {
    const stack = testStack();
    testFunction(stack, "one");
    testFunction(stack, "two");
    testFunction(stack, "three", { source: pythonSource });
    expect(all(stack, "google_storage_bucket_object").map(({ name, source }) => ({ name, source }))).toEqual([
      { name: "hello-<sha256>.zip", source: expect.stringMatching(/^assets\/.*\/<sha256>\/hello\.zip$/) },
      {
        name: "python-worker-<sha256>.zip",
        source: expect.stringMatching(/^assets\/.*\/<sha256>\/python-worker\.zip$/),
      },
    ]);
  });

  test("sources of one folder name do not collide", () => {
    const stack = testStack();
    const options = { runtime: "python313", entryPoint: "main" };
    testFunction(stack, "one");
    testFunction(stack, "two", { source: FunctionSource.directory(join(__dirname, "fixtures/hello"), options) });
    const ids = Object.keys(byType(synthesized(stack), "google_storage_bucket_object"));
    expect(ids).toEqual([
      expect.stringMatching(/^function-sources_hello-2_\w{8}$/),
      expect.stringMatching(/^function-sources_hello_\w{8}$/),
    ]);
  });

  test("anything else of the resource can be overridden", () => {
    const stack = testStack();
    testFunction(stack, "worker", { overrides: { labels: { team: "vision" }, description: "Mine" } });
    expect(only(stack, FUNCTION)).toMatchObject({ labels: { team: "vision" }, description: "Mine" });
  });

  test("a key encrypts source bucket, images and function, and their service agents may use it", () => {
    const stack = testStack();
    const name = "projects/acme-ml/locations/us-central1/keyRings/ml/cryptoKeys/data";
    testFunction(stack, "worker", { encryptionKey: new EncryptionKey(stack, "key", name) });
    expect(only(stack, FUNCTION)).toMatchObject({
      kms_key_name: name,
      build_config: { docker_repository: expect.stringMatching(/^\$\{google_artifact_registry_repository\..*\.id\}$/) },
    });
    expect(only(stack, "google_artifact_registry_repository")).toMatchObject({ format: "DOCKER", kms_key_name: name });
    expect(grantLines(stack, "| key ")).toEqual(
      [
        "service agent gcf-admin-robot",
        "service agent gcp-sa-artifactregistry",
        "service agent gcp-sa-eventarc",
        "service agent of storage",
        "service agent serverless-robot-prod",
      ].map((agent) => `${agent} | roles/cloudkms.cryptoKeyEncrypterDecrypter | key ${name}`),
    );
  });

  test("hands over to one dead letter, and says so in its environment", () => {
    const stack = testStack();
    const worker = testFunction(stack);
    const deadLetter = new DeadLetter(stack, "one");
    worker.useDeadLetter(deadLetter, 7);
    worker.useDeadLetter(deadLetter, 7);
    expect(only(stack, FUNCTION)).toMatchObject({
      service_config: {
        environment_variables: { DEAD_LETTER_TOPIC: "projects/acme-ml/topics/stack-one-dev", MAX_ATTEMPTS: "7" },
      },
    });
    expect(grantLines(stack, "roles/pubsub.publisher")).toEqual([
      "stack-worker-dev | roles/pubsub.publisher | topic stack-one-dev",
    ]);
  });

  describe("what Google would refuse", () => {
    const edges: Edges[] = [
      {
        what: "timeout",
        create: (stack, value) => testFunction(stack, "worker", { timeout: Duration.seconds(value) }),
        low: 1,
        high: 3600,
        beyond: [0, 0.5, 3601],
        errors: (value) => [
          `[stack/worker] OutOfRange: timeout is ${value} seconds; allowed is a whole number from 1 to 3600 seconds`,
        ],
      },
      {
        what: "memory",
        create: (stack, value) => testFunction(stack, "worker", { memory: Memory.mebibytes(value) }),
        low: 128,
        high: 32768,
        errors: (value) => [`[stack/worker] OutOfRange: memory is ${value} MiB; allowed is from 128 to 32768 MiB`],
      },
      {
        what: "concurrency",
        create: (stack, value) => testFunction(stack, "worker", { concurrency: value, cpu: 1 }),
        low: 1,
        high: 1000,
        errors: (value) => [
          `[stack/worker] OutOfRange: concurrency is ${value}; allowed is a whole number from 1 to 1000`,
        ],
      },
      {
        what: "minInstances",
        create: (stack, value) => testFunction(stack, "worker", { minInstances: value, maxInstances: 1000 }),
        low: 0,
        high: 1000,
        beyond: [-1, 0.5],
        errors: (value) => [
          `[stack/worker] OutOfRange: minInstances is ${value}; allowed is a whole number from 0 to 1000`,
        ],
      },
      {
        what: "maxInstances",
        create: (stack, value) => testFunction(stack, "worker", { maxInstances: value }),
        low: 1,
        high: 1000,
        beyond: [1001, 2.5],
        errors: (value) => [
          `[stack/worker] OutOfRange: maxInstances is ${value}; allowed is a whole number from 1 to 1000`,
        ],
      },
      {
        what: "a fraction of a CPU",
        create: (stack, value) => testFunction(stack, "worker", { cpu: value, memory: Memory.mebibytes(128) }),
        low: 0.08,
        high: 0.999,
        beyond: [0, 0.079, 1.5, 3, 16],
        errors: (value) => [
          `[stack/worker] OutOfRange: cpu is ${value}; allowed is 0.08 to below 1, or one of 1, 2, 4, 6, 8`,
        ],
      },
    ];

    test.each(edges)("$what: both ends are allowed, what lies beyond is reported", expectEdges);

    test("more minInstances than maxInstances", () => {
      expect(functionErrors({ minInstances: 11 })).toEqual([
        "[stack/worker] OutOfRange: minInstances is 11, more than maxInstances, which is 10",
      ]);
      expect(functionErrors({ minInstances: 10 })).toEqual([]);
    });

    test.each([
      [512, 0.08, 513, 0.5],
      [1024, 0.5, 1025, 1],
      [4096, 1, 4097, 2],
      [8192, 2, 8193, 4],
      [16384, 4, 16385, 6],
      [24576, 6, 24577, 8],
    ])("%d MiB work with %d vCPU, %d MiB need %d", (fits, cpu, tooMuch, needed) => {
      expect(functionErrors({ cpu, memory: Memory.mebibytes(fits) })).toEqual([]);
      expect(functionErrors({ cpu: needed, memory: Memory.mebibytes(tooMuch) })).toEqual([]);
      expect(functionErrors({ cpu, memory: Memory.mebibytes(tooMuch) })).toEqual([
        `[stack/worker] CpuMemoryMismatch: cpu is ${cpu} with ${tooMuch}Mi of memory, which needs at least ${needed} vCPU`,
      ]);
    });

    test.each([
      [4, 2048],
      [6, 3072],
      [8, 4096],
    ])("%d vCPU need %d MiB", (cpu, needed) => {
      expect(functionErrors({ cpu, memory: Memory.mebibytes(needed) })).toEqual([]);
      expect(functionErrors({ cpu, memory: Memory.mebibytes(needed - 1) })).toEqual([
        `[stack/worker] CpuMemoryMismatch: memory is ${needed - 1}Mi with ${cpu} vCPU, which need at least ${needed}Mi`,
      ]);
    });

    test.each([
      [{ concurrency: 2 }, "0.333"],
      [{ concurrency: 2, memory: Memory.mebibytes(128) }, "0.083"],
      [{ concurrency: 2, memory: Memory.mebibytes(1024) }, "0.583"],
      [{ concurrency: 2, cpu: 0.9 }, "0.9"],
    ])("%# more than one request at a time on less than a CPU", (props, cpu) => {
      expect(functionErrors(props)).toEqual([
        `[stack/worker] ConcurrencyNeedsCpu: concurrency is 2 with ${cpu} vCPU; more than 1 request at a time needs cpu: 1 or more`,
      ]);
    });

    test("concurrency is fine with the CPU that comes with 2 GiB", () => {
      expect(functionErrors({ concurrency: 2, memory: Memory.gibibytes(2) })).toEqual([]);
      expect(functionErrors({ concurrency: 2, memory: Memory.gibibytes(32) })).toEqual([]);
    });

    test.each(["PORT", "K_SERVICE", "FUNCTION_TARGET", "X_GOOGLE_WORKER"])("the variable %s", (key) => {
      expect(functionErrors({ environment: { [key]: "1" } })).toEqual([
        `[stack/worker] ReservedVariable: environment variable ${key} is set by Cloud Run itself; choose another name`,
      ]);
    });

    test.each(["", "1ST", "MY-KEY", "A B"])('a variable named "%s"', (key) => {
      expect(functionErrors({ environment: { [key]: "1" } })).toEqual([
        `[stack/worker] InvalidValue: environment variable is named "${key}"; allowed are A-Z, a-z, 0-9 and _, not beginning with a digit`,
      ]);
    });

    test("a variable that is set twice to two values, though not to one", () => {
      expect(functionErrors({ environment: { GOOGLE_CLOUD_PROJECT: "acme-ml" } })).toEqual([]);
      expect(functionErrors({ environment: { GOOGLE_CLOUD_PROJECT: "other" } })).toEqual([
        "[stack/worker] InvalidValue: environment variable GOOGLE_CLOUD_PROJECT is set already, to another value",
      ]);
    });

    test("a decommissioned runtime, and one that never was", () => {
      const source = (runtime: string) => FunctionSource.typescript(join(__dirname, "fixtures/hello"), { runtime });
      expect(functionErrors({ source: source("nodejs20") })).toEqual([
        "[stack/worker] UnsupportedRuntime: runtime nodejs20 was decommissioned on 2026-10-30: Google no longer creates or redeploys functions with it; use nodejs22 or nodejs24",
      ]);
      expect(functionErrors({ source: source("deno2") })).toEqual([
        '[stack/worker] UnsupportedRuntime: runtime is "deno2"; allowed is the id of a Cloud Functions runtime, such as nodejs24 or python313',
      ]);
    });

    test("a source that is not there or does not bundle, beside everything else that is wrong", () => {
      expect(functionErrors({ source: FunctionSource.typescript("no/such"), maxInstances: 0 })).toEqual([
        "[stack/worker] OutOfRange: maxInstances is 0; allowed is a whole number from 1 to 1000",
        expect.stringContaining('[stack/worker] InvalidSource: function source "no/such" does not exist; allowed is'),
      ]);
      expect(
        functionErrors({ source: FunctionSource.typescript("__tests__/lib/fixtures/python-worker/main.py") }),
      ).toEqual([expect.stringContaining("[stack/worker] BundleFailed: function source does not bundle: ")]);
    });

    test("two dead letters", () => {
      const stack = testStack();
      const worker = testFunction(stack);
      for (const id of ["one", "two"]) worker.useDeadLetter(new DeadLetter(stack, id));
      expect(errorsOf(stack)).toEqual([
        "[stack/worker] ConflictingTarget: the function already has the dead letter [stack/one] and cannot have [stack/two] as well",
      ]);
    });

    test("a secret's name and version", () => {
      const stack = testStack();
      new Secret(stack, "good", "a".repeat(255), "1");
      new Secret(stack, "bad", "projects/p/secrets/s", "0");
      new Secret(stack, "long", "a".repeat(256), "newest");
      expect(errorsOf(stack)).toEqual([
        '[stack/bad] InvalidValue: secret name is "projects/p/secrets/s"; allowed is 1 to 255 of A-Z, a-z, 0-9, _ and -',
        '[stack/bad] InvalidValue: secret version is "0"; allowed is a number or latest',
        `[stack/long] InvalidValue: secret name is "${"a".repeat(256)}"; allowed is 1 to 255 of A-Z, a-z, 0-9, _ and -`,
        '[stack/long] InvalidValue: secret version is "newest"; allowed is a number or latest',
      ]);
    });
  });

  test("numbers that only Terraform knows are nobody's mistake", () => {
    const stack = testStack();
    const number = unknownNumber(stack);
    testFunction(stack, "one", { maxInstances: number, minInstances: 5, cpu: number, concurrency: 2 });
    testFunction(stack, "two", { minInstances: number, concurrency: number });
    new TaskQueue(stack, "queue", { maxConcurrentDispatches: 20 }).addTarget(
      testFunction(stack, "three", { maxInstances: number }),
    );
    expect(errorsOf(stack)).toEqual([]);
  });
});

describe("TaskQueue", () => {
  /** A queue with a worker of enough capacity. */
  function dispatching(stack: GoogleStack, props: TaskQueueProps = {}) {
    const queue = new TaskQueue(stack, "queue", props);
    const worker = testFunction(stack);
    queue.dispatchTo(worker);
    return { queue, worker };
  }

  test("is as fast as Cloud Tasks allows, gives tasks 12 attempts and logs everything by default", () => {
    const stack = testStack();
    const queue = new TaskQueue(stack, "queue");
    expect(queue.fullName).toBe("projects/acme-ml/locations/us-central1/queues/stack-queue-dev");
    expect(queue.hasTarget).toBe(false);
    expect(only(stack, QUEUE)).toMatchObject({
      name: "stack-queue-dev",
      rate_limits: { max_dispatches_per_second: 500, max_concurrent_dispatches: 10 },
      retry_config: { max_attempts: 12, min_backoff: "1s", max_backoff: "300s", max_doublings: 16 },
      stackdriver_logging_config: { sampling_ratio: 1 },
    });
  });

  test("everything that can be set arrives", () => {
    const stack = testStack();
    new TaskQueue(stack, "queue", {
      name: "My-Queue",
      maxDispatchesPerSecond: 0.5,
      maxConcurrentDispatches: 3,
      retry: { maxAttempts: 9, minBackoff: Duration.seconds(0.1), maxBackoff: Duration.hours(1), maxDoublings: 2 },
      loggingRatio: 0.1,
      overrides: { timeouts: { create: "5m" } },
    });
    expect(only(stack, QUEUE)).toMatchObject({
      name: "My-Queue",
      rate_limits: { max_dispatches_per_second: 0.5, max_concurrent_dispatches: 3 },
      retry_config: { max_attempts: 9, min_backoff: "0.1s", max_backoff: "3600s", max_doublings: 2 },
      stackdriver_logging_config: { sampling_ratio: 0.1 },
      timeouts: { create: "5m" },
    });
  });

  test("dispatches every task to one function, with URL and token of its own", () => {
    const stack = testStack();
    const { queue } = dispatching(stack);
    expect(queue.hasTarget).toBe(true);
    const uri = /^\$\{google_cloudfunctions2_function\.worker_\w+\.service_config\[0\]\.uri\}$/;
    expect(only(stack, QUEUE).http_target).toEqual({
      http_method: "POST",
      uri_override: {
        scheme: "HTTPS",
        host: expect.stringMatching(/^\$\{replace\(google_.*\.uri, "https:\/\/", ""\)\}$/),
        path_override: { path: "/" },
        uri_override_enforce_mode: "ALWAYS",
      },
      oidc_token: {
        service_account_email: expect.stringMatching(/^\$\{google_service_account\.queue_dispatcher_\w+\.email\}$/),
        audience: expect.stringMatching(uri),
      },
    });
  });

  test("a queue with a target asks of those who enqueue nothing but to enqueue", () => {
    const stack = testStack();
    const { queue } = dispatching(stack);
    const producer = new ServiceIdentity(stack, "producer", { description: "Enqueues" });
    expect(queue.grantEnqueue(producer)).toBe(queue.grantEnqueue(producer));
    expect(grantLines(stack).filter((line) => !line.startsWith("stack-build"))).toEqual([
      "service agent gcp-sa-cloudtasks | roles/iam.serviceAccountUser | service account stack-queue-dispatcher-dev",
      "stack-producer-dev | roles/cloudtasks.enqueuer | queue stack-queue-dev",
      "stack-queue-dispatcher-dev | roles/run.invoker | function stack-worker-dev",
    ]);
  });

  test.each(["before", "after"])(
    "who enqueues for several functions may act as the dispatcher, granted %s them",
    (when) => {
      const stack = testStack();
      const queue = new TaskQueue(stack, "queue");
      const producer = new ServiceIdentity(stack, "producer", { description: "Enqueues" });
      if (when === "before") queue.grantEnqueue(producer);
      for (const id of ["one", "two"]) queue.addTarget(testFunction(stack, id));
      if (when === "after") queue.grantEnqueue(producer);
      expect(only(stack, QUEUE).http_target).toBeUndefined();
      expect(grantLines(stack).filter((line) => !line.startsWith("stack-build"))).toEqual([
        "service agent gcp-sa-cloudtasks | roles/iam.serviceAccountUser | service account stack-queue-dispatcher-dev",
        "stack-producer-dev | roles/cloudtasks.enqueuer | queue stack-queue-dev",
        "stack-producer-dev | roles/iam.serviceAccountUser | service account stack-queue-dispatcher-dev",
        "stack-queue-dispatcher-dev | roles/run.invoker | function stack-one-dev",
        "stack-queue-dispatcher-dev | roles/run.invoker | function stack-two-dev",
      ]);
    },
  );

  test("with a dead letter the queue never gives up, and the function counts the attempts", () => {
    const stack = testStack();
    dispatching(stack, { deadLetter: new DeadLetter(stack, "dead-letter"), retry: { maxAttempts: 7 } });
    expect(only(stack, QUEUE)).toMatchObject({ retry_config: { max_attempts: -1 } });
    expect(only(stack, FUNCTION)).toMatchObject({
      service_config: {
        environment_variables: {
          MAX_ATTEMPTS: "7",
          DEAD_LETTER_TOPIC: "projects/acme-ml/topics/stack-dead-letter-dev",
        },
      },
    });
    expect(grantLines(stack, "| topic ")).toEqual([
      "stack-worker-dev | roles/pubsub.publisher | topic stack-dead-letter-dev",
    ]);
  });

  test("cannot have two targets, nor a target and other functions", () => {
    const stack = testStack();
    const { queue } = dispatching(stack);
    queue.dispatchTo(testFunction(stack, "second"));
    queue.addTarget(testFunction(stack, "third"));
    const serving = new TaskQueue(stack, "serving");
    serving.addTarget(testFunction(stack, "fourth"));
    serving.dispatchTo(testFunction(stack, "fifth"));
    expect(errorsOf(stack)).toEqual([
      "[stack/queue] ConflictingTarget: the queue already has the target [stack/worker] and cannot dispatch all tasks to [stack/second]",
      "[stack/queue] ConflictingTarget: the queue dispatches all tasks to [stack/worker] and cannot have the target [stack/third] as well",
      "[stack/serving] ConflictingTarget: the queue already has the target [stack/fourth] and cannot dispatch all tasks to [stack/fifth]",
    ]);
  });

  test("a fleet that cannot take what the queue dispatches is refused, an exact one is not", () => {
    const small = testStack();
    new TaskQueue(small, "queue", { maxConcurrentDispatches: 21 }).dispatchTo(
      testFunction(small, "worker", { cpu: 1, concurrency: 2, maxInstances: 10 }),
    );
    expect(errorsOf(small)).toEqual([
      "[stack/queue] FleetTooSmall: the queue has 21 tasks in progress at one time, but [stack/worker] takes 20 (maxInstances 10 x concurrency 2); lower maxConcurrentDispatches or enlarge the fleet",
    ]);
    const exact = testStack();
    new TaskQueue(exact, "queue", { maxConcurrentDispatches: 20 }).addTarget(
      testFunction(exact, "worker", { cpu: 1, concurrency: 2, maxInstances: 10 }),
    );
    expect(errorsOf(exact)).toEqual([]);
  });

  test("a function that may take longer than Cloud Tasks waits is refused", () => {
    const stack = testStack();
    new TaskQueue(stack, "half").addTarget(testFunction(stack, "half-hour", { timeout: Duration.seconds(1800) }));
    new TaskQueue(stack, "more").addTarget(testFunction(stack, "longer", { timeout: Duration.seconds(1801) }));
    expect(errorsOf(stack)).toEqual([
      "[stack/more] TimeoutTooLong: the timeout of [stack/longer] is 1801s; Cloud Tasks waits for 1800s at most",
    ]);
  });

  test("the dispatch deadline is the function's timeout within what Cloud Tasks allows, and never shorter", () => {
    const stack = testStack();
    const queue = new TaskQueue(stack, "queue");
    const worker = (seconds: number) => testFunction(stack, `w${seconds}`, { timeout: Duration.seconds(seconds) });
    const [quick, usual] = [worker(5), worker(60)];
    expect(queue.dispatchDeadline(quick).toString()).toBe("15s");
    expect(queue.dispatchDeadline(usual).toString()).toBe("60s");
    expect(queue.dispatchDeadline(usual, Duration.seconds(60)).toString()).toBe("60s");
    expect(errorsOf(stack)).toEqual([]);
    queue.dispatchDeadline(usual, Duration.seconds(59));
    expect(errorsOf(stack)).toEqual([
      "[stack/queue] DeadlineTooShort: dispatchDeadline is 59s, shorter than the timeout of [stack/w60], which is 60s: Cloud Tasks would try again while the worker still works",
    ]);
  });

  const queueOf = (props: (value: number) => TaskQueueProps) => (stack: GoogleStack, value: number) =>
    new TaskQueue(stack, "queue", props(value));
  const edges: Edges[] = [
    {
      what: "maxDispatchesPerSecond",
      create: queueOf((value) => ({ maxDispatchesPerSecond: value })),
      low: 0.001,
      high: 500,
      beyond: [0, -1, 500.5, Number.NaN],
      errors: (value) => [
        `[stack/queue] OutOfRange: maxDispatchesPerSecond is ${value} per second; allowed is from 0.001 to 500 per second`,
      ],
    },
    {
      what: "maxConcurrentDispatches",
      create: queueOf((value) => ({ maxConcurrentDispatches: value })),
      low: 1,
      high: 5000,
      beyond: [0, 5001, 1.5],
      errors: (value) => [
        `[stack/queue] OutOfRange: maxConcurrentDispatches is ${value}; allowed is a whole number from 1 to 5000`,
      ],
    },
    {
      what: "maxAttempts",
      create: queueOf((value) => ({ retry: { maxAttempts: value } })),
      low: 1,
      high: 1000,
      beyond: [0, -1, 1001, 1.5],
      errors: (value) => [
        `[stack/queue] OutOfRange: maxAttempts is ${value}; allowed is a whole number from 1 to 1000`,
      ],
    },
    {
      what: "minBackoff",
      create: queueOf((value) => ({ retry: { minBackoff: Duration.seconds(value), maxBackoff: Duration.hours(1) } })),
      low: 0.001,
      high: 3600,
      beyond: [0],
      errors: (value) => [
        `[stack/queue] OutOfRange: minBackoff is ${value} seconds; allowed is from 0.001 to 3600 seconds`,
      ],
    },
    {
      what: "maxBackoff",
      create: queueOf((value) => ({
        retry: { minBackoff: Duration.seconds(0.001), maxBackoff: Duration.seconds(value) },
      })),
      low: 0.001,
      high: 3600,
      beyond: [3601],
      errors: (value) => [
        `[stack/queue] OutOfRange: maxBackoff is ${value} seconds; allowed is from 0.001 to 3600 seconds`,
      ],
    },
    {
      what: "minBackoff beside maxBackoff",
      create: queueOf((value) => ({
        retry: { minBackoff: Duration.seconds(value), maxBackoff: Duration.seconds(10) },
      })),
      low: 1,
      high: 10,
      beyond: [11],
      errors: (value) => [`[stack/queue] OutOfRange: minBackoff is ${value}s, longer than maxBackoff, which is 10s`],
    },
    {
      what: "maxDoublings",
      create: queueOf((value) => ({ retry: { maxDoublings: value } })),
      low: 0,
      high: 16,
      errors: (value) => [`[stack/queue] OutOfRange: maxDoublings is ${value}; allowed is a whole number from 0 to 16`],
    },
    {
      what: "loggingRatio",
      create: queueOf((value) => ({ loggingRatio: value })),
      low: 0,
      high: 1,
      beyond: [-0.1, 1.1],
      errors: (value) => [`[stack/queue] OutOfRange: loggingRatio is ${value}; allowed is from 0 to 1`],
    },
    {
      what: "dispatchDeadline",
      create: (stack, value) =>
        new TaskQueue(stack, "queue").dispatchDeadline(
          testFunction(stack, "worker", { timeout: Duration.seconds(10) }),
          Duration.seconds(value),
        ),
      low: 15,
      high: 1800,
      errors: (value) => [
        `[stack/queue] OutOfRange: dispatchDeadline is ${value} seconds; allowed is from 15 to 1800 seconds`,
      ],
    },
  ];

  test.each(edges)("$what: both ends are allowed, what lies beyond is reported", expectEdges);
});

describe("Schedule", () => {
  /** What the body of a scheduler job says: the JSON of a task, whose own body is JSON in base64. */
  function decoded(job: Json): string {
    return String((job.http_target as Json).body);
  }

  function invoking(
    stack: GoogleStack,
    props: Partial<ScheduleProps> = {},
    worker: Partial<FunctionServiceProps> = {},
  ) {
    const target = ScheduleTarget.invoke(testFunction(stack, "worker", worker), { mode: "nightly" });
    return new Schedule(stack, "schedule", { cron: "0 3 * * *", target, ...props });
  }

  test("calls a function as an identity of its own, in UTC, with five retries by default", () => {
    const stack = testStack();
    invoking(stack);
    const uri = expect.stringMatching(/^\$\{google_cloudfunctions2_function\.worker_\w+\.service_config\[0\]\.uri\}$/);
    expect(only(stack, JOB)).toMatchObject({
      name: "stack-schedule-dev",
      schedule: "0 3 * * *",
      time_zone: "Etc/UTC",
      paused: false,
      attempt_deadline: "60s",
      retry_config: { retry_count: 5, min_backoff_duration: "30s", max_backoff_duration: "300s", max_doublings: 5 },
      http_target: {
        http_method: "POST",
        uri,
        headers: { "Content-Type": "application/json" },
        body: '${base64encode(jsonencode({"mode" = "nightly"}))}',
        oidc_token: {
          audience: uri,
          service_account_email: expect.stringMatching(/^\$\{google_service_account\.schedule_caller_\w+\.email\}$/),
        },
      },
      lifecycle: { ignore_changes: ['http_target[0].headers["Authorization"]'] },
    });
    expect(grantLines(stack).filter((line) => !line.startsWith("stack-build"))).toEqual([
      "stack-schedule-caller-dev | roles/run.invoker | function stack-worker-dev",
    ]);
  });

  test("everything that can be set arrives", () => {
    const stack = testStack();
    invoking(
      stack,
      {
        name: "My_Schedule",
        cron: "every 5 minutes",
        timeZone: "Europe/Zurich",
        description: "Nightly",
        retries: 0,
        paused: true,
        overrides: { attemptDeadline: "600s" },
      },
      { timeout: Duration.minutes(5) },
    );
    expect(only(stack, JOB)).toMatchObject({
      name: "My_Schedule",
      schedule: "every 5 minutes",
      time_zone: "Europe/Zurich",
      description: "Nightly",
      paused: true,
      attempt_deadline: "600s",
      retry_config: { retry_count: 0 },
    });
  });

  test("creates a task on a queue with a target, through the Cloud Tasks API", () => {
    const stack = testStack();
    const queue = new TaskQueue(stack, "queue");
    const worker = testFunction(stack);
    queue.dispatchTo(worker);
    const target = ScheduleTarget.createTask({
      queue,
      worker,
      body: { run: 1 },
      dispatchDeadline: Duration.minutes(2),
    });
    new Schedule(stack, "schedule", { cron: "0 3 * * *", target });
    const job = only(stack, JOB);
    expect(job).toMatchObject({
      attempt_deadline: "60s",
      http_target: {
        uri: "https://cloudtasks.googleapis.com/v2/projects/acme-ml/locations/us-central1/queues/stack-queue-dev/tasks",
        oauth_token: {
          scope: "https://www.googleapis.com/auth/cloud-platform",
          service_account_email: expect.stringContaining("google_service_account.schedule_caller_"),
        },
      },
    });
    expect(job.http_target).not.toHaveProperty("oidc_token");
    expect(decoded(job)).toBe(
      '${base64encode(jsonencode({"task" = {"httpRequest" = {"httpMethod" = "POST", "headers" = {"Content-Type" = "application/json"}, "body" = base64encode(jsonencode({"run" = 1})), "url" = "https://overridden-by-queue.invalid/"}, "dispatchDeadline" = "120s"}}))}',
    );
    expect(grantLines(stack, "stack-schedule-caller-dev")).toEqual([
      "stack-schedule-caller-dev | roles/cloudtasks.enqueuer | queue stack-queue-dev",
    ]);
  });

  test("a task on a queue of several functions carries URL and token, and its creator may act as the dispatcher", () => {
    const stack = testStack();
    const queue = new TaskQueue(stack, "queue");
    const worker = testFunction(stack);
    queue.addTarget(worker);
    const target = ScheduleTarget.createTask({ queue, worker, body: {}, headers: { "X-Run": "nightly" } });
    new Schedule(stack, "schedule", { cron: "0 3 * * *", target });
    const [uri, email] = [
      '"\\$\\{google_cloudfunctions2_function\\.worker_\\w+\\.service_config\\[0\\]\\.uri\\}"',
      '"\\$\\{google_service_account\\.queue_dispatcher_\\w+\\.email\\}"',
    ];
    const body = decoded(only(stack, JOB));
    expect(body).toMatch(
      new RegExp(`"url" = ${uri}, "oidcToken" = \\{"serviceAccountEmail" = ${email}, "audience" = ${uri}\\}`),
    );
    expect(body).toContain('"headers" = {"Content-Type" = "application/json", "X-Run" = "nightly"}');
    expect(body).toContain('"dispatchDeadline" = "60s"');
    expect(body).not.toContain('"name"');
    expect(grantLines(stack, "stack-schedule-caller-dev")).toEqual([
      "stack-schedule-caller-dev | roles/cloudtasks.enqueuer | queue stack-queue-dev",
      "stack-schedule-caller-dev | roles/iam.serviceAccountUser | service account stack-queue-dispatcher-dev",
    ]);
  });

  test("a short function's call is waited for as long as Cloud Scheduler's minimum", () => {
    const stack = testStack();
    invoking(stack, {}, { timeout: Duration.seconds(5) });
    expect(only(stack, JOB)).toMatchObject({ attempt_deadline: "15s" });
  });

  test.each(["0 3 * *", "0 25 * * *", "", "nightly"])('"%s" is no time', (cron) => {
    const stack = testStack();
    invoking(stack, { cron, timeZone: "Mars/Olympus" });
    expect(errorsOf(stack)).toEqual([
      `[stack/schedule] InvalidSchedule: schedule is "${cron}"; allowed are five fields of unix-cron such as "0 3 * * *" (numbers, JAN to DEC, SUN to SAT, lists, ranges, and steps behind * or a range), or App Engine's notation such as "every 5 minutes" or "every monday 09:00"`,
      '[stack/schedule] InvalidSchedule: time zone is "Mars/Olympus"; allowed is a name of the tz database such as Europe/Zurich',
    ]);
  });

  const edges: Edges[] = [
    {
      what: "retries",
      create: (stack, value) => invoking(stack, { retries: value }),
      low: 0,
      high: 5,
      errors: (value) => [`[stack/schedule] OutOfRange: retries is ${value}; allowed is a whole number from 0 to 5`],
    },
    {
      what: "body of a task",
      create: (stack, bytes) => {
        const queue = new TaskQueue(stack, "queue");
        const body = "x".repeat(bytes - JSON.stringify("").length);
        const target = ScheduleTarget.createTask({ queue, worker: testFunction(stack), body });
        new Schedule(stack, "schedule", { cron: "0 3 * * *", target });
      },
      low: 2,
      high: 102400,
      beyond: [102401],
      errors: (bytes) => [
        `[stack/schedule] OutOfRange: body of the task is ${bytes} bytes; allowed is from 0 to 102400 bytes`,
      ],
    },
    {
      what: "deadline",
      create: (stack, value) => invoking(stack, {}, { timeout: Duration.seconds(value) }),
      low: 15,
      high: 1800,
      beyond: [1801],
      errors: (value) => [
        `[stack/schedule] OutOfRange: deadline of the schedule is ${value} seconds; allowed is from 15 to 1800 seconds`,
      ],
    },
  ];

  test.each(edges)("$what: both ends are allowed, what lies beyond is reported", expectEdges);
});

test("a function of the smallest source is one resource beside what every function needs", () => {
  const stack = testStack();
  testFunction(stack, "worker", { source: helloSource });
  const resources = synthesized(stack).resource as Record<string, Json>;
  expect(Object.entries(resources).map(([type, byId]) => `${type} ${Object.keys(byId).length}`)).toMatchSnapshot();
});
