import type { App } from "cdktf";
import { Duration } from "../../lib/core/duration";
import { Memory } from "../../lib/core/memory";
import { Bucket } from "../../lib/parts/bucket";
import { ContainerJob, type ContainerJobProps } from "../../lib/parts/container-job";
import { ContainerService, type ContainerServiceProps } from "../../lib/parts/container-service";
import { DeadLetter } from "../../lib/parts/dead-letter";
import { EncryptionKey } from "../../lib/parts/encryption-key";
import type { GoogleStack } from "../../lib/parts/google-stack";
import { Secret } from "../../lib/parts/secret";
import { ServiceIdentity } from "../../lib/parts/service-identity";
import { TaskQueue } from "../../lib/parts/task-queue";
import { Topic } from "../../lib/parts/topic";
import { WorkerPool, type WorkerPoolProps } from "../../lib/parts/worker-pool";
import { synthesize } from "../../lib/synthesize";
import { all, byType, errorsOf, expectEdges, type Json, only, synthesized, testFunction, testStack } from "./support";

const IMAGE = "us-docker.pkg.dev/acme-ml/workers/ocr:1";

const service = (stack: GoogleStack, props: Partial<ContainerServiceProps> = {}, id = "ocr") =>
  new ContainerService(stack, id, { image: IMAGE, ...props });
const job = (stack: GoogleStack, props: Partial<ContainerJobProps> = {}, id = "train") =>
  new ContainerJob(stack, id, { image: IMAGE, ...props });
const pool = (stack: GoogleStack, props: Partial<WorkerPoolProps> = {}, id = "embed") =>
  new WorkerPool(stack, id, { image: IMAGE, ...props });

const SERVICE = "google_cloud_run_v2_service";
const JOB = "google_cloud_run_v2_job";
const POOL = "google_cloud_run_v2_worker_pool";

/** The template of the only service of a stack, and its container. */
function templateOf(stack: GoogleStack): { template: Json; container: Json } {
  const template = only(stack, SERVICE).template as Json;
  return { template, container: (template.containers as Json[])[0] as Json };
}

/** The errors that a service of these properties reports. */
function refused(props: Partial<ContainerServiceProps>): string[] {
  const stack = testStack();
  service(stack, props);
  return errorsOf(stack);
}

function bindings(stack: GoogleStack, type: string): string[] {
  return all(stack, type).map(({ role, member }) => `${role} ${member}`);
}

