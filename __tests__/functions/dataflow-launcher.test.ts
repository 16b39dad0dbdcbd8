import { environmentSchema } from "../../functions/dataflow-launcher/environment";
import { createHandler } from "../../functions/dataflow-launcher/handler";
import { readEnvironment } from "../../functions/shared/environment";
import { environments } from "../support/environments";
import { FakeGoogle } from "../support/fake-google";
import { type Served, serve } from "../support/serve";

let google: FakeGoogle;
let server: Served;

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
  const flex = await open({ TEMPLATE_KIND: "flex", TEMPLATE_PATH: "gs://t/spec.json" });
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
  ["TEMPLATE_KIND", "docker", 'TEMPLATE_KIND is "docker"; allowed: classic or flex'],
  ["TEMPLATE_PATH", "s3://x/y", 'TEMPLATE_PATH is "s3://x/y"; allowed: a template\'s path like gs://bucket/template'],
  ["JOB_NAME_PREFIX", "Job", 'JOB_NAME_PREFIX is "Job"; allowed: a prefix of lower-case letters'],
  ["LAUNCH", "{", 'LAUNCH is "{"; allowed: JSON'],
  ["LAUNCH", '{"parameters":{"a":1}}', "allowed at parameters.a: "],
  ["DATAFLOW_LOCATION", "us-central1", 'DATAFLOW_LOCATION is "us-central1"; allowed: a location name'],
])("does not start with a bad %s", (name, value, message) => {
  expect(() => readEnvironment(environmentSchema, { ...environments["dataflow-launcher"], [name]: value })).toThrow(
    message,
  );
});

test("a parameter that names the job is each task's own, and the same whenever the task comes", async () => {
  const LAUNCH = JSON.stringify({ parameters: { output: "gs://out/{jobName}/counts", log: "{jobName}-{jobName}" } });
  const naming = await open({ LAUNCH });
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
