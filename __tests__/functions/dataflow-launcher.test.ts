import { environmentSchema } from "../../functions/dataflow-launcher/environment";
import { createHandler } from "../../functions/dataflow-launcher/handler";
import { readEnvironment } from "../../functions/shared/environment";
import { environments } from "../support/environments";
import { FakeGoogle } from "../support/fake-google";
import { type Served, serve } from "../support/serve";

let google: FakeGoogle;
let server: Served;

const DEFAULT = JSON.parse(environments["dataflow-launcher"].JOBS).default;
const QUEUE = "projects/my-project/locations/us-central1/queues/launches";
const jobs = (configs: object) => ({ JOBS: JSON.stringify(configs), QUEUE });

/** Those of the first launch of a flex template. */
function launchedParameters(): Record<string, string> {
  const request = google.jobs[0]?.request as { launchParameter?: { parameters: Record<string, string> } } | undefined;
  return request?.launchParameter?.parameters ?? {};
}

const open = (variables = {}) =>
  serve(
    createHandler(
      readEnvironment(environmentSchema, { ...environments["dataflow-launcher"], ...variables }),
      google.services("dataflow-launcher"),
    ),
  );

beforeAll(async () => {
  google = await FakeGoogle.start();
  server = await open();
});

beforeEach(() => google.reset());
afterAll(() => Promise.all([server.stop(), google.stop()]));

test("launches a classic template", async () => {
  const { status, body } = await server.task({ parameters: { output: "gs://out/other" } });
  expect([status, body]).toEqual([
    200,
    { job: "id-1", name: expect.stringMatching(/^preprocessing-[0-9a-f]{16}$/), launched: true },
  ]);
  expect(body.name).toMatch(/^[a-z]([-a-z0-9]{0,1022}[a-z0-9])?$/);
  expect(google.jobs[0]?.request).toEqual({
    gcsPath: "gs://dataflow-templates/latest/Word_Count",
    jobName: body.name,
    parameters: { inputFile: "gs://samples/kinglear.txt", output: "gs://out/other" },
    environment: { tempLocation: "gs://temp/tmp" },
  });
});

test("launches a flex template", async () => {
  const flex = await open(jobs({ default: { ...DEFAULT, template: { kind: "flex", path: "gs://t/spec.json" } } }));
  const { body } = await flex.task({});
  await flex.stop();
  expect(google.jobs[0]?.request).toEqual({
    gcsPath: null,
    launchParameter: {
      jobName: body.name,
      containerSpecGcsPath: "gs://t/spec.json",
      parameters: { inputFile: "gs://samples/kinglear.txt", output: "gs://out/counts" },
      environment: { tempLocation: "gs://temp/tmp" },
    },
  });
});

test("a task that comes again finds its job; another task gets its own", async () => {
  const first = await server.task({});
  const again = await server.task({}, { retries: 1 });
  expect(again.body).toEqual({ ...first.body, launched: false });
  expect((await server.task({}, { id: "task-2" })).body.job).toBe("id-2");
  expect(google.jobs).toHaveLength(2);
});

test("finds its job on a later page, and by its whole name only", async () => {
  google.jobsPerPage = 2;
  const first = await server.task({});
  google.jobs.unshift(...[1, 2, 3, 4].map((n) => ({ id: `other-${n}`, name: `${first.body.name}-${n}`, request: {} })));
  expect((await server.task({}, { retries: 1 })).body).toEqual({ ...first.body, launched: false });
  expect(google.asked(/GET .*jobs.*pageToken/)).toHaveLength(2);
  expect(google.asked(/GET .*jobs\?filter=ALL&name=preprocessing-/)).toHaveLength(4);
});

test.each([
  ["lost", { drop: true, after: true }],
  ["a 503", { status: 503, after: true }],
])("a launch whose answer is %s is not launched twice", async (_name, fault) => {
  google.failNext(/:launch/, fault);
  expect((await server.task({})).status).toBeGreaterThanOrEqual(500);
  const { status, body } = await server.task({}, { retries: 1 });
  expect([status, body.launched, body.job]).toEqual([200, false, "id-1"]);
  expect(google.jobs).toHaveLength(1);
});

