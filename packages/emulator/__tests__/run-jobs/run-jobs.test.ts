import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cloudRunJobs, missingJobs } from "../../src/run-jobs";
import { Secrets } from "../../src/secrets";
import { cloudStorage } from "../../src/storage";
import { FakeContext, rest } from "../support/fake-context";
import { FakePrograms } from "../support/fake-programs";
import { strayFields } from "../support/google-apis";

const JOB = "projects/p/locations/us-central1/jobs/train-dev";
const IMAGE = "us-docker.pkg.dev/p/images/train:1";

const CONTAINER = {
  image: IMAGE,
  args: ["--epochs", "3"],
  env: [
    { name: "MODE", value: "full" },
    { name: "KEY", value_source: { secret_key_ref: { secret: "key", version: "latest" } } },
  ],
};

const OVERRIDES = {
  containerOverrides: [{ args: ["--fast"], clearArgs: false, env: [{ name: "MODE", value: "small" }] }],
  taskCount: 2,
  timeout: "60s",
};

interface Settings {
  readonly template?: object;
  readonly task?: object;
  readonly programs?: FakePrograms;
}

function world({ template = {}, task = {}, programs = new FakePrograms() }: Settings = {}) {
  const around = new FakeContext();
  const attributes = {
    name: "train-dev",
    location: "us-central1",
    template: { ...template, template: { containers: [CONTAINER], service_account: "task@p", ...task } },
  };
  const resources = [{ address: "google_cloud_run_v2_job.train", type: "google_cloud_run_v2_job", attributes }];
  const given = { key: "s3cret" };
  const secretStore = new Secrets({ project: "p", projectNumber: "123", resources: [], references: [], given });
  const skipped: string[] = [];
  const options = { programs, secretStore, onSkipped: (why: string) => skipped.push(why) };
  const bucket = { address: "b", type: "google_storage_bucket", attributes: { name: "weights" } };
  const storage = cloudStorage.create(around, [bucket]);
  storage.put({ email: "me@p" }, "weights", "base/model.json", "{}");
  const jobs = cloudRunJobs.create(around, resources, options, { cloudStorage: storage });
  // biome-ignore lint/suspicious/noExplicitAny: a resource, or a page of them.
  const ask = async (method: string, path: string, body?: object): Promise<any> =>
    (await rest(jobs, method, `https://run.googleapis.com/v2/${path}`, { body })).body;
  const run = async (overrides?: object) => {
    const { metadata } = await ask("POST", `${JOB}:run`, overrides && { overrides });
    await around.clock.advance(1_000);
    return String(metadata.name);
  };
  return { around, resources, jobs, programs, skipped, ask, run };
}

const completed = (execution: { conditions: { type: string }[] }) =>
  execution.conditions.find(({ type }) => type === "Completed");

test("answers and requests have the fields of Google's protos, and no others", async () => {
  const { around, programs, ask } = world({
    template: { task_count: 2, labels: { a: "b" } },
    task: { max_retries: 0 },
  });
  const { metadata } = await ask("POST", `${JOB}:run`, { overrides: OVERRIDES });
  await around.clock.advance(1_000);
  programs.last().exit(1);
  await around.clock.advance(0);
  expect(strayFields("google.cloud.run.v2.RunJobRequest", { name: JOB, overrides: OVERRIDES })).toEqual([]);
  expect(strayFields("google.cloud.run.v2.Execution", metadata)).toEqual([]);
  expect(strayFields("google.cloud.run.v2.Execution", await ask("GET", metadata.name))).toEqual([]);
  expect(strayFields("google.cloud.run.v2.Job", await ask("GET", JOB))).toEqual([]);
  const list = await ask("GET", `${JOB}/executions`);
  expect(strayFields("google.cloud.run.v2.ListExecutionsResponse", list)).toEqual([]);
  expect(strayFields("google.cloud.run.v2.Execution", { conditions: [{ type: "x", reasons: 1 }], x: 1 })).toEqual([
    "conditions.reasons",
    "x",
  ]);
});

