import { cloudStorage } from "../../src/storage";
import { vertexAi } from "../../src/vertex";
import { readFilter } from "../../src/vertex/jobs/filter";
import { FakeContext, rest } from "../support/fake-context";
import { FakePrograms } from "../support/fake-programs";
import { strayFields } from "../support/google-apis";

const LOCATION = "projects/p/locations/us-central1";
const MODEL = `${LOCATION}/models/flowers`;
const IMAGE = "us-docker.pkg.dev/p/images/train:1";
const AGENT = "service-123@gcp-sa-aiplatform.iam.gserviceaccount.com";
const SETOSA = [5.1, 3.5, 1.4, 0.2];

const POOL = {
  machineSpec: { machineType: "n1-standard-4", acceleratorType: "NVIDIA_L4", acceleratorCount: 1 },
  replicaCount: "1",
  containerSpec: { imageUri: IMAGE, args: ["--epochs", "3"], env: [{ name: "MODE", value: "full" }] },
};
const CUSTOM = {
  displayName: "train",
  jobSpec: {
    workerPoolSpecs: [POOL],
    serviceAccount: "trainer@p",
    scheduling: { timeout: "3600s" },
    baseOutputDirectory: { outputUriPrefix: "gs://runs/r1/train/" },
  },
  labels: { "pipeline-step": "0a1b" },
};
const BATCH = {
  displayName: "predict",
  model: `${MODEL}@1`,
  inputConfig: { instancesFormat: "jsonl", gcsSource: { uris: ["gs://runs/in/*.jsonl"] } },
  outputConfig: { predictionsFormat: "jsonl", gcsDestination: { outputUriPrefix: "gs://runs/out/" } },
  dedicatedResources: { machineSpec: { machineType: "n1-standard-2" }, startingReplicaCount: 1, maxReplicaCount: 2 },
  labels: { a: "b" },
};
type Collection = "customJobs" | "batchPredictionJobs";

function world({ programs = new FakePrograms(), inputs = {} as Record<string, string> } = {}) {
  const around = new FakeContext();
  const bucket = { address: "b", type: "google_storage_bucket", attributes: { name: "runs" } };
  const stack = { address: "f", type: "google_cloudfunctions2_function", attributes: { env: `{"model":"${MODEL}"}` } };
  const storage = cloudStorage.create(around, [bucket]);
  for (const [name, content] of Object.entries(inputs)) storage.put({ email: "me@p" }, "runs", name, content);
  const skipped: string[] = [];
  const options = { programs, onSkipped: (why: string) => skipped.push(why) };
  const vertex = vertexAi.create(around, [stack], options, { cloudStorage: storage });
  // biome-ignore lint/suspicious/noExplicitAny: a job, or a page of them.
  const ask = async (method: string, path: string, body?: object): Promise<any> =>
    (await rest(vertex, method, `https://us-central1-aiplatform.googleapis.com/v1/${path}`, { body })).body;
  const create = (collection: Collection, body: object) => ask("POST", `${LOCATION}/${collection}`, body);
  const ended = async (collection: Collection, body: object) => {
    const { name } = await create(collection, body);
    await around.clock.advance(3_000);
    return ask("GET", name);
  };
  const lines = (name: string) =>
    storage
      .get({ email: "me@p" }, "runs", name)
      .content.toString()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  return { around, programs, skipped, storage, vertex, ask, create, ended, lines };
}