describe("a container service", () => {
  test("is closed, has an identity of its own, and gives CPU while it works", () => {
    const stack = testStack();
    service(stack);
    expect(errorsOf(stack)).toEqual([]);
    expect(synthesized(stack).resource).toMatchSnapshot();
  });

  test("has every option", () => {
    const stack = testStack();
    service(stack, {
      name: "ocr",
      description: "Reads ${text}",
      command: ["python3"],
      args: ["main.py", "--price=${5}"],
      port: 9000,
      memory: Memory.gibibytes(32),
      cpu: 8,
      gpu: { type: "nvidia-l4", zonalRedundancy: true },
      timeout: Duration.minutes(30),
      concurrency: 4,
      minInstances: 1,
      maxInstances: 2,
      startupCpuBoost: false,
      startupProbe: { tcp: true, period: Duration.seconds(5), failureThreshold: 40 },
      livenessProbe: {
        http: "/healthz",
        port: 9001,
        initialDelay: Duration.seconds(30),
        period: Duration.seconds(60),
        timeout: Duration.seconds(2),
      },
      environment: { MODEL: "ocr-${large}" },
      secrets: { API_KEY: new Secret(stack, "key", "ocr-key", "3") },
      ingress: "ALLOW_INTERNAL_AND_GCLB",
      vpc: { subnetwork: "workers", tags: ["gpu"], traffic: "ALL_TRAFFIC" },
      mounts: [{ bucket: Bucket.fromName(stack, "models", "acme-models"), path: "/models" }],
      encryptionKey: new EncryptionKey(stack, "cmek", "projects/p/locations/l/keyRings/r/cryptoKeys/k"),
      deletionProtection: true,
    });
    expect(errorsOf(stack)).toEqual([]);
    expect(only(stack, SERVICE)).toMatchSnapshot();
  });

  test("has a CPU between requests where it is told so", () => {
    const stack = testStack();
    service(stack, { cpuAlways: true });
    expect(templateOf(stack).container.resources).toMatchObject({ cpu_idle: false });
  });

  test("is called by a queue and a subscription, hands over dead letters, and takes variables", () => {
    const stack = testStack();
    const worker = service(stack, { timeout: Duration.minutes(2) });
    const deadLetter = new DeadLetter(stack, "dead");
    new TaskQueue(stack, "queue", { deadLetter }).dispatchTo(worker);
    new Topic(stack, "events").addPushSubscription("push", worker);
    worker.addEnvironment("LATE", "yes");
    expect(errorsOf(stack)).toEqual([]);
    expect(templateOf(stack).container.env).toEqual([
      { name: "DEAD_LETTER_TOPIC", value: "projects/acme-ml/topics/stack-dead-dev" },
      { name: "FUNCTION_TIMEOUT_SECONDS", value: "120" },
      { name: "GOOGLE_CLOUD_PROJECT", value: "acme-ml" },
      { name: "LATE", value: "yes" },
      { name: "MAX_ATTEMPTS", value: "12" },
    ]);
    expect(bindings(stack, "google_cloud_run_v2_service_iam_member")).toEqual([
      expect.stringMatching(/^roles\/run\.invoker .*push/),
      expect.stringMatching(/^roles\/run\.invoker .*dispatcher/),
    ]);
    const other = new DeadLetter(stack, "other");
    worker.useDeadLetter(other);
    expect(errorsOf(stack)).toEqual([
      "[stack/ocr] ConflictingTarget: the service already has the dead letter [stack/dead] and cannot have [stack/other] as well",
    ]);
  });

  test("overrides win, also over variables that come later", () => {
    const stack = testStack();
    const worker = service(stack, {
      overrides: { launchStage: "BETA", template: { containers: [{ image: "docker.io/library/nginx" }] } },
    });
    worker.addEnvironment("LATE", "yes");
    expect(only(stack, SERVICE)).toMatchObject({
      launch_stage: "BETA",
      template: { containers: [{ image: "docker.io/library/nginx" }] },
    });
  });

  test("replaces a function of the same place in one apply: their names differ", () => {
    const stack = testStack();
    const worker = testFunction(stack, "ocr");
    expect([worker.name, service(testStack()).name]).toEqual(["stack-ocr-dev", "stack-ocr-container-dev"]);
    service(stack, { name: worker.name }, "container");
    expect(errorsOf(stack)).toEqual([
      '[stack/container] NameTaken: the name "stack-ocr-dev" for a Cloud Run service is taken by [stack/ocr]; give one of the two another name',
    ]);
  });

  test("alerts on answers of 5xx", () => {
    const stack = testStack({ notificationEmails: ["ops@acme.com"] });
    service(stack);
    expect(only(stack, "google_monitoring_alert_policy")).toMatchObject({
      display_name: "stack-ocr-container-dev answers with errors",
      documentation: { content: expect.stringContaining("The service `stack-ocr-container-dev` answered more than 5") },
    });
  });
});

describe("an image", () => {
  const digest = `sha256:${"0a".repeat(32)}`;
  test.each([
    IMAGE,
    "europe-west4-docker.pkg.dev/acme-ml/workers/team/ocr",
    `docker.pkg.dev/acme-ml/workers/ocr@${digest}`,
    `us-docker.pkg.dev/google.com/acme/workers/ocr:v1.0_rc@${digest}`,
    "gcr.io/acme-ml/ocr:1",
    "eu.gcr.io/acme-ml/ocr",
    "docker.io/library/nginx:1.27",
    "ghcr.io/acme/ocr__x/a--b:1",
  ])("is in a registry of Cloud Run: %s", (image) => expect(refused({ image })).toEqual([]));

  test.each([
    "ocr",
    "nginx:1.27",
    "acme/ocr:1",
    "us-docker.pkg.dev/acme-ml/ocr:1",
    "quay.io/acme/ocr:1",
    "https://us-docker.pkg.dev/acme-ml/workers/ocr:1",
    "us-docker.pkg.dev/acme-ml/workers/OCR:1",
    "us-docker.pkg.dev/acme-ml/workers/ocr:",
    "us-docker.pkg.dev/acme-ml/workers/ocr@sha256:12",
    "",
  ])("is refused without one, or with a bad tag or digest: %s", (image) => {
    expect(refused({ image })).toEqual([
      `[stack/ocr] InvalidImage: image is "${image}"; allowed is <registry>/<path>[:<tag>][@sha256:<digest>], in lower case, such as us-docker.pkg.dev/acme-ml/workers/ocr:1. The registry is Artifact Registry ([<location>-]docker.pkg.dev/<project>/<repository>/<image>), gcr.io, docker.io or ghcr.io; images of others come through a remote repository of Artifact Registry`,
    ]);
  });
});

