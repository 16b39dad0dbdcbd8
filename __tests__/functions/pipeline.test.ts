import { readFileSync } from "node:fs";
import * as v from "valibot";
import { createHandler as createInfer } from "../../functions/pipeline-infer/handler";
import { createHandler as createPreprocess } from "../../functions/pipeline-preprocess/handler";
import { environmentSchema as startEnvironment } from "../../functions/pipeline-start/environment";
import { createHandler as createStart } from "../../functions/pipeline-start/handler";
import { createHandler as createTrain } from "../../functions/pipeline-train/handler";
import { readEnvironment } from "../../functions/shared/environment";
import { stepEnvironmentSchema } from "../../functions/shared/pipeline/environment";
import { type PipelineStepOptions, pipelineStep } from "../../functions/shared/pipeline/step";
import { inDepth } from "../support/deep";
import { dispatchAll } from "../support/dispatcher";
import { environments } from "../support/environments";
import { FakeGoogle } from "../support/fake-google";
import { type Served, serve } from "../support/serve";

const INPUT = "gs://run-bucket/inputs/iris.csv";
const parameters = { input: INPUT, label: "species", testFraction: 0.3, seed: 1 };
/** For tests that do not look at the model. */
const quick = { ...parameters, maxIterations: 10 };
const iris = readFileSync("samples/iris.csv", "utf8");
const stepEnvironment = readEnvironment(stepEnvironmentSchema, environments["pipeline-train"]);

let google: FakeGoogle;
let start: Served;
let preprocess: Served;
let train: Served;
let infer: Served;
let routes: Record<string, string>;

const startWith = (steps?: object[]) =>
  serve(
    createStart(
      readEnvironment(startEnvironment, {
        ...environments["pipeline-start"],
        ...(steps && { STEPS: JSON.stringify(steps) }),
      }),
      google.services("pipeline-start"),
    ),
  );

beforeAll(async () => {
  google = await FakeGoogle.start();
  start = await startWith();
  preprocess = await serve(createPreprocess(stepEnvironment, google.services("preprocess")));
  train = await serve(createTrain(stepEnvironment, google.services("train")));
  infer = await serve(createInfer(stepEnvironment, google.services("infer")));
  routes = {
    "https://preprocess.example.run.app/": preprocess.url,
    "https://train.example.run.app/": train.url,
    "https://infer.example.run.app/": infer.url,
  };
});

beforeEach(() => {
  google.reset();
  google.buckets.put(INPUT, iris);
});
afterAll(() => Promise.all([start, preprocess, train, infer, google].map((server) => server.stop())));

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();

const step = (name: string, after: string[] = [], url = `https://${name}.example.run.app/`) => ({
  name,
  url,
  after,
  deadlineSeconds: 300,
});