describe("a custom job", () => {
  test("goes through its states, and runs its container as its service account", async () => {
    const { around, programs, ask, create, vertex } = world();
    const created = await create("customJobs", CUSTOM);
    expect(created).toMatchObject({
      // With the project's number.
      name: expect.stringMatching(/^projects\/123\/locations\/us-central1\/customJobs\/\d{19}$/),
      ...CUSTOM,
      state: "JOB_STATE_QUEUED",
      createTime: "2026-01-01T00:00:00Z",
    });
    await around.clock.advance(1_000);
    expect(await ask("GET", created.name)).toMatchObject({ state: "JOB_STATE_PENDING" });
    await around.clock.advance(1_000);
    expect(await ask("GET", created.name)).toMatchObject({
      state: "JOB_STATE_RUNNING",
      startTime: "2026-01-01T00:00:02Z",
    });
    expect(programs.last().program).toMatchObject({
      target: { image: IMAGE },
      args: ["--epochs", "3"],
      account: "trainer@p",
      environment: {
        MODE: "full",
        AIP_MODEL_DIR: "gs://runs/r1/train/model/",
        AIP_CHECKPOINT_DIR: "gs://runs/r1/train/checkpoints/",
        AIP_TENSORBOARD_LOG_DIR: "gs://runs/r1/train/logs/",
      },
    });
    await around.clock.advance(60_000);
    expect(await ask("GET", created.name)).toMatchObject({ state: "JOB_STATE_RUNNING" });
    // Its program says nothing before it ends, and the run waits for it.
    expect([vertex.pending(), vertex.isWorking()]).toEqual([1, true]);
    programs.last().exit(0);
    await around.clock.advance(1_000);
    expect(vertex.isWorking()).toBe(false);
    const job = await ask("GET", created.name.replace("projects/123", "projects/p"));
    expect(job).toMatchObject({ state: "JOB_STATE_SUCCEEDED", endTime: "2026-01-01T00:01:03Z" });
    expect(job.error).toBeUndefined();
    expect(vertex.pending()).toBe(0);
    expect(strayFields("google.cloud.aiplatform.v1.CustomJob", CUSTOM)).toEqual([]);
    expect(strayFields("google.cloud.aiplatform.v1.CustomJob", job)).toEqual([]);
    const list = await ask("GET", `${LOCATION}/customJobs`);
    expect(strayFields("google.cloud.aiplatform.v1.ListCustomJobsResponse", list)).toEqual([]);
  });

  test("fails with the exit code of its container", async () => {
    const { around, programs, ask, create } = world();
    const { name } = await create("customJobs", CUSTOM);
    await around.clock.advance(2_000);
    for (let line = 1; line <= 6; line++) programs.last().program.log.write(`line ${line}`);
    programs.last().exit(17);
    await around.clock.advance(1_000);
    expect(await ask("GET", name)).toMatchObject({
      state: "JOB_STATE_FAILED",
      error: {
        code: 3,
        message:
          "The replica workerpool0-0 exited with a non-zero status of 17. Termination reason: Error. \nline 2\nline 3\nline 4\nline 5\nline 6",
      },
    });
  });

  test("is cancelled at its timeout", async () => {
    const { around, programs, ask, create } = world();
    const { name } = await create("customJobs", CUSTOM);
    await around.clock.advance(3_602_000);
    expect(programs.last().signals).toEqual(["SIGTERM"]);
    await around.clock.advance(1_000);
    expect(await ask("GET", name)).toMatchObject({
      state: "JOB_STATE_CANCELLED",
      error: { code: 1, message: "The job ran longer than its timeout." },
    });
  });

  test("without a service account runs as Vertex AI's agent for custom code", async () => {
    const { around, programs, create } = world();
    await create("customJobs", { ...CUSTOM, jobSpec: { workerPoolSpecs: [POOL] } });
    await around.clock.advance(2_000);
    expect(programs.last().program.account).toBe("service-123@gcp-sa-aiplatform-cc.iam.gserviceaccount.com");
    expect(around.asked.some((question) => question.includes("actAs"))).toBe(false);
  });

  test("without a command ends well, and the line of its end says that nothing ran", async () => {
    const { around, ended, skipped, storage } = world({ programs: new FakePrograms(false) });
    const pools = [POOL, { ...POOL, replicaCount: "4" }];
    const jobSpec = { ...CUSTOM.jobSpec, workerPoolSpecs: pools };
    expect(await ended("customJobs", { ...CUSTOM, jobSpec })).toMatchObject({ state: "JOB_STATE_SUCCEEDED" });
    expect(around.hops.at(-1)?.detail).toBe(
      `Nothing ran, and nothing was written: ${IMAGE} is a container, and nothing stands for its image here. Give --run ${IMAGE}=<command>, or --docker`,
    );
    expect(storage.written).toEqual([]);
    expect(skipped).toEqual([expect.stringMatching(/Give --run us-docker.*=<command>, or --docker$/)]);
  });

  test("its account is one that the caller may act as", async () => {
    const { around, create, vertex } = world();
    around.denied.add("caller@p iam.serviceAccounts.actAs projects/p/serviceAccounts/trainer@p");
    await expect(create("customJobs", CUSTOM)).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      message: "caller@p lacks iam.serviceAccounts.actAs on projects/p/serviceAccounts/trainer@p",
    });
    expect(vertex.pending()).toBe(0);
  });

  const pool = (more: object) => ({ jobSpec: { workerPoolSpecs: [{ ...POOL, ...more }] } });
  const container = (more: object) => pool({ containerSpec: { ...POOL.containerSpec, ...more } });
  test.each([
    [{ displayName: "" }, "INVALID_ARGUMENT", /'displayName': given ""; allowed: a text/],
    [{ displayName: "x".repeat(129) }, "INVALID_ARGUMENT", /allowed: up to 128 characters/],
    [{ job: {} }, "INVALID_ARGUMENT", /Unknown name "job"/],
    [
      { labels: { Step: "a" } },
      "INVALID_ARGUMENT",
      /'labels': given "Step"; allowed: up to 64 characters, of lower-case/,
    ],
    [{ labels: { step: "x".repeat(65) } }, "INVALID_ARGUMENT", /'labels': given "x+"/],
    [{ labels: { step: "runs/r1" } }, "INVALID_ARGUMENT", /'labels': given "runs\/r1"/],
    [{ jobSpec: {} }, "INVALID_ARGUMENT", /workerPoolSpecs': given undefined; allowed: at least one pool/],
    [pool({ machineSpec: {} }), "INVALID_ARGUMENT", /workerPoolSpecs\[0\].machineSpec.machineType'/],
    [
      pool({ machineSpec: { machineType: "x", acceleratorType: "NVIDIA_L4" } }),
      "INVALID_ARGUMENT",
      /acceleratorCount'/,
    ],
    [
      pool({ machineSpec: { ...POOL.machineSpec, gpu: 1 } }),
      "INVALID_ARGUMENT",
      /Unknown name "gpu" at '.*machineSpec'/,
    ],
    [pool({ replicaCount: "0" }), "INVALID_ARGUMENT", /replicaCount': given "0"; allowed: 1 or more/],
    [pool({ replicaCount: "2" }), "UNIMPLEMENTED", /^2 replicas of a job that runs here are not simulated; 1 is$/],
    [pool({ pythonPackageSpec: { pythonModule: "x" } }), "UNIMPLEMENTED", /pythonPackageSpec is not simulated/],
    [container({ imageUri: "" }), "INVALID_ARGUMENT", /containerSpec.imageUri'/],
    [container({ args: [3] }), "INVALID_ARGUMENT", /containerSpec.args': given 3; allowed: a text/],
    [
      container({ env: Array.from({ length: 101 }, (_, at) => ({ name: `v${at}`, value: "" })) }),
      "INVALID_ARGUMENT",
      /env': given "101 variables"; allowed: up to 100/,
    ],
  ])("%j is refused", async (change, code, message) => {
    const { create, vertex } = world();
    await expect(create("customJobs", { ...CUSTOM, ...change })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect(vertex.pending()).toBe(0);
  });
});

describe("cancelling", () => {
  test("is asked of a container by SIGTERM, and is over when it has ended", async () => {
    const { around, programs, ask, create } = world();
    const { name } = await create("customJobs", CUSTOM);
    await around.clock.advance(2_000);
    expect(await ask("POST", `${name}:cancel`, {})).toEqual({});
    expect(programs.last().signals).toEqual(["SIGTERM"]);
    expect(await ask("GET", name)).toMatchObject({ state: "JOB_STATE_CANCELLING" });
    await around.clock.advance(1_000);
    expect(await ask("GET", name)).toMatchObject({
      state: "JOB_STATE_CANCELLED",
      error: { code: 1, message: "The job was cancelled." },
    });
    await expect(ask("POST", `${name}:cancel`, {})).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      message: `${name} is in state JOB_STATE_CANCELLED; only an active job can be cancelled.`,
    });
  });

  test("of a job that has not started keeps it from starting", async () => {
    const { around, programs, ask, create } = world();
    const { name } = await create("customJobs", CUSTOM);
    await ask("POST", `${name}:cancel`, {});
    await around.clock.advance(5_000);
    expect(await ask("GET", name)).toMatchObject({ state: "JOB_STATE_CANCELLED" });
    expect(programs.processes).toEqual([]);
  });
});

describe("lists", () => {
  test("have jobs of one location by label, state and name, newest first, in pages", async () => {
    const { around, ask, create } = world({ programs: new FakePrograms(false) });
    const names: string[] = [];
    for (const step of ["a", "b", "a"]) {
      names.push((await create("customJobs", { ...CUSTOM, displayName: `job-${step}`, labels: { step } })).name);
      await around.clock.advance(1_000);
    }
    await ask("POST", "projects/p/locations/europe-west4/customJobs", { ...CUSTOM, labels: { step: "a" } });
    const listed = async (filter: string, more = "") => {
      const path = `${LOCATION}/customJobs?filter=${encodeURIComponent(filter)}${more}`;
      const { customJobs = [], nextPageToken } = await ask("GET", path);
      return { names: customJobs.map(({ name }: { name: string }) => name), nextPageToken };
    };
    expect((await listed("")).names).toEqual([...names].reverse());
    expect((await listed("labels.step=a")).names).toEqual([names[2], names[0]]);
    expect((await listed('labels.step=a AND NOT state="JOB_STATE_SUCCEEDED"')).names).toEqual([names[2]]);
    expect((await listed("labels.none:*")).names).toEqual([]);
    const first = await listed("", "&pageSize=2");
    expect(first.names).toEqual([names[2], names[1]]);
    expect(await listed("", `&pageSize=2&pageToken=${first.nextPageToken}`)).toEqual({ names: [names[0]] });
    await expect(listed("step=a")).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(/^Invalid filter "step=a"; allowed: display_name/),
    });
    await expect(listed("labels.a=b OR labels.c=d")).rejects.toMatchObject({
      code: "UNIMPLEMENTED",
      message: "OR and parentheses in a filter are not simulated: labels.a=b OR labels.c=d",
    });
  });

  const job = {
    displayName: 'my "AND" job',
    state: "JOB_STATE_RUNNING",
    created: Date.UTC(2026, 0, 1),
    labels: { step: "a" },
  };
  // Forms of job_service.proto, `ListCustomJobsRequest.filter`.
  test.each([
    ['state="JOB_STATE_RUNNING" AND display_name:"my*job"', true],
    ['display_name="my \\"AND\\" job"', true],
    ['display_name!="my job"', true],
    ['NOT display_name:"my*"', false],
    ["state!=JOB_STATE_FAILED", true],
    ['create_time>"2025-05-18T00:00:00Z"', true],
    ['create_time<="2025-05-18T00:00:00Z"', false],
    ["labels.step:*", true],
    ["labels.step = b", false],
  ])("filter %s", (filter, matches) => {
    expect(readFilter(filter)(job)).toBe(matches);
  });

  test.each(["display_name>x", "labels.step:a", "create_time=yesterday", "state", "x AND"])(
    "filter %s is none",
    (filter) => {
      expect(() => readFilter(filter)).toThrow(/^Invalid filter/);
    },
  );
});