describe("a size", () => {
  test.each([
    [1, 512, 4096],
    [2, 512, 8192],
    [4, 2048, 16384],
    [6, 4096, 24576],
    [8, 4096, 32768],
  ])("of %i vCPU has from %i to %i MiB", (cpu, low, high) => {
    expectEdges({
      what: "memory",
      create: (stack, mebibytes) => service(stack, { cpu, memory: Memory.mebibytes(mebibytes) }),
      low,
      high,
      errors: (mebibytes) => [
        `[stack/ocr] CpuMemoryMismatch: memory is ${mebibytes}Mi with ${cpu} vCPU; allowed is ${low}Mi to ${high}Mi`,
      ],
    });
  });

  test.each([0, 0.5, 3, 16])("of %d vCPU does not exist", (cpu) => {
    expect(refused({ cpu })).toEqual([`[stack/ocr] OutOfRange: cpu is ${cpu}; allowed is one of 1, 2, 4, 6, 8`]);
  });

  const numbers: readonly (readonly [keyof ContainerServiceProps, number, number])[] = [
    ["concurrency", 1, 1000],
    ["maxInstances", 1, 1000],
    ["port", 1, 65535],
  ];
  test.each(numbers)("%s is %i to %i", (what, low, high) => {
    expectEdges({
      what,
      create: (stack, value) => service(stack, { [what]: value }),
      low,
      high,
      errors: (value) => [
        `[stack/ocr] OutOfRange: ${what} is ${value}; allowed is a whole number from ${low} to ${high}`,
      ],
    });
  });

  test("minInstances are at most maxInstances", () => {
    expect(refused({ minInstances: 11 })).toEqual([
      "[stack/ocr] OutOfRange: minInstances is 11, more than maxInstances, which is 10",
    ]);
  });

  test("a request takes 1 second to 60 minutes", () => {
    expectEdges({
      what: "timeout",
      create: (stack, seconds) => service(stack, { timeout: Duration.seconds(seconds) }),
      low: 1,
      high: 3600,
      errors: (seconds) => [
        `[stack/ocr] OutOfRange: timeout is ${seconds} seconds; allowed is a whole number from 1 to 3600 seconds`,
      ],
    });
  });
});