describe("the pipeline on the Iris data", () => {
  test("runs from start to end, and classifies at least 9 of 10 held-out rows", async () => {
    const { status, body } = await start.post({ run: "r1", parameters });
    expect([status, body]).toEqual([202, { run: "r1", enqueued: ["preprocess"], folder: "gs://run-bucket/runs/r1/" }]);
    const deliveries = await dispatchAll(google, routes);
    expect(deliveries.map(({ task, status }) => [task.replace(/^[0-9a-f]{16}-/, ""), status])).toEqual([
      ["r1-preprocess", 200],
      ["r1-train", 200],
      ["r1-infer", 200],
    ]);
    const metrics = google.buckets.json("gs://run-bucket/runs/r1/infer/metrics.json");
    expect(metrics.rows).toBe(45);
    expect(metrics.accuracy).toBeGreaterThanOrEqual(0.9);
    const diagonal = metrics.classes.map((_: string, k: number) => metrics.confusion[k][k]);
    expect(diagonal.reduce((a: number, b: number) => a + b, 0) / 45).toBeCloseTo(metrics.accuracy);
    const predictions = google.buckets.jsonLines("gs://run-bucket/runs/r1/infer/predictions.jsonl");
    expect(predictions).toHaveLength(45);
    for (const { probabilities } of predictions) {
      const sum = (Object.values(probabilities) as number[]).reduce((a, b) => a + b, 0);
      expect(sum).toBeCloseTo(1);
    }
    const model = google.buckets.json("gs://run-bucket/runs/r1/train/model.json");
    expect(model.classes).toEqual(["setosa", "versicolor", "virginica"]);
    expect(model.metrics.accuracy).toBeGreaterThanOrEqual(0.95);
    expect(model.metrics.iterations).toBeLessThan(2_000);
    expect(google.buckets.json("gs://run-bucket/runs/r1/steps/infer.json").outputs.accuracy).toBe(metrics.accuracy);
  });

  test.each(inDepth([2, 3, 4], [2]))("is as good with seed %i", async (seed) => {
    await start.post({ run: "r", parameters: { ...parameters, seed, maxIterations: 200 } });
    await dispatchAll(google, routes);
    expect(google.buckets.json("gs://run-bucket/runs/r/infer/metrics.json").accuracy).toBeGreaterThanOrEqual(0.9);
  });

  test("holds out each class in proportion and standardises with the training rows alone", async () => {
    await start.post({ run: "r", parameters: quick });
    await dispatchAll(google, routes);
    const read = (file: string) => google.buckets.json(`gs://run-bucket/runs/r/preprocess/${file}.json`);
    const [training, held] = [read("train"), read("test")];
    const count = (label: string) => held.rows.filter((row: { label: string }) => row.label === label).length;
    expect(["setosa", "versicolor", "virginica"].map(count)).toEqual([15, 15, 15]);
    for (const j of [0, 1, 2, 3]) {
      const values: number[] = training.rows.map((row: { x: number[] }) => row.x[j]);
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      expect(mean).toBeCloseTo(0);
      expect(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length).toBeCloseTo(1);
    }
    expect(read("statistics")).toMatchObject({ rows: 150, train: 105, test: 45 });
    // Unstandardised, the rows of both parts are the file's.
    const raw = (set: typeof held) =>
      set.rows.map(({ x, label }: { x: number[]; label: string }) =>
        [...x.map((value, j) => (value * set.scaling.deviation[j] + set.scaling.mean[j]).toFixed(1)), label].join(),
      );
    const lines = iris.trim().split("\n").slice(1).sort();
    expect([...raw(training), ...raw(held)].sort()).toEqual(lines);
  });

  test("gives the same files for the same seed, and others for another", async () => {
    for (const [run, seed] of Object.entries({ a: 7, b: 7, c: 8 })) {
      await start.post({ run, parameters: { ...quick, seed } });
    }
    await dispatchAll(google, routes);
    const model = (run: string) => google.buckets.text(`gs://run-bucket/runs/${run}/train/model.json`);
    expect(model("a")).toBe(model("b"));
    expect(model("a")).not.toBe(model("c"));
  });

  test.each([
    [
      "every answer of the first attempts is lost",
      (google: FakeGoogle) => google.failNext(/upload.*steps%2F/, { drop: true, after: true }),
    ],
    [
      "markers cannot be written at first",
      (google: FakeGoogle) => google.failNext(/upload.*steps%2F/, ...Array(3).fill({ status: 503 })),
    ],
    [
      "the next step cannot be enqueued at first",
      (google: FakeGoogle) => google.failNext(/cloudtasks/, ...Array(3).fill({ status: 503 })),
    ],
    [
      "enqueueing is denied once",
      (google: FakeGoogle) => google.failNext(/cloudtasks/, { status: 403, reason: "PERMISSION_DENIED" }),
    ],
    [
      "a file cannot be written at first",
      (google: FakeGoogle) => google.failNext(/upload.*model/, ...Array(3).fill({ status: 500 })),
    ],
  ])("ends although %s", async (_name, spoil) => {
    await start.post({ run: "r", parameters: quick });
    spoil(google);
    await dispatchAll(google, routes, { duplicates: 2 });
    expect(google.buckets.uris.filter((uri) => uri.includes("/steps/"))).toHaveLength(3);
    expect(google.tasks.size).toBe(3);
    expect(google.published).toEqual([]);
  });
});