describe("an execution", () => {
  test("is one process a task, with the job's container and what Cloud Run tells tasks", async () => {
    const { around, jobs, programs, ask } = world({ template: { task_count: 2, parallelism: 1 } });
    const operation = await ask("POST", `${JOB}:run`);
    expect(operation).toMatchObject({
      name: expect.stringMatching(/^projects\/p\/locations\/us-central1\/operations\/[0-9a-f-]{36}$/),
      metadata: {
        "@type": "type.googleapis.com/google.cloud.run.v2.Execution",
        name: expect.stringMatching(
          /^projects\/p\/locations\/us-central1\/jobs\/train-dev\/executions\/train-dev-\w{5}$/,
        ),
        job: "train-dev",
        creator: "caller@p",
        createTime: "2026-01-01T00:00:00Z",
        taskCount: 2,
        parallelism: 1,
        reconciling: true,
        conditions: [{ type: "Completed", state: "CONDITION_PENDING" }],
      },
    });
    expect(operation.done).toBeUndefined();
    const { name } = operation.metadata;
    await around.clock.advance(1_000);
    expect(programs.processes).toHaveLength(1);
    expect(programs.last().program).toMatchObject({
      target: { name: "train-dev", address: "google_cloud_run_v2_job.train", image: IMAGE },
      args: ["--epochs", "3"],
      account: "task@p",
    });
    expect(programs.last().variables).toEqual({
      MODE: "full",
      KEY: "s3cret",
      CLOUD_RUN_JOB: "train-dev",
      CLOUD_RUN_EXECUTION: name.split("/").at(-1),
      CLOUD_RUN_TASK_INDEX: "0",
      CLOUD_RUN_TASK_COUNT: "2",
      CLOUD_RUN_TASK_ATTEMPT: "0",
    });
    expect(around.asked).toContain("task@p secretmanager.versions.access projects/p/secrets/key");
    expect(await ask("GET", name)).toMatchObject({
      startTime: "2026-01-01T00:00:01Z",
      runningCount: 1,
      conditions: [{ state: "CONDITION_RECONCILING" }],
    });
    programs.last().exit(0);
    await around.clock.advance(0);
    expect(programs.last().variables).toMatchObject({ CLOUD_RUN_TASK_INDEX: "1" });
    expect([jobs.pending(), jobs.isWorking()]).toEqual([1, true]);
    await around.clock.advance(4_000);
    programs.last().exit(0);
    await around.clock.advance(0);
    const execution = await ask("GET", name);
    expect(execution).toMatchObject({ completionTime: "2026-01-01T00:00:05Z", succeededCount: 2, reconciling: false });
    expect(execution.runningCount).toBeUndefined();
    expect(completed(execution)).toEqual({
      type: "Completed",
      state: "CONDITION_SUCCEEDED",
      message: "Execution completed successfully in 4s.",
      lastTransitionTime: "2026-01-01T00:00:05Z",
    });
    expect([jobs.pending(), jobs.isWorking()]).toEqual([0, false]);
  });

  test("tries a task again, and fails with it once its retries are used up", async () => {
    const { around, programs, ask, run } = world({ task: { max_retries: 1 } });
    const name = await run();
    programs.last().exit(1);
    await around.clock.advance(0);
    expect(programs.processes.map(({ variables }) => variables.CLOUD_RUN_TASK_ATTEMPT)).toEqual(["0", "1"]);
    programs.last().program.log.write("no memory");
    programs.last().exit(2);
    await around.clock.advance(0);
    expect(programs.processes).toHaveLength(2);
    const execution = await ask("GET", name);
    expect(execution).toMatchObject({ failedCount: 1, retriedCount: 1 });
    expect(completed(execution)).toMatchObject({
      state: "CONDITION_FAILED",
      executionReason: "NON_ZERO_EXIT_CODE",
      message: `Task ${name.split("/").at(-1)}-task0 failed with message: The container exited with an error.`,
    });
    expect(around.hops.at(-2)).toMatchObject({
      to: "task 0",
      attempt: 2,
      status: "failed: exit code 2",
      detail: "no memory",
    });
  });

  test("cancels its other tasks when one has failed", async () => {
    const { around, programs, ask, run } = world({
      template: { task_count: 4, parallelism: 2 },
      task: { max_retries: 0 },
    });
    const name = await run();
    programs.processes[0]?.exit(1);
    await around.clock.advance(0);
    expect(programs.processes[1]?.signals).toEqual(["SIGTERM"]);
    expect(programs.processes).toHaveLength(2);
    expect(await ask("GET", name)).toMatchObject({ failedCount: 1, cancelledCount: 3 });
  });

  test("stops an attempt at its timeout", async () => {
    const { around, programs, ask, run } = world({ task: { max_retries: 1, timeout: "5s" } });
    const name = await run();
    await around.clock.advance(4_999);
    expect(programs.last().signals).toEqual([]);
    await around.clock.advance(1);
    expect(programs.processes.map(({ signals }) => signals)).toEqual([["SIGTERM"], []]);
    await around.clock.advance(5_000);
    const { message, executionReason } = completed(await ask("GET", name)) as Record<string, unknown>;
    expect(message).toBe(
      `Task ${name.split("/").at(-1)}-task0 failed with message: The configured timeout was reached.`,
    );
    expect(executionReason).toBeUndefined();
  });

  test("without a command fails, and says which to give", async () => {
    const { ask, resources, run, skipped } = world({ programs: new FakePrograms(false) });
    const message =
      "train-dev is a container, and nothing stands for its image here. Give --run train-dev=<command>, or --docker";
    expect(completed(await ask("GET", await run()))).toMatchObject({ state: "CONDITION_FAILED", message });
    expect(skipped).toEqual([message]);
    expect(missingJobs(resources, new FakePrograms(false))).toEqual([message]);
    expect(missingJobs(resources, new FakePrograms())).toEqual([]);
  });

  test("fails if its account may not read a secret", async () => {
    const { around, programs, ask, run } = world();
    around.denied.add("task@p secretmanager.versions.access projects/p/secrets/key");
    expect(completed(await ask("GET", await run()))).toMatchObject({
      state: "CONDITION_FAILED",
      message: "task@p lacks secretmanager.versions.access on projects/p/secrets/key",
    });
    expect(programs.processes).toEqual([]);
  });

  const MOUNTED = {
    containers: [
      {
        image: IMAGE,
        volume_mounts: [{ name: "w", mount_path: "/models" }],
        env: [{ name: "AT", value: "/models/base" }],
      },
    ],
    volumes: [{ name: "w", gcs: { bucket: "weights", read_only: true } }],
  };

  test("sees mounted buckets as folders, which are gone when it has ended", async () => {
    const { around, jobs, programs, run } = world({ task: MOUNTED });
    await run();
    const { AT = "", LOCAL_MOUNT_MODELS = "" } = programs.last().variables;
    expect(AT).toBe(join(LOCAL_MOUNT_MODELS, "base"));
    expect(readFileSync(join(AT, "model.json"), "utf8")).toBe("{}");
    expect(around.asked).toContain("task@p storage.objects.list projects/_/buckets/weights");
    programs.last().exit(0);
    await around.clock.advance(0);
    expect(existsSync(LOCAL_MOUNT_MODELS)).toBe(false);
    jobs.stop();
    expect(existsSync(dirname(dirname(LOCAL_MOUNT_MODELS)))).toBe(false);
  });

  test("fails if its account may not read a mounted bucket", async () => {
    const { around, ask, run } = world({ task: MOUNTED });
    around.denied.add("task@p storage.objects.list projects/_/buckets/weights");
    expect(completed(await ask("GET", await run()))).toMatchObject({
      state: "CONDITION_FAILED",
      message: "task@p lacks storage.objects.list on projects/_/buckets/weights",
    });
  });

  test("ends with the run", async () => {
    const { jobs, programs, run } = world();
    await run();
    jobs.stop();
    expect(programs.last().signals).toContain("SIGKILL");
    expect(jobs.pending()).toBe(0);
  });
});