describe("a GPU", () => {
  const l4 = { gpu: "nvidia-l4" } as const;

  test.each([
    [undefined, undefined],
    [4, 16],
    [6, 16],
    [6, 24],
    [8, 32],
  ])("takes %s vCPU with %s GiB", (cpu, gibibytes) => {
    const memory = gibibytes === undefined ? undefined : Memory.gibibytes(gibibytes);
    expect(refused({ ...l4, cpu, memory })).toEqual([]);
  });

  test.each([
    [1, 1],
    [2, 8],
    [4, 15],
    [4, 17],
    [6, 25],
    [8, 15],
    [8, 33],
  ])("does not take %i vCPU with %i GiB", (cpu, gibibytes) => {
    expect(refused({ ...l4, cpu, memory: Memory.gibibytes(gibibytes) })).toEqual([
      `[stack/ocr] GpuMismatch: gpu is nvidia-l4 with ${cpu} vCPU and ${gibibytes * 1024}Mi of memory; allowed is 4 vCPU with 16 GiB, or 6 vCPU with 16 to 24 GiB, or 8 vCPU with 16 to 32 GiB`,
    ]);
  });

  test("needs CPU between requests, and is one that Cloud Run has", () => {
    expect(refused({ ...l4, cpuAlways: false })).toEqual([
      "[stack/ocr] GpuMismatch: cpuAlways is false with a GPU, which Cloud Run bills by instance only; leave it out",
    ]);
    expect(refused({ gpu: "nvidia-t4" as "nvidia-l4" })).toEqual([
      '[stack/ocr] InvalidValue: gpu is "nvidia-t4"; allowed is one of nvidia-l4',
    ]);
  });

  test("is in the regions of the list, or wherever the user knows it to be", () => {
    const inParis = (gpu: ContainerServiceProps["gpu"]) => {
      const stack = testStack({ region: "europe-west9" });
      service(stack, { gpu });
      job(stack, { gpu });
      pool(stack, { gpu });
      return errorsOf(stack);
    };
    expect(inParis({ type: "nvidia-l4", anyRegion: true })).toEqual([]);
    expect(inParis("nvidia-l4")).toEqual(
      ["ocr", "train", "embed"].map(
        (id) =>
          `[stack/${id}] UnsupportedRegion: gpu is nvidia-l4 in the region europe-west9; Cloud Run has it in asia-south1, asia-southeast1, europe-west1, europe-west4, us-central1, us-east4 (list of 2026-11). Deploy to one of these; if Google has added the region since, write gpu: { type: "nvidia-l4", anyRegion: true }`,
      ),
    );
  });

  test("is on the machine's only container, in one zone", () => {
    const stack = testStack();
    service(stack, l4);
    job(stack, l4);
    pool(stack, l4);
    const limits = { cpu: "4", memory: "16Gi", "nvidia.com/gpu": "1" };
    const template = {
      node_selector: { accelerator: "nvidia-l4" },
      gpu_zonal_redundancy_disabled: true,
      containers: [{ resources: { limits } }],
    };
    expect(only(stack, SERVICE)).toMatchObject({ template: { ...template, scaling: { max_instance_count: 3 } } });
    expect(templateOf(stack).container.resources).toEqual({ limits, cpu_idle: false, startup_cpu_boost: true });
    expect(only(stack, JOB)).toMatchObject({ template: { template } });
    expect(only(stack, POOL)).toMatchObject({ template });
  });
});

describe("a probe", () => {
  const seconds = Duration.seconds;

  test.each([
    ["startupProbe", 240],
    ["livenessProbe", 3600],
  ] as const)("%s has times of up to %i seconds", (name, max) => {
    const probe = { http: "/", initialDelay: seconds(max), period: seconds(max), timeout: seconds(max) };
    expect(refused({ [name]: probe })).toEqual([]);
    const longer = seconds(max + 1);
    expect(refused({ [name]: { http: "/", initialDelay: longer, period: longer, timeout: seconds(max + 2) } })).toEqual(
      [
        `[stack/ocr] OutOfRange: ${name}.initialDelay is ${max + 1} seconds; allowed is a whole number from 0 to ${max} seconds`,
        `[stack/ocr] OutOfRange: ${name}.period is ${max + 1} seconds; allowed is a whole number from 1 to ${max} seconds`,
        `[stack/ocr] OutOfRange: ${name}.timeout is ${max + 2} seconds; allowed is a whole number from 1 to ${max + 1} seconds`,
      ],
    );
  });

  test("has a timeout up to its period, a port, a threshold and a path", () => {
    expect(refused({ startupProbe: { http: "ready", port: 0, timeout: seconds(11), failureThreshold: 0 } })).toEqual([
      "[stack/ocr] OutOfRange: startupProbe.port is 0; allowed is a whole number from 1 to 65535",
      "[stack/ocr] OutOfRange: startupProbe.timeout is 11 seconds; allowed is a whole number from 1 to 10 seconds",
      "[stack/ocr] OutOfRange: startupProbe.failureThreshold is 0; allowed is a whole number from 1 to 2147483647",
      '[stack/ocr] InvalidValue: startupProbe.http is "ready"; allowed is a path that begins with /',
    ]);
  });

  test("asks by gRPC after a service or the whole server", () => {
    const stack = testStack();
    service(stack, { startupProbe: { grpc: "ocr.Reader" }, livenessProbe: { grpc: "" } });
    expect(templateOf(stack).container).toMatchObject({
      startup_probe: { grpc: { service: "ocr.Reader", port: 8080 } },
      liveness_probe: { grpc: { port: 8080 } },
    });
  });
});