test("a launch that did not happen is tried again", async () => {
  google.failNext(/:launch/, { drop: true });
  expect((await server.task({})).status).toBe(500);
  expect(google.asked(/:launch/)).toHaveLength(1);
  expect((await server.task({}, { retries: 1 })).body.launched).toBe(true);
});

test("a job of that name that appears meanwhile is as good", async () => {
  google.failNext(/:launch/, { status: 409, reason: "ALREADY_EXISTS", after: true });
  const { status, body } = await server.task({});
  expect([status, body]).toEqual([200, { job: "id-1", name: expect.any(String), launched: false }]);
  expect(google.jobs).toHaveLength(1);
});

test("outlives a busy list of jobs", async () => {
  google.failNext(/GET .*jobs/, { status: 429 }, { status: 503 });
  expect((await server.task({})).status).toBe(200);
});

test("does not launch when the list of jobs cannot be seen", async () => {
  google.failNext(/GET .*jobs/, { status: 403, reason: "PERMISSION_DENIED" });
  expect((await server.task({})).status).toBe(503);
  expect(google.asked(/:launch/)).toEqual([]);
});

test.each([
  [
    "parameters that are no texts",
    { parameters: { a: 1 } },
    "invalid_payload",
    "parameters.a: given 1; allowed: string",
  ],
  [
    "parameters that are a list",
    { parameters: ["a"] },
    "invalid_payload",
    "parameters: given Array; allowed: an object",
  ],
  ["a list for a payload", [], "invalid_payload", "(whole): given"],
])("hands over %s", async (_name, payload, code, message) => {
  expect((await server.task(payload)).body).toEqual({ deadLetter: code });
  expect(google.published[0]?.attributes.deadLetterMessage).toContain(message);
  expect(google.requests.filter((request) => request.includes("dataflow"))).toEqual([]);
});

test("hands over a launch that Dataflow refuses", async () => {
  google.failNext(/:launch/, { status: 400, reason: "INVALID_ARGUMENT", message: "Missing parameter: output" });
  expect((await server.task({})).body).toEqual({ deadLetter: "launch_refused" });
  expect(google.published[0]?.attributes.deadLetterMessage).toContain("Missing parameter: output");
});

test("hands over when its attempts are spent, but not when the job runs", async () => {
  google.failNext(/:launch/, ...Array(3).fill({ status: 500 }));
  for (const retries of [0, 1, 2]) expect((await server.task({}, { retries })).status).toBe(500);
  expect((await server.task({}, { retries: 3 })).body).toEqual({ deadLetter: "attempts_spent" });
  await server.task({}, { id: "task-2" });
  expect((await server.task({}, { id: "task-2", retries: 9 })).body.launched).toBe(false);
  expect(google.published).toHaveLength(1);
});

test.each([
  ["{", 'JOBS is "{"; allowed: JSON'],
  [{ d: { ...DEFAULT, parameters: { a: 1 } } }, "allowed at d.parameters.a: "],
  [{ d: { ...DEFAULT, namePrefix: "Job" } }, "allowed at d.namePrefix: a prefix of lower-case letters"],
  [
    { d: { ...DEFAULT, template: { kind: "docker", path: "gs://a/b" } } },
    "allowed at d.template.kind: classic or flex",
  ],
  [
    { d: { ...DEFAULT, template: { kind: "flex", path: "s3://x/y" } } },
    "allowed at d.template.path: a template's path like gs://bucket/template",
  ],
])("does not start with the bad JOBS %j", (value, message) => {
  const JOBS = typeof value === "string" ? value : JSON.stringify(value);
  expect(() => readEnvironment(environmentSchema, { ...environments["dataflow-launcher"], JOBS })).toThrow(message);
});

test("does not start with a bad DATAFLOW_LOCATION", () => {
  const DATAFLOW_LOCATION = "us-central1";
  const variables = { ...environments["dataflow-launcher"], DATAFLOW_LOCATION };
  expect(() => readEnvironment(environmentSchema, variables)).toThrow(
    'DATAFLOW_LOCATION is "us-central1"; allowed: a location name',
  );
});