describe("a batch prediction", () => {
  const inputs = {
    "in/a.jsonl": `${JSON.stringify(SETOSA)}\n{"sepal_length": 6.9}\n`,
    "in/b.jsonl": "[6.9,3.1,5.4,2.1]",
  };
  const DIRECTORY = "out/prediction-flowers-2026-01-01T00:00:00.000Z";

  test("writes a prediction of each instance that the model takes, and the errors of the others", async () => {
    const { around, ended, lines, storage, vertex } = world({ inputs });
    const job = await ended("batchPredictionJobs", BATCH);
    expect(job).toMatchObject({
      name: expect.stringMatching(/^projects\/123\/locations\/us-central1\/batchPredictionJobs\/\d{19}$/),
      ...BATCH,
      state: "JOB_STATE_SUCCEEDED",
      outputInfo: { gcsOutputDirectory: `gs://runs/${DIRECTORY}` },
      completionStats: { successfulCount: "2", failedCount: "1", incompleteCount: "0" },
    });
    expect(lines(`${DIRECTORY}/prediction.results-00000-of-00001`)).toEqual([
      { instance: SETOSA, prediction: expect.objectContaining({ class: "setosa" }) },
      { instance: [6.9, 3.1, 5.4, 2.1], prediction: expect.objectContaining({ class: "virginica" }) },
    ]);
    expect(lines(`${DIRECTORY}/prediction.errors_stats-00000-of-00001`)).toEqual([
      { instance: { sepal_length: 6.9 }, error: { code: 3, message: expect.stringMatching(/^Instance 0 is/) } },
    ]);
    expect(around.asked).toContain(`${AGENT} storage.objects.get projects/_/buckets/runs/objects/in/a.jsonl`);
    expect(storage.written).toHaveLength(2 + 2);
    expect(vertex.answered.size).toBe(1);
    expect(strayFields("google.cloud.aiplatform.v1.BatchPredictionJob", BATCH)).toEqual([]);
    expect(strayFields("google.cloud.aiplatform.v1.BatchPredictionJob", job)).toEqual([]);
  });

  test("goes on without what it cannot read, and says so", async () => {
    const { ended } = world({ inputs: { "in/a.jsonl": `not json\n${JSON.stringify(SETOSA)}` } });
    const uris = ["gs://runs/in/a.jsonl", "gs://runs/in/none.jsonl"];
    const inputConfig = { instancesFormat: "jsonl", gcsSource: { uris } };
    expect(await ended("batchPredictionJobs", { ...BATCH, inputConfig })).toMatchObject({
      state: "JOB_STATE_SUCCEEDED",
      completionStats: { successfulCount: "1", failedCount: "0" },
      partialFailures: [
        { code: 3, message: "Line 1 of in/a.jsonl is not JSON." },
        { code: 5, message: "No such object: runs/in/none.jsonl" },
      ],
    });
  });

  test.each([
    ["there is no input", {}, `No files matched spec: gs://runs/in/*.jsonl`, 5],
    ["the input is empty", { "in/a.jsonl": "\n" }, "The input has no instances.", 3],
    ["the model takes no instance", { "in/a.jsonl": '{"x":1}' }, /^Instance 0 is {"x":1}; the model takes/, 3],
  ])("fails if %s", async (_what, given, message, code) => {
    const { ended } = world({ inputs: given as Record<string, string> });
    expect(await ended("batchPredictionJobs", BATCH)).toMatchObject({
      state: "JOB_STATE_FAILED",
      error: { code, message: typeof message === "string" ? message : expect.stringMatching(message) },
    });
  });

  test("fails if Vertex AI's agent may not write", async () => {
    const { around, ended } = world({ inputs });
    const object = `projects/_/buckets/runs/objects/${DIRECTORY}/prediction.results-00000-of-00001`;
    around.denied.add(`${AGENT} storage.objects.create ${object}`);
    expect(await ended("batchPredictionJobs", BATCH)).toMatchObject({
      state: "JOB_STATE_FAILED",
      error: { code: 7, message: `${AGENT} lacks storage.objects.create on ${object}` },
    });
  });

  test.each([
    [{ model: "" }, "INVALID_ARGUMENT", /'model'/],
    [
      { model: "projects/p/locations/europe-west4/models/flowers" },
      "INVALID_ARGUMENT",
      /allowed: projects\/p\/locations\/us-central1\/models\/MODEL/,
    ],
    [{ model: `${LOCATION}/models/other` }, "NOT_FOUND", /^The Model does not exist: .*other$/],
    [{ model: "publishers/google/models/gemini" }, "UNIMPLEMENTED", /publisher model/],
    [
      { inputConfig: { instancesFormat: "jsonl" } },
      "INVALID_ARGUMENT",
      /gcsSource.uris': given \[\]; allowed: at least one/,
    ],
    [
      { inputConfig: { ...BATCH.inputConfig, instancesFormat: "csv" } },
      "UNIMPLEMENTED",
      /instancesFormat.csv is not simulated/,
    ],
    [{ inputConfig: { ...BATCH.inputConfig, instancesFormat: "yaml" } }, "INVALID_ARGUMENT", /allowed: jsonl, csv/],
    [
      { inputConfig: { instancesFormat: "jsonl", gcsSource: { uris: ["s3://x"] } } },
      "INVALID_ARGUMENT",
      /given "s3:\/\/x"/,
    ],
    [{ outputConfig: { predictionsFormat: "jsonl", gcsDestination: {} } }, "INVALID_ARGUMENT", /outputUriPrefix'/],
    [
      { inputConfig: { instancesFormat: "jsonl", bigquerySource: { inputUri: "bq://x" } } },
      "UNIMPLEMENTED",
      /bigquerySource/,
    ],
    [{ dedicatedResources: { machineSpec: {} } }, "INVALID_ARGUMENT", /dedicatedResources.machineSpec.machineType'/],
    [
      { dedicatedResources: { ...BATCH.dedicatedResources, maxReplicaCount: -1 } },
      "INVALID_ARGUMENT",
      /maxReplicaCount'/,
    ],
    [{ instanceConfig: { keyField: "id" } }, "UNIMPLEMENTED", /^instanceConfig is not simulated$/],
    [{ maxReplicas: 3 }, "INVALID_ARGUMENT", /Unknown name "maxReplicas"/],
  ])("%j is refused", async (change, code, message) => {
    const { create, vertex } = world({ inputs });
    await expect(create("batchPredictionJobs", { ...BATCH, ...change })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect(vertex.pending()).toBe(0);
  });
});

test.each([
  ["customJobs", CUSTOM],
  ["batchPredictionJobs", BATCH],
] as const)("each method of %s needs its permission, on the project", async (collection, body) => {
  const calls = [
    ["create", "POST", `${LOCATION}/${collection}`, body],
    ["get", "GET", `${LOCATION}/${collection}/1`],
    ["list", "GET", `${LOCATION}/${collection}`],
    ["cancel", "POST", `${LOCATION}/${collection}/1:cancel`, {}],
  ] as const;
  for (const [verb, method, path, given] of calls) {
    const { around, ask } = world();
    around.denied.add(`caller@p aiplatform.${collection}.${verb} projects/p`);
    await expect(ask(method, path, given)).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      message: `caller@p lacks aiplatform.${collection}.${verb} on projects/p`,
    });
  }
  const missing = { code: "NOT_FOUND", message: expect.stringMatching(/ does not exist: .*\/1$/) };
  await expect(world().ask("GET", `${LOCATION}/${collection}/1`)).rejects.toMatchObject(missing);
});