describe("variables", () => {
  test("have names of their own, in the environment and in secrets", () => {
    const stack = testStack();
    const secret = new Secret(stack, "key", "ocr-key");
    service(stack, {
      environment: { PORT: "1", CLOUD_RUN_JOB: "x", FUNCTION_TARGET: "main", KEY: "a" },
      secrets: { KEY: secret, K_SERVICE: secret, "A-B": secret },
    });
    expect(errorsOf(stack)).toEqual([
      "[stack/ocr] InvalidValue: KEY is both in environment and in secrets; give one of them another name",
      "[stack/ocr] ReservedVariable: environment variable K_SERVICE is set by Cloud Run itself; choose another name",
      '[stack/ocr] InvalidValue: environment variable is named "A-B"; allowed are A-Z, a-z, 0-9 and _, not beginning with a digit',
      "[stack/ocr] ReservedVariable: environment variable PORT is set by Cloud Run itself; choose another name",
      "[stack/ocr] ReservedVariable: environment variable CLOUD_RUN_JOB is set by Cloud Run itself; choose another name",
    ]);
  });
});

describe("a network", () => {
  const connector = "projects/acme-ml/locations/us-central1/connectors/c";

  test("is reached through a connector or directly", () => {
    const stack = testStack();
    service(stack, { vpc: { connector } });
    job(stack, { vpc: { network: "projects/net/global/networks/shared", traffic: "ALL_TRAFFIC" } });
    pool(stack, { vpc: { network: "default", subnetwork: "projects/net/regions/us-central1/subnetworks/s" } });
    expect(errorsOf(stack)).toEqual([]);
    expect(templateOf(stack).template.vpc_access).toEqual({ connector, egress: "PRIVATE_RANGES_ONLY" });
    expect(only(stack, JOB)).toMatchObject({
      template: {
        template: {
          vpc_access: {
            network_interfaces: [{ network: "projects/net/global/networks/shared" }],
            egress: "ALL_TRAFFIC",
          },
        },
      },
    });
    expect(only(stack, POOL)).toMatchObject({
      template: {
        vpc_access: {
          network_interfaces: [{ network: "default", subnetwork: "projects/net/regions/us-central1/subnetworks/s" }],
          egress: "PRIVATE_RANGES_ONLY",
        },
      },
    });
  });

  test("is one of the two, with good names", () => {
    const either = "vpc needs either a connector, or a network or subnetwork; it has both or neither";
    expect(refused({ vpc: {} })).toEqual([`[stack/ocr] InvalidValue: ${either}`]);
    expect(refused({ vpc: { connector: "c", network: "A", subnetwork: "s_", tags: ["Gpu", "ok"] } })).toEqual([
      `[stack/ocr] InvalidValue: ${either}`,
      '[stack/ocr] InvalidValue: vpc.connector is "c"; allowed is projects/<project>/locations/<region>/connectors/<connector>',
      '[stack/ocr] InvalidValue: vpc.network is "A"; allowed is projects/<project>/global/networks/<network>, or a name: 1 to 63 of a-z, 0-9 and -, beginning with a letter, not ending with -',
      '[stack/ocr] InvalidValue: vpc.subnetwork is "s_"; allowed is projects/<project>/regions/<region>/subnetworks/<subnetwork>, or a name: 1 to 63 of a-z, 0-9 and -, beginning with a letter, not ending with -',
      '[stack/ocr] InvalidValue: vpc.tags is "Gpu"; allowed is 1 to 63 of a-z, 0-9 and -, beginning with a letter, not ending with -',
    ]);
  });
});