test("a parameter that names the job is each task's own, and the same whenever the task comes", async () => {
  const parameters = { output: "gs://out/{jobName}/counts", log: "{jobName}-{jobName}" };
  const naming = await open(jobs({ default: { ...DEFAULT, parameters } }));
  const outputs = async (id: string) => {
    const { body } = await naming.task({ parameters: { extra: "gs://x/{jobName}" } }, { id });
    expect(google.jobs.at(-1)?.request).toMatchObject({
      jobName: body.name,
      parameters: {
        output: `gs://out/${body.name}/counts`,
        log: `${body.name}-${body.name}`,
        extra: `gs://x/${body.name}`,
      },
    });
    return body.name;
  };
  const [first, second] = [await outputs("task-1"), await outputs("task-2")];
  expect(first).not.toBe(second);
  google.jobs.length = 0;
  expect(await outputs("task-1")).toBe(first);
  await naming.stop();
});

test("a 400 of Dataflow that does not call the request invalid may pass", async () => {
  google.failNext(/:launch/, { status: 400, reason: "FAILED_PRECONDITION" });
  expect((await server.task({})).status).toBe(500);
  expect(google.published).toEqual([]);
});

describe("several jobs", () => {
  const FLOWERS = {
    template: { kind: "flex", path: "gs://t/Yaml_Template" },
    namePrefix: "flowers",
    parameters: { yaml_pipeline_file: "gs://p/flowers.yaml" },
    variables: { output: "gs://out/{jobName}", features: ["a", "b"], test_fraction: 0.3 },
    environment: { tempLocation: "gs://temp/tmp" },
  };
  let several: Served;
  beforeAll(async () => {
    several = await open(jobs({ default: DEFAULT, flowers: FLOWERS }));
  });
  afterAll(() => several.stop());

  test("a task names its job; the variables of a Beam YAML pipeline are one parameter, its own among them", async () => {
    const { body } = await several.task({
      job: "flowers",
      parameters: { test_fraction: "0.2", input: "gs://in/{jobName}" },
    });
    expect(body).toMatchObject({ name: expect.stringMatching(/^flowers-[0-9a-f]{16}$/), launched: true });
    const parameters = launchedParameters();
    expect({ ...parameters, jinja_variables: JSON.parse(parameters.jinja_variables ?? "") }).toEqual({
      yaml_pipeline_file: "gs://p/flowers.yaml",
      jinja_variables: {
        output: `gs://out/${body.name}`,
        features: ["a", "b"],
        test_fraction: "0.2",
        input: `gs://in/${body.name}`,
      },
    });
    expect(google.tasks.size).toBe(0);
  });

  test("any text of a task is the same text in the variables", async () => {
    const text = `"a" \\n \\u0041 \n\r\t\u0000 é 😀 \u2028 {{ x }} %} {jobName}`;
    const { body } = await several.task({ job: "flowers", parameters: { input: text } });
    expect(JSON.parse(launchedParameters().jinja_variables ?? "").input).toBe(text.replace("{jobName}", body.name));
  });

  test.each(["gone", "constructor"])("hands over a task for the job %s, which there is not", async (job) => {
    expect((await several.task({ job })).body).toEqual({ deadLetter: "unknown_job" });
    expect(google.published[0]?.attributes.deadLetterMessage).toBe(`Given job "${job}"; allowed: default, flowers`);
  });
});