describe("pipeline-start", () => {
  test("writes down steps and parameters and enqueues what waits for nothing", async () => {
    await start.post({ run: "r1", parameters, scheduleTime: "2026-12-01T00:00:00Z" });
    expect(google.buckets.json("gs://run-bucket/runs/r1/run.json")).toEqual({
      run: "r1",
      steps: JSON.parse(environments["pipeline-start"].STEPS),
      parameters,
    });
    expect([...google.tasks.values()]).toEqual([
      {
        name: expect.stringMatching(/\/queues\/pipeline\/tasks\/[0-9a-f]{16}-r1-preprocess$/),
        dispatchDeadline: "300s",
        scheduleTime: "2026-12-01T00:00:00Z",
        httpRequest: {
          url: "https://preprocess.example.run.app/",
          httpMethod: "POST",
          headers: { "Content-Type": "application/json" },
          body: expect.any(String),
          oidcToken: {
            serviceAccountEmail: "caller@my-project.iam.gserviceaccount.com",
            audience: "https://preprocess.example.run.app",
          },
        },
      },
    ]);
    // What the step would else read of the run.
    const known = { steps: JSON.parse(environments["pipeline-start"].STEPS), parameters, outputs: {} };
    const [body = ""] = [...google.tasks.values()].map(({ httpRequest }) => httpRequest.body);
    expect(JSON.parse(String(Buffer.from(body, "base64")))).toEqual({ run: "r1", step: "preprocess", known });
  });

  test("gives OAuth tokens to Google's own APIs", async () => {
    const other = await startWith([step("call", [], "https://workflowexecutions.googleapis.com/v1/x")]);
    await other.post({ run: "r" });
    await other.stop();
    expect([...google.tasks.values()][0]?.httpRequest).toMatchObject({
      oauthToken: { serviceAccountEmail: "caller@my-project.iam.gserviceaccount.com" },
    });
  });

  test("starts all steps that wait for nothing", async () => {
    const other = await startWith([step("a"), step("b"), step("c", ["a", "b"])]);
    expect((await other.post({ run: "r" })).body.enqueued).toEqual(["a", "b"]);
    await other.stop();
  });

  test("resumes a run that is there, with the steps it began with", async () => {
    await start.post({ run: "r1", parameters });
    const redeployed = await startWith([step("other")]);
    const { status, body } = await redeployed.post({ run: "r1", parameters: { ...parameters } });
    await redeployed.stop();
    expect([status, body.enqueued]).toEqual([202, ["preprocess"]]);
    expect(google.tasks.size).toBe(1);
  });

  test("refuses other parameters for a run that is there", async () => {
    await start.post({ run: "r1", parameters });
    const { status, body } = await start.post({ run: "r1", parameters: { ...parameters, seed: 2 } });
    expect(status).toBe(409);
    expect(body.error).toEqual({
      code: "run_exists",
      message: "Run r1 was started with other parameters; give another id",
    });
  });

  test("makes up an id when called by hand, and takes a task's name for its run", async () => {
    expect((await start.post({ parameters })).body.run).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-/);
    expect((await start.task({ parameters }, { id: "1234567" })).body.run).toBe("1234567");
    const long = await start.task({ parameters }, { id: "x".repeat(300) });
    expect(long.body.run).toMatch(/^[0-9a-f]{16}$/);
    const again = await start.task({ parameters }, { id: "x".repeat(300), retries: 1 });
    expect(again.body.run).toBe(long.body.run);
    expect(google.tasks.size).toBe(3);
  });

  test("goes on after a crash between the run's file and its tasks", async () => {
    google.failNext(/cloudtasks/, ...Array(3).fill({ drop: true }));
    expect((await start.task({ parameters }, { id: "t" })).status).toBe(500);
    expect(google.tasks.size).toBe(0);
    expect((await start.task({ parameters }, { id: "t", retries: 1 })).status).toBe(202);
    expect(google.tasks.size).toBe(1);
  });

  test.each([
    ["a run id with a path", { run: "../x" }, "run: given"],
    ["a run id that is too long", { run: "x".repeat(101) }, "run: given"],
    ["parameters that are no object", { parameters: [1] }, "parameters: given Array"],
    ["a time that is none", { scheduleTime: "tomorrow" }, "scheduleTime: given"],
    ["a day that is none", { scheduleTime: "2026-02-31T00:00:00Z" }, "scheduleTime: given"],
    ["an hour that is none", { scheduleTime: "2026-02-03T24:00:00Z" }, "scheduleTime: given"],
    ["a time in other words", { scheduleTime: "2026-02-03 00:00:00Z" }, "scheduleTime: given"],
    ["a time before Christ", { scheduleTime: "0000-01-01T00:00:00Z" }, "scheduleTime: given"],
    ["a time that is too far", { scheduleTime: inDays(30.1) }, "allowed: an RFC 3339 timestamp, at most 30 days ahead"],
  ])("refuses %s; hands such a task over", async (_name, payload, message) => {
    const { status, body } = await start.post(payload);
    expect([status, body.error.code]).toEqual([400, "invalid_payload"]);
    expect(body.error.message).toContain(message);
    expect((await start.task(payload)).body).toEqual({ deadLetter: "invalid_payload" });
    expect(google.published).toHaveLength(1);
    expect(google.buckets.uris).toEqual([INPUT]);
  });

  test.each(["2024-02-29T23:59:59.123456789Z", "2026-01-31T12:00:00+05:30", inDays(29.9)])("takes %s", async (time) => {
    expect((await start.post({ run: "r", scheduleTime: time })).status).toBe(202);
    expect([...google.tasks.values()].map(({ scheduleTime }) => scheduleTime)).toEqual([time]);
  });

  test("a task comes again with the number that JSON.stringify writes otherwise", async () => {
    const body = '{"run":"r","parameters":{"zero":-0,"much":[1e99]}}';
    for (const retries of [0, 1]) expect((await start.task(body, { retries })).status).toBe(202);
    expect([google.tasks.size, google.published]).toEqual([1, []]);
    const other = await start.post('{"run":"r","parameters":{"zero":0,"much":[1]}}');
    expect([other.status, other.body.error.code]).toEqual([409, "run_exists"]);
  });

  test("prototype keys in parameters do no harm", async () => {
    const body = '{"run":"r","parameters":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}}';
    expect((await start.post(body)).status).toBe(202);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  test.each([
    ["no JSON", "[", 'STEPS is "["; allowed: JSON'],
    ["no steps", "[]", "at least one step"],
    ["a cycle", JSON.stringify([step("a", ["b"]), step("b", ["a"])]), "steps without a cycle"],
    ["a step that waits for itself", JSON.stringify([step("a", ["a"])]), "steps without a cycle"],
    ["an unknown step", JSON.stringify([step("a", ["b"])]), "`after` that names steps of this pipeline"],
    ["two steps of a name", JSON.stringify([step("a"), step("a")]), "steps with different names"],
    [
      "a step called steps",
      JSON.stringify([step("steps")]),
      "allowed at 0.name: a step name like train, other than steps",
    ],
    ["plain http", JSON.stringify([step("a", [], "http://a.example/")]), "allowed at 0.url: an https:// URL"],
  ])("does not start with %s", (_name, STEPS, message) => {
    const read = () => readEnvironment(startEnvironment, { ...environments["pipeline-start"], STEPS });
    expect(read).toThrow(message);
  });
});

describe("a step", () => {
  async function stepped(work: PipelineStepOptions<v.GenericSchema>["work"] = async () => ({})) {
    return serve(
      pipelineStep({ environment: stepEnvironment, services: google.services(), parameters: v.unknown(), work }),
    );
  }

  test("two steps that end at the same time make one task of the next", async () => {
    const other = await startWith([step("a"), step("b"), step("c", ["a", "b"])]);
    await other.post({ run: "r" });
    let arrived = 0;
    let open = () => {};
    const both = new Promise<void>((resolve) => {
      open = resolve;
    });
    const worker = await stepped(async ({ step }) => {
      if (step !== "c" && ++arrived === 2) open();
      await both;
      return { [step]: step };
    });
    const urls = ["a", "b", "c"].map((name) => [`https://${name}.example.run.app/`, worker.url]);
    await dispatchAll(google, Object.fromEntries(urls));
    expect([...google.tasks.keys()].map((name) => name.split("-").at(-1))).toEqual(["a", "b", "c"]);
    expect(google.buckets.uris.filter((uri) => uri.includes("/steps/"))).toHaveLength(3);
    await Promise.all([other.stop(), worker.stop()]);
  });

  test("reads the nearest earlier output of a name", async () => {
    const other = await startWith([step("a"), step("b", ["a"]), step("c", ["b"])]);
    await other.post({ run: "r" });
    const seen: unknown[] = [];
    const worker = await stepped(async ({ step, output }) => {
      if (step === "c") seen.push(output("x"), output("y"));
      return step === "a" ? { x: 1, y: 1 } : { x: 2 };
    });
    const urls = ["a", "b", "c"].map((name) => [`https://${name}.example.run.app/`, worker.url]);
    await dispatchAll(google, Object.fromEntries(urls));
    expect(seen).toEqual([2, 1]);
    await Promise.all([other.stop(), worker.stop()]);
  });

  test("does not work again when its marker is there, but enqueues what may be missing", async () => {
    await start.post({ run: "r", parameters: quick });
    let worked = 0;
    const worker = await stepped(async () => {
      worked++;
      return {};
    });
    google.failNext(/cloudtasks/, ...Array(3).fill({ drop: true }));
    expect((await worker.task({ run: "r", step: "preprocess" })).status).toBe(500);
    expect(google.tasks.size).toBe(1);
    const { body } = await worker.task({ run: "r", step: "preprocess" }, { retries: 3 });
    expect(body).toEqual({ run: "r", step: "preprocess", enqueued: ["train"] });
    expect([worked, google.tasks.size, google.published.length]).toEqual([1, 2, 0]);
    await worker.stop();
  });

  test("a retry keeps the files of the attempt before", async () => {
    await start.post({ run: "r", parameters: quick });
    let attempt = 0;
    const worker = await stepped(async ({ write }) => {
      const file = await write("file.txt", `attempt ${++attempt}`, "text/plain");
      if (attempt === 1) throw new Error("after the write");
      return { file };
    });
    expect((await worker.task({ run: "r", step: "preprocess" })).status).toBe(500);
    expect((await worker.task({ run: "r", step: "preprocess" }, { retries: 1 })).status).toBe(200);
    expect(google.buckets.text("gs://run-bucket/runs/r/preprocess/file.txt")).toBe("attempt 1");
    await worker.stop();
  });

  test.each([
    ["a run that was not started", { run: "none", step: "preprocess" }, "missing_run", "There is no run none"],
    ["a step that the run does not have", { run: "r", step: "deploy" }, "unknown_step", "Run r has no step deploy"],
    ["a run with a path", { run: "../r", step: "train" }, "invalid_payload", "run: given"],
    ["a step with a path", { run: "r", step: "../train" }, "invalid_payload", "step: given"],
    ["a step before its turn", { run: "r", step: "train" }, "missing_input", "Step preprocess of run r is not done"],
  ])("hands over %s", async (_name, payload, code, message) => {
    await start.post({ run: "r", parameters: quick });
    expect((await train.task(payload)).body).toEqual({ deadLetter: code });
    expect(google.published[0]?.attributes).toMatchObject({
      deadLetterReason: code,
      deadLetterMessage: expect.stringContaining(message),
      deadLetterFunction: "train",
    });
  });

  test("hands over when an input names no file of its run", async () => {
    await start.post({ run: "r", parameters: quick });
    for (const [uri, message] of [
      ["gs://other/x.json", "Output train is no object under gs://run-bucket/runs/r/"],
      ["gs://run-bucket/runs/r/preprocess/gone.json", "Output train is no object under"],
    ]) {
      google.buckets.put("gs://run-bucket/runs/r/steps/preprocess.json", JSON.stringify({ outputs: { train: uri } }));
      await train.task({ run: "r", step: "train" });
      expect(google.published.at(-1)?.attributes).toMatchObject({
        deadLetterReason: "missing_input",
        deadLetterMessage: expect.stringContaining(message ?? ""),
      });
    }
    google.buckets.put("gs://run-bucket/runs/r/steps/preprocess.json", JSON.stringify({ outputs: {} }));
    await train.task({ run: "r", step: "train" });
    expect(google.published.at(-1)?.attributes.deadLetterMessage).toBe(
      "No step before train of run r has an output train",
    );
  });

  test.each([
    ["another bucket", { input: "gs://other/inputs/a.csv" }, "input: given"],
    ["a path outside of inputs", { input: "gs://run-bucket/runs/r/a.csv" }, "a path like gs://run-bucket/inputs/"],
    ["a path upwards", { input: "gs://run-bucket/inputs/../runs/a.csv" }, 'without empty, "." or ".."'],
    ["another format", { input: "gs://run-bucket/inputs/a.txt" }, "a path that ends with .csv"],
    ["too large a fraction", { testFraction: 0.6 }, "testFraction: given 0.6; allowed: <=0.5"],
    ["a broken seed", { seed: 0.5 }, "seed: given 0.5"],
  ])("preprocess hands over %s", async (_name, change, message) => {
    await start.post({ run: "r", parameters: { ...quick, ...change } });
    await dispatchAll(google, routes);
    expect(google.published[0]?.attributes).toMatchObject({ deadLetterReason: "invalid_payload" });
    expect(google.published[0]?.attributes.deadLetterMessage).toContain(message);
  });

  test.each([
    ["a missing file", undefined, "missing_object", "There is no object gs://run-bucket/inputs/iris.csv"],
    ["an empty file", "", "malformed_csv", "The CSV needs a header and rows"],
    ["a header alone", "a,species\n", "malformed_csv", "The CSV needs a header and rows"],
    ["a ragged row", "a,species\n1,x\n1,2,x\n", "malformed_csv", "Line 3 is not valid CSV"],
    [
      "text for a number",
      "a,species\n1,x\nmany,y\n,z\n",
      "invalid_rows",
      '2 problems in the CSV: line 3: a is "many", no number; line 4: a is "", no number',
    ],
    ["a row without a label", "a,species\n1,\n2,y\n", "invalid_rows", "line 2: species is empty"],
    ["no label column", "a,b\n1,2\n", "invalid_rows", "Given label species; allowed: a column of a, b"],
    ["no feature", "species\nx\ny\n", "invalid_rows", "The CSV needs a feature column beside the label"],
    ["one class", "a,species\n1,x\n2,x\n", "invalid_rows", "The input holds 1 classes; allowed: 2 to 100"],
    [
      "more classes than are sensible",
      `a,species\n${Array.from({ length: 101 }, (_, i) => `1,c${i}\n`).join("")}`,
      "invalid_rows",
      "The input holds 101 classes; allowed: 2 to 100",
    ],
    [
      "numbers whose squares overflow",
      "a,species\n-1e101,x\n1e100,y\n",
      "invalid_rows",
      '1 problem in the CSV: line 2: a is "-1e101", beyond 1e+100',
    ],
    [
      "numbers that a double does not hold, or that are not decimal",
      "a,species\n1234567890123456789,x\n0x1F,y\n1e-400,x\n",
      "invalid_rows",
      '3 problems in the CSV: line 2: a is "1234567890123456789", which a double does not hold exactly; line 3: a is "0x1F", no number; line 4: a is "1e-400", which a double',
    ],
    [
      "classes in Windows-1252",
      Buffer.from("a,species\n1,Z\u00fcrich\n2,Z\u00f6rich\n", "latin1"),
      "wrong_encoding",
      "The CSV is not in UTF-8: the byte at offset 13 (line 2) is 0xfc; allowed: text in UTF-8",
    ],
    [
      "UTF-16",
      Buffer.from("\ufeffa,species\n1,x\n2,y\n", "utf16le"),
      "wrong_encoding",
      "The CSV is in UTF-16LE, by its byte",
    ],
    ["too few rows", "a,species\n1,x\n2,y\n", "invalid_rows", "2 rows are too few to hold out 0.3"],
    [
      "too large a file",
      "x".repeat(8 * 1024 ** 2 + 1),
      "payload_too_large",
      "has more than 8388608 bytes, which are allowed",
    ],
  ])("preprocess hands over %s", async (_name, content, code, message) => {
    if (content === undefined) google.buckets.delete(INPUT);
    else google.buckets.put(INPUT, content);
    await start.post({ run: "r", parameters: quick });
    await dispatchAll(google, routes);
    expect(google.published[0]?.attributes).toMatchObject({ deadLetterReason: code });
    expect(google.published[0]?.attributes.deadLetterMessage).toContain(message);
    expect(google.tasks.size).toBe(1);
  });

  test("preprocess hands over a compressed file, whose size is not that of its rows", async () => {
    google.buckets.put(INPUT, "x", "gzip");
    await start.post({ run: "r", parameters: quick });
    await dispatchAll(google, routes);
    expect(google.published[0]?.attributes).toMatchObject({
      deadLetterReason: "unsupported_encoding",
      deadLetterMessage: `${INPUT} has Content-Encoding gzip; allowed: none, since it is read in ranges of bytes`,
    });
  });

  test("a feature that never varies is no trouble, and the last column is the label by default", async () => {
    google.buckets.put(INPUT, `a,b,kind\n${"1,1,x\n9,1,y\n".repeat(10)}`);
    await start.post({ run: "r", parameters: { input: INPUT } });
    await dispatchAll(google, routes);
    expect(google.buckets.json("gs://run-bucket/runs/r/infer/metrics.json").accuracy).toBe(1);
  });

  test("train hands over parameters out of range", async () => {
    await start.post({ run: "r", parameters: { ...parameters, maxIterations: 0 } });
    await dispatchAll(google, routes);
    expect(google.published[0]?.attributes.deadLetterMessage).toContain("maxIterations: given 0; allowed: >=1");
  });

  test("infer hands over a model of other features", async () => {
    await start.post({ run: "r", parameters: quick });
    await dispatchAll(google, routes);
    const file = "gs://run-bucket/runs/r/train/model.json";
    google.buckets.put(file, JSON.stringify({ ...google.buckets.json(file), features: ["a"] }));
    google.buckets.delete("gs://run-bucket/runs/r/steps/infer.json");
    await infer.task({ run: "r", step: "infer" });
    expect(google.published[0]?.attributes).toMatchObject({
      deadLetterReason: "model_mismatch",
      deadLetterMessage: expect.stringMatching(/^The model was trained on a; the rows have sepal_length, /),
    });
  });
});