describe("a mounted bucket", () => {
  test("is read, or written where asked, and its grant comes before the container", () => {
    const stack = testStack();
    const [models, scratch] = [new Bucket(stack, "models"), new Bucket(stack, "scratch")];
    const worker = service(stack, { mounts: [{ bucket: models, path: "/models" }] });
    worker.mount(scratch, "/work/scratch", { readOnly: false });
    const trainer = job(stack);
    trainer.mount(models, "/models");
    const puller = pool(stack);
    puller.mount(models, "/models");
    expect(errorsOf(stack)).toEqual([]);
    const { template, container } = templateOf(stack);
    expect(template.volumes).toEqual([
      { name: "bucket-1", gcs: { bucket: models.name, read_only: true } },
      { name: "bucket-2", gcs: { bucket: scratch.name, read_only: false } },
    ]);
    expect(container.volume_mounts).toEqual([
      { name: "bucket-1", mount_path: "/models" },
      { name: "bucket-2", mount_path: "/work/scratch" },
    ]);
    const grants = byType(synthesized(stack), "google_storage_bucket_iam_member");
    expect(Object.values(grants).map(({ role }) => role)).toEqual([
      "roles/storage.objectViewer",
      "roles/storage.objectViewer",
      "roles/storage.objectViewer",
      "roles/storage.objectUser",
    ]);
    const needed = [SERVICE, JOB, POOL].flatMap((type) => only(stack, type).depends_on as string[]);
    expect(Object.keys(grants).filter((id) => !needed.includes(`google_storage_bucket_iam_member.${id}`))).toEqual([]);
  });

  test("has a path of its own, outside the system's folders", () => {
    const stack = testStack();
    const bucket = new Bucket(stack, "models");
    const worker = service(stack);
    for (const path of ["models", "/", "/a b", "/models/", "/proc", "/dev/x", "/a/../sys", "/ok", "/ok"]) {
      worker.mount(bucket, path);
    }
    const form = (path: string) =>
      `[stack/ocr] InvalidValue: a bucket is mounted at "${path}"; allowed is an absolute path such as /models, of A-Z, a-z, 0-9, ., _, - and /, without / at its end`;
    const place = (path: string) =>
      `[stack/ocr] InvalidValue: a bucket is mounted at "${path}"; Cloud Run mounts nothing at or below /dev, /proc and /sys, nor at . and ..`;
    expect(errorsOf(stack)).toEqual([
      form("models"),
      form("/"),
      form("/a b"),
      form("/models/"),
      place("/proc"),
      place("/dev/x"),
      place("/a/../sys"),
      '[stack/ocr] DuplicateId: two buckets are mounted at "/ok"; mount one of them elsewhere',
    ]);
  });

  test.each([
    ["us-central1", "us-central1", 0],
    ["US-CENTRAL1", "us-central1", 0],
    ["US", "us-east4", 0],
    ["EU", "europe-west4", 0],
    ["EUR4", "europe-west1", 0],
    ["ASIA", "asia-southeast1", 0],
    ["us-east1", "us-central1", 1],
    ["EU", "us-central1", 1],
    ["europe-west4", "europe-west1", 1],
  ])("in %s is near a container in %s, or warns: %i", (location, region, warnings) => {
    const stack = testStack({ region });
    const worker = service(stack);
    worker.mount(new Bucket(stack, "models", { location }), "/models");
    worker.mount(Bucket.fromName(stack, "other", "acme-models"), "/other");
    expect(errorsOf(stack)).toEqual([]);
    expect(worker.node.metadata.map(({ type, data }) => [type, data])).toEqual(
      Array(warnings).fill([
        "@cdktf/warn",
        `[stack/models] is mounted from ${location} into ${region}: each read crosses regions, which costs time and traffic`,
      ]),
    );
  });
});

test("a warning is printed by synthesis, which goes on", () => {
  const stack = testStack();
  service(stack).mount(new Bucket(stack, "models", { location: "EU" }), "/models");
  const print = jest.spyOn(console, "error").mockImplementation();
  synthesize(stack.node.root as App);
  expect(print.mock.calls).toEqual([
    [
      "warning: [stack/ocr] [stack/models] is mounted from EU into us-central1: each read crosses regions, which costs time and traffic",
    ],
  ]);
  print.mockRestore();
});