describe("overrides", () => {
  test("replace arguments, add to the variables, and change tasks and timeout of one execution", async () => {
    const { programs, ask, run } = world();
    const env = [
      { name: "MODE", value: "small" },
      { name: "PIPELINE_JOB", value: "gs://runs/job.json" },
    ];
    const name = await run({ containerOverrides: [{ args: ["--fast"], env }], taskCount: 2, timeout: "60s" });
    expect(programs.last().program.args).toEqual(["--fast"]);
    expect(programs.last().variables).toMatchObject({
      MODE: "small",
      PIPELINE_JOB: "gs://runs/job.json",
      KEY: "s3cret",
    });
    expect(await ask("GET", name)).toMatchObject({
      taskCount: 2,
      parallelism: 2,
      template: {
        timeout: "60s",
        containers: [
          {
            image: IMAGE,
            args: ["--fast"],
            env: expect.arrayContaining([...env, expect.objectContaining({ name: "KEY" })]),
          },
        ],
      },
    });
    const { template } = await ask("GET", JOB);
    expect(template).toMatchObject({ taskCount: 1, template: { timeout: "600s", maxRetries: 3 } });
    expect(template.template.containers[0].args).toEqual(["--epochs", "3"]);
  });

  test("can clear the arguments", async () => {
    const { programs, run } = world();
    await run({ containerOverrides: [{ clearArgs: true }] });
    expect(programs.last().program.args).toEqual([]);
  });

  test.each([
    [{ command: [] }, "INVALID_ARGUMENT", /Unknown name "command" at 'overrides'/],
    [
      { containerOverrides: [{ image: "x" }] },
      "INVALID_ARGUMENT",
      /Unknown name "image" at 'overrides.containerOverrides\[0]'/,
    ],
    [{ containerOverrides: [{ name: "other" }] }, "INVALID_ARGUMENT", /containerOverrides\[0].name': given "other"/],
    [{ containerOverrides: [{ args: ["x"], clearArgs: true }] }, "INVALID_ARGUMENT", /either args or clearArgs/],
    [{ containerOverrides: [{ env: [{ value: "x" }] }] }, "INVALID_ARGUMENT", /env.name'.*allowed: a name/],
    [{ containerOverrides: "x" }, "INVALID_ARGUMENT", /containerOverrides': given "x"; allowed: a list/],
    [{ taskCount: 10_001 }, "INVALID_ARGUMENT", /taskCount': given 10001; allowed: 1 to 10000/],
    [{ timeout: "604801s" }, "INVALID_ARGUMENT", /timeout': given "604801s"; allowed: 1s to 604800s/],
    [
      { containerOverrides: [{ env: [{ name: "x", valueSource: {} }] }] },
      "UNIMPLEMENTED",
      /valueSource is not simulated/,
    ],
    [{ delayExecution: true }, "UNIMPLEMENTED", /delayExecution is not simulated/],
  ])("%j are refused", async (overrides, code, message) => {
    const { run, jobs } = world();
    await expect(run(overrides)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(jobs.pending()).toBe(0);
  });
});

describe("cancelling", () => {
  test("ends an execution that runs, with SIGTERM", async () => {
    const { around, programs, ask, run } = world({ template: { task_count: 3, parallelism: 1 } });
    const name = await run();
    const { metadata } = await ask("POST", `${name}:cancel`, {});
    expect(completed(metadata)).toMatchObject({ state: "CONDITION_RECONCILING", executionReason: "CANCELLING" });
    expect(programs.last().signals).toEqual(["SIGTERM"]);
    await around.clock.advance(0);
    const execution = await ask("GET", name);
    expect(execution).toMatchObject({ cancelledCount: 3, completionTime: "2026-01-01T00:00:01Z" });
    expect(completed(execution)).toMatchObject({ state: "CONDITION_FAILED", executionReason: "CANCELLED" });
    expect(programs.processes).toHaveLength(1);
    await expect(ask("POST", `${name}:cancel`, {})).rejects.toMatchObject({ code: "FAILED_PRECONDITION" });
  });

  test("ends one that has not started", async () => {
    const { around, programs, ask, jobs } = world();
    const { metadata } = await ask("POST", `${JOB}:run`);
    await ask("POST", `${metadata.name}:cancel`, {});
    await around.clock.advance(2_000);
    expect(completed(await ask("GET", metadata.name))).toMatchObject({ executionReason: "CANCELLED" });
    expect([programs.processes.length, jobs.pending()]).toEqual([0, 0]);
  });
});

test("lists executions, newest first, in pages", async () => {
  const { ask, run } = world();
  const names = [await run(), await run(), await run()];
  const listed = async (query: string) => {
    const { executions = [], nextPageToken } = await ask("GET", `${JOB}/executions${query}`);
    return { names: executions.map(({ name }: { name: string }) => name), nextPageToken };
  };
  expect(await listed("")).toEqual({ names: [...names].reverse(), nextPageToken: undefined });
  const first = await listed("?pageSize=2");
  expect(first.names).toEqual([names[2], names[1]]);
  expect(await listed(`?pageSize=2&pageToken=${first.nextPageToken}`)).toEqual({ names: [names[0]] });
  await expect(listed("?pageToken=x")).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: "Invalid page token",
  });
  await expect(listed("?filter=x")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  expect(await ask("GET", JOB)).toMatchObject({
    name: JOB,
    executionCount: 3,
    latestCreatedExecution: { name: names[2]?.split("/").at(-1) },
    terminalCondition: { type: "Ready", state: "CONDITION_SUCCEEDED" },
  });
});

test.each([
  ["GET", JOB, undefined, "run.jobs.get"],
  ["POST", `${JOB}:run`, {}, "run.jobs.run"],
  ["POST", `${JOB}:run`, { overrides: { taskCount: 1 } }, "run.jobs.runWithOverrides"],
  ["GET", `${JOB}/executions`, undefined, "run.executions.list"],
  ["GET", `${JOB}/executions/x`, undefined, "run.executions.get"],
  ["POST", `${JOB}/executions/x:cancel`, {}, "run.executions.cancel"],
])("%s %s needs its permission, on the job", async (method, path, body, permission) => {
  const { around, ask, jobs } = world();
  around.denied.add(`caller@p ${permission} ${JOB}`);
  await expect(ask(method, path, body)).rejects.toMatchObject({
    code: "PERMISSION_DENIED",
    message: `caller@p lacks ${permission} on ${JOB}`,
  });
  expect(jobs.pending()).toBe(0);
});

test("a run without overrides needs no permission for them", async () => {
  const { around, ask } = world();
  await ask("POST", `${JOB}:run`, { overrides: {} });
  expect(around.asked.filter((question) => question.startsWith("caller@p"))).toEqual([`caller@p run.jobs.run ${JOB}`]);
});

test.each([
  [
    "POST",
    "projects/p/locations/us-central1/jobs/other:run",
    "Resource 'other' of kind 'JOB' in region 'us-central1' in project 'p' does not exist.",
  ],
  [
    "GET",
    `${JOB}/executions/x`,
    "Resource 'x' of kind 'EXECUTION' in region 'us-central1' in project 'p' does not exist.",
  ],
])("%s %s is missing", async (method, path, message) => {
  await expect(world().ask(method, path)).rejects.toMatchObject({ code: "NOT_FOUND", message });
});

test.each([
  [{ validateOnly: true }, "validateOnly of RunJob is not simulated"],
  [{ etag: "x" }, "etag of RunJob is not simulated"],
])("%j of a run is refused by name", async (body, message) => {
  await expect(world().ask("POST", `${JOB}:run`, body)).rejects.toMatchObject({ code: "UNIMPLEMENTED", message });
});

test("a stack is refused for jobs that cannot be", () => {
  expect(() => world({ template: { task_count: 10_001 } })).toThrow(
    "google_cloud_run_v2_job.train: task_count is 10001; allowed: 1 to 10000",
  );
  expect(() => world({ task: { containers: [CONTAINER, CONTAINER] } })).toThrow(
    "google_cloud_run_v2_job.train: template.template.containers: given 2; simulated: one, without sidecars",
  );
  expect(() => world({ task: { timeout: "604801s" } })).toThrow("timeout is 604801 s; allowed: 1 to 604800 s");
  expect(() => world({ task: { max_retries: 11 } })).toThrow("max_retries is 11; allowed: 0 to 10");
});