describe("a job that is followed", () => {
  let following: Served;
  beforeAll(async () => {
    following = await open(jobs({ default: { ...DEFAULT, waitSeconds: 600 } }));
  });
  afterAll(() => following.stop());

  const polls = () =>
    [...google.tasks.values()].map(({ name, httpRequest }) => ({
      id: name.split("/").at(-1) ?? "",
      payload: JSON.parse(Buffer.from(httpRequest.body, "base64").toString()),
    }));
  const lastPoll = () => polls().at(-1) as ReturnType<typeof polls>[number];
  /** The task comes back from the dead letter, where it got another name. */
  const redriven = (payload: unknown, id: string, retries = 0, times = 1) =>
    following.post(payload, {
      "X-CloudTasks-TaskName": "redriven",
      "X-CloudTasks-QueueName": "launches",
      "X-CloudTasks-TaskRetryCount": String(retries),
      "X-Redrive-Task": id,
      "X-Redrive-Count": String(times),
    });

  test("is asked after by tasks until it has ended, one chain whatever is delivered twice", async () => {
    const { body } = await following.task({}, { id: "tick" });
    await following.task({}, { id: "tick", retries: 1 });
    expect(polls()).toHaveLength(1);
    expect(lastPoll()).toMatchObject({
      payload: { job: "default", parameters: {}, poll: { id: "id-1", name: body.name, n: 1 } },
    });
    expect(google.tasks.size).toBe(1);
    const first = lastPoll();
    for (const retries of [0, 1]) {
      expect((await following.task(first.payload, { id: `${body.name}-poll-1`, retries })).body).toEqual({
        job: "id-1",
        name: body.name,
        state: "running",
      });
    }
    expect(polls()).toHaveLength(2);
    google.longJobs.now = () => Date.now() + 600_000;
    expect((await following.task(lastPoll().payload, { id: "2" })).body).toMatchObject({ state: "succeeded" });
    expect([polls().length, google.published.length]).toEqual([2, 0]);
  });

  test("goes to the dead letter with Dataflow's message when it fails; put back, it is launched anew, once", async () => {
    google.longJobs.fate = { takes: 0, error: "Workflow failed. Causes: no such object" };
    const { body } = await following.task({}, { id: "tick" });
    const poll = lastPoll();
    expect(poll.id).toBe(`${body.name}-poll-1`);
    expect((await following.task(poll.payload, { id: poll.id })).body).toEqual({ deadLetter: "job_failed" });
    expect(google.published[0]?.attributes).toMatchObject({
      deadLetterMessage: `${body.name} failed: JOB_STATE_FAILED: Workflow failed. Causes: no such object`,
      deadLetterTask: poll.id,
    });

    const anew = await redriven(poll.payload, poll.id);
    expect(anew.body).toMatchObject({ job: "id-2", launched: true });
    expect(anew.body.name).not.toBe(body.name);
    expect((await redriven(poll.payload, poll.id, 1)).body).toMatchObject({ job: "id-2", launched: false });
    expect(google.jobs).toHaveLength(2);
    expect(lastPoll().payload).toMatchObject({ poll: { id: "id-2", n: 1 } });
  });

  test("put back twice, it is launched anew once, though the first launch had no answer", async () => {
    google.longJobs.fate = { takes: 0, error: "Workflow failed" };
    await following.task({}, { id: "tick" });
    const poll = lastPoll();
    await following.task(poll.payload, { id: poll.id });
    google.failNext(/:launch/, { drop: true, after: true });
    expect((await redriven(poll.payload, poll.id)).status).toBe(500);
    expect((await redriven(poll.payload, poll.id, 9)).body).toEqual({ deadLetter: "attempts_spent" });
    expect((await redriven(poll.payload, poll.id, 0, 2)).body).toMatchObject({ job: "id-2", launched: false });
    expect(google.jobs).toHaveLength(2);
  });

  test("goes to the dead letter when it takes too long, and runs on", async () => {
    await following.task({}, { id: "tick" });
    const { poll, ...rest } = lastPoll().payload;
    const late = { ...rest, poll: { ...poll, since: poll.since - 600_000 } };
    expect((await following.task(late, { id: "late" })).body).toEqual({ deadLetter: "job_timed_out" });
    expect((await redriven(late, "late")).body).toMatchObject({ job: "id-1", state: "running" });
    expect(google.jobs).toHaveLength(1);
  });

  test("a launcher that dies between launch and the first question finds the job, and asks", async () => {
    google.failNext(/POST cloudtasks/, { status: 503 }, { status: 503 }, { status: 503 });
    expect((await following.task({}, { id: "tick" })).status).toBe(503);
    expect([google.jobs.length, polls().length]).toEqual([1, 0]);
    expect((await following.task({}, { id: "tick", retries: 1 })).body).toMatchObject({ job: "id-1", launched: false });
    expect([google.jobs.length, polls().length]).toEqual([1, 1]);
  });
});