describe("a container job", () => {
  test("is one task that is protected, with an identity of its own", () => {
    const stack = testStack();
    const { fullName } = job(stack);
    expect(errorsOf(stack)).toEqual([]);
    expect(fullName).toBe("projects/acme-ml/locations/us-central1/jobs/stack-train-dev");
    expect(only(stack, JOB)).toMatchSnapshot();
  });

  test("has as many tasks as Cloud Run takes, for as long", () => {
    const stack = testStack();
    const day = Duration.days(7);
    job(stack, { taskCount: 10000, parallelism: 10000, timeout: day, retries: 0, deletionProtection: false });
    job(stack, { gpu: "nvidia-l4", timeout: Duration.hours(12), retries: 10 }, "tune");
    expect(errorsOf(stack)).toEqual([]);
    expect(only(stack, JOB, "stack-train-dev")).toMatchObject({
      deletion_protection: false,
      template: { task_count: 10000, parallelism: 10000, template: { timeout: "604800s", max_retries: 0 } },
    });
  });

  test("reports all that Cloud Run would refuse", () => {
    const stack = testStack();
    job(stack, { image: "train", taskCount: 0, parallelism: 2, timeout: Duration.days(8), retries: 11 });
    job(stack, { taskCount: 4, parallelism: 5 }, "wide");
    job(stack, { gpu: "nvidia-l4", timeout: Duration.hours(13) }, "tune");
    expect(errorsOf(stack)).toEqual([
      "[stack/train] OutOfRange: taskCount is 0; allowed is a whole number from 1 to 10000",
      "[stack/train] OutOfRange: parallelism is 2; allowed is a whole number from 1 to 1",
      "[stack/train] OutOfRange: timeout is 691200 seconds; allowed is a whole number from 1 to 604800 seconds",
      "[stack/train] OutOfRange: retries is 11; allowed is a whole number from 0 to 10",
      expect.stringContaining('[stack/train] InvalidImage: image is "train"'),
      "[stack/wide] OutOfRange: parallelism is 5; allowed is a whole number from 1 to 4",
      "[stack/tune] TimeoutTooLong: the timeout is 46800s; Cloud Run ends tasks with a GPU after 43200s (12 hours)",
    ]);
  });

  test("is run by whoever may, with a role of these permissions alone, on the job", () => {
    const stack = testStack();
    const caller = new ServiceIdentity(stack, "caller", { description: "Runs jobs" });
    const trainer = job(stack);
    expect(trainer.grantRun(caller)).toBe(trainer.grantRun(caller));
    ContainerJob.fromName(stack, "imported", "tune-dev").grantRun(caller);
    expect(only(stack, "google_project_iam_custom_role").permissions).toEqual([
      "run.executions.cancel",
      "run.executions.get",
      "run.executions.list",
      "run.jobs.run",
      "run.jobs.runWithOverrides",
    ]);
    const role = expect.stringMatching(/google_project_iam_custom_role\.job-runner_\w+\.name/);
    expect(all(stack, "google_cloud_run_v2_job_iam_member")).toEqual([
      expect.objectContaining({ name: "tune-dev", role }),
      expect.objectContaining({ name: expect.stringContaining("google_cloud_run_v2_job.train"), role }),
    ]);
  });

  test("alerts where an execution fails", () => {
    const stack = testStack({ notificationEmails: ["ops@acme.com"] });
    job(stack);
    expect(only(stack, "google_monitoring_alert_policy")).toMatchObject({
      display_name: "Executions of stack-train-dev fail",
      conditions: [
        {
          condition_threshold: {
            filter:
              'metric.type="run.googleapis.com/job/completed_execution_count" AND resource.type="cloud_run_job" AND resource.labels.job_name="stack-train-dev" AND metric.labels.result="failed"',
            threshold_value: 0,
          },
        },
      ],
    });
  });
});

describe("a worker pool", () => {
  test("has a fixed number of instances", () => {
    const stack = testStack();
    pool(stack, { instances: 3, description: "Embeds" }).addEnvironment("BATCH", "32");
    expect(errorsOf(stack)).toEqual([]);
    expect(only(stack, POOL)).toMatchSnapshot();
  });

  test("has 0 to 1000 of them", () => {
    expectEdges({
      what: "instances",
      create: (stack, instances) => pool(stack, { instances }),
      low: 0,
      high: 1000,
      errors: (value) => [`[stack/embed] OutOfRange: instances is ${value}; allowed is a whole number from 0 to 1000`],
    });
  });

  test("reaches a network without a connector", () => {
    const stack = testStack();
    const connector = "projects/acme-ml/locations/us-central1/connectors/c";
    pool(stack, { vpc: { connector } as object });
    expect(errorsOf(stack)).toEqual([
      "[stack/embed] InvalidValue: vpc has a connector, which worker pools do not take; give a network or subnetwork instead",
    ]);
  });
});
