import * as v from "valibot";
import { environmentSchema, type Job } from "../../functions/pipeline-job/environment";
import { createHandler } from "../../functions/pipeline-job/handler";
import { environmentSchema as startEnvironment } from "../../functions/pipeline-start/environment";
import { createHandler as createStart } from "../../functions/pipeline-start/handler";
import { readEnvironment } from "../../functions/shared/environment";
import { stepEnvironmentSchema } from "../../functions/shared/pipeline/environment";
import { pipelineStep } from "../../functions/shared/pipeline/step";
import { REDRIVE_COUNT, REDRIVE_TASK } from "../../functions/shared/redrive";
import { inDepth } from "../support/deep";
import { type TimedOptions, TimedQueue } from "../support/dispatch-in-time";
import { environments } from "../support/environments";
import { FakeGoogle } from "../support/fake-google";
import { type Death, Mortal } from "../support/mortal";
import { type Served, serve } from "../support/serve";

const LOCATION = "projects/my-project/locations/us-central1";
const MINUTE = 60_000;
/** Milliseconds of a job that is asked after once; in the long form thrice. */
const SHORT = inDepth(90_000, 20_000);

const jobs = {
  run: { kind: "run", job: `${LOCATION}/jobs/train`, args: ["--input={inputs.rows}", "{parameters.label}"] },
  vertexTraining: {
    kind: "vertexTraining",
    location: LOCATION,
    labels: { stack: "pipeline" },
    jobSpec: {
      serviceAccount: "trainer@my-project.iam.gserviceaccount.com",
      workerPoolSpecs: [
        {
          machineSpec: { machineType: "n1-standard-4" },
          replicaCount: "1",
          containerSpec: { imageUri: "example/image", args: ["{output}"], env: [{ name: "RUN", value: "{run}" }] },
        },
      ],
    },
  },
  batchPrediction: {
    kind: "batchPrediction",
    location: LOCATION,
    job: {
      model: `${LOCATION}/models/1`,
      inputConfig: { instancesFormat: "jsonl", gcsSource: { uris: ["{inputs.rows}"] } },
      outputConfig: { predictionsFormat: "jsonl", gcsDestination: { outputUriPrefix: "{output}" } },
    },
  },
  dataflow: {
    kind: "dataflow",
    location: LOCATION,
    template: { kind: "classic", path: "gs://templates/word-count" },
    namePrefix: "count",
    parameters: { input: "{inputs.rows}", output: "{output}/counts" },
    environment: { tempLocation: "gs://temp/tmp" },
  },
} satisfies Record<string, Job>;

type Kind = keyof typeof jobs;
const kinds = Object.keys(jobs) as Kind[];

/** What the fake knows of a job by the kind of the step. */
const collections = {
  run: "run",
  vertexTraining: "customJobs",
  batchPrediction: "batchPredictionJobs",
  dataflow: "dataflow",
} as const;

const url = (step: string) => `https://${step}.example.run.app/`;
const step = (name: string, after: string[]) => ({ name, url: url(name), after, deadlineSeconds: 300 });

let google: FakeGoogle;
let start: Served;
/** The steps before and after the job. */
let other: Served;
let seen: Record<string, unknown>[] = [];

beforeAll(async () => {
  google = await FakeGoogle.start();
  const steps = [step("read", []), step("train", ["read"]), step("use", ["train"])];
  start = await serve(
    createStart(
      readEnvironment(startEnvironment, { ...environments["pipeline-start"], STEPS: JSON.stringify(steps) }),
      google.services("pipeline-start"),
    ),
  );
  other = await serve(
    pipelineStep({
      environment: readEnvironment(stepEnvironmentSchema, environments["pipeline-train"]),
      services: google.services("other"),
      parameters: v.unknown(),
      work: async ({ step: name, all }) => {
        if (name === "use") seen.push(all());
        return name === "read" ? { rows: "gs://run-bucket/runs/r/read/rows.jsonl" } : {};
      },
    }),
  );
});
beforeEach(() => {
  google.reset();
  seen = [];
});
afterAll(() => Promise.all([start, other, google].map((server) => server.stop())));

const environmentOf = (job: Job, more: Record<string, string> = {}) =>
  readEnvironment(environmentSchema, { ...environments["pipeline-job"], JOB: JSON.stringify(job), ...more });

interface RunOptions extends TimedOptions {
  readonly deaths?: readonly Death[];
  readonly environment?: Record<string, string>;
  /** Of the run. */
  readonly parameters?: Record<string, unknown>;
}

/** Runs the pipeline `r` to its end. */
async function run(job: Job, { deaths, environment, before, parameters, ...options }: RunOptions = {}) {
  const mortal = new Mortal(google.services("pipeline-job"), deaths);
  const train = await serve(createHandler(environmentOf(job, environment), mortal.services));
  const routes = { [url("read")]: other.url, [url("use")]: other.url, [url("train")]: train.url };
  const queue = new TimedQueue(google, routes);
  await start.post({ run: "r", parameters: { label: "species", ...parameters } });
  const deliveries = await queue.run({
    ...options,
    before: () => {
      mortal.revive();
      before?.();
    },
  });
  await train.stop();
  return { deliveries, requests: mortal.requests, queue };
}

const marker = (name: string) => google.buckets.json(`gs://run-bucket/runs/r/steps/${name}.json`).outputs;
const isDone = (name: string) => google.buckets.uris.includes(`gs://run-bucket/runs/r/steps/${name}.json`);

/** Jobs that ran, and whether each step ended once. */
const jobsOf = (kind: Kind) => google.longJobs.all.filter((job) => job.kind === collections[kind]);

test.each(kinds)("a %s job is started, followed to its end, and its outputs go on", async (kind) => {
  google.longJobs.fate = { takes: SHORT };
  google.buckets.put(
    "gs://run-bucket/runs/r/train/outputs.json",
    '{"model":"gs://run-bucket/runs/r/train/model.json"}',
  );
  const { deliveries } = await run(jobs[kind]);
  expect(deliveries.every(({ status }) => status === 200)).toBe(true);
  const [job, ...more] = jobsOf(kind);
  expect(more).toEqual([]);
  const outputs = {
    job: job?.name,
    output: "gs://run-bucket/runs/r/train",
    model: "gs://run-bucket/runs/r/train/model.json",
  };
  const predicted = { predictions: "gs://run-bucket/runs/r/train/prediction-1", predicted: 7, failed: 1 };
  expect(marker("train")).toEqual(kind === "batchPrediction" ? { ...outputs, ...predicted } : outputs);
  expect(seen).toEqual([expect.objectContaining(outputs)]);
  expect(google.published).toEqual([]);
});

test("asks after 30 seconds, and later after a tenth of the time, at most 5 minutes", async () => {
  google.longJobs.fate = { takes: inDepth(120, 8) * MINUTE };
  const { deliveries } = await run(jobs.run);
  const questions = deliveries.filter(({ task }) => task.includes("-train-p"));
  const waits = questions.map(({ time }, n) => Math.round((time - (questions[n - 1]?.time ?? 0)) / 1_000));
  expect(waits.slice(0, 12)).toEqual([...Array(10).fill(30), 30, 33]);
  expect(Math.max(...waits)).toBe(inDepth(300, 44));
});

describe("what a job is given", () => {
  const variables = (env: { name: string; value: string }[]) =>
    Object.fromEntries(env.map(({ name, value }) => [name, value]));
  const own = {
    PIPELINE_JOB: "gs://run-bucket/runs/r/train/job.json",
    PIPELINE_OUTPUT: "gs://run-bucket/runs/r/train",
    PIPELINE_RUN: "r",
    PIPELINE_STEP: "train",
  };
  const rows = "gs://run-bucket/runs/r/read/rows.jsonl";
  beforeEach(() => {
    google.longJobs.fate = { takes: 1 };
  });

  test("an execution of a Cloud Run job", async () => {
    await run({ ...jobs.run, environment: { ROWS: "{inputs.rows}" } });
    const [override] = jobsOf("run")[0]?.request.overrides.containerOverrides ?? [];
    expect(override.args).toEqual([`--input=${rows}`, "species"]);
    expect(variables(override.env)).toEqual({
      ...own,
      ROWS: rows,
      PIPELINE_KEY: expect.stringMatching(/^s[0-9a-f]{16}$/),
    });
  });

  test("a custom job of Vertex AI", async () => {
    await run(jobs.vertexTraining);
    const { displayName, labels, jobSpec } = jobsOf("vertexTraining")[0]?.request ?? {};
    expect([displayName, labels]).toEqual([
      "train-r",
      { stack: "pipeline", pipeline_step: expect.stringMatching(/^s[0-9a-f]{16}$/) },
    ]);
    const { containerSpec, ...pool } = jobSpec.workerPoolSpecs[0];
    expect(pool).toEqual({ machineSpec: { machineType: "n1-standard-4" }, replicaCount: "1" });
    expect(containerSpec.args).toEqual(["gs://run-bucket/runs/r/train"]);
    expect(variables(containerSpec.env)).toEqual({ ...own, RUN: "r" });
  });

  test("a batch prediction", async () => {
    await run(jobs.batchPrediction);
    expect(jobsOf("batchPrediction")[0]?.request).toMatchObject({
      displayName: "train-r",
      model: `${LOCATION}/models/1`,
      inputConfig: { instancesFormat: "jsonl", gcsSource: { uris: [rows] } },
      outputConfig: { gcsDestination: { outputUriPrefix: "gs://run-bucket/runs/r/train" } },
    });
  });

  test("a Dataflow template", async () => {
    await run(jobs.dataflow);
    expect(jobsOf("dataflow")[0]?.request).toEqual({
      jobName: expect.stringMatching(/^count-s[0-9a-f]{16}$/),
      parameters: { input: rows, output: "gs://run-bucket/runs/r/train/counts" },
      environment: { tempLocation: "gs://temp/tmp" },
    });
  });

  const TEXT = `"a" \\n \\u0041 \n\r\t\u0000 é 😀 \u2028 {run} {{ x }} %} $\{y}`;

  test("variables of a Beam YAML pipeline: any text stays what it is, and values keep their form", async () => {
    const parameters = { text: TEXT, [TEXT]: TEXT, list: ["a", { [TEXT]: [1.5, null, true] }], share: 0.25 };
    await run(
      {
        ...jobs.dataflow,
        template: { kind: "flex", path: "gs://templates/Yaml_Template" },
        parameters: { yaml_pipeline_file: "gs://pipelines/clean.yaml" },
        variables: {
          input: "{inputs.rows}",
          output: "{output}",
          text: "{parameters.text}",
          within: { "{run}": ["<{parameters.text}>", "{parameters.list}{parameters.share}"] },
          list: "{parameters.list}",
          share: "{parameters.share}",
          number: 3,
        },
      },
      { parameters },
    );
    const { yaml_pipeline_file, jinja_variables } = jobsOf("dataflow")[0]?.request.launchParameter.parameters ?? {};
    expect(yaml_pipeline_file).toBe("gs://pipelines/clean.yaml");
    expect(JSON.parse(jinja_variables)).toEqual({
      input: rows,
      output: "gs://run-bucket/runs/r/train",
      text: TEXT,
      within: { "{run}": [`<${TEXT}>`, `${JSON.stringify(parameters.list)}0.25`] },
      list: parameters.list,
      share: 0.25,
      number: 3,
    });
  });

  test("its file", async () => {
    await run(jobs.run);
    expect(google.buckets.json(own.PIPELINE_JOB)).toEqual({
      run: "r",
      step: "train",
      parameters: { label: "species" },
      inputs: { rows },
      output: own.PIPELINE_OUTPUT,
    });
  });
});

describe("a job is started once, its step ends once, and the next step begins", () => {
  const expectOne = (kind: Kind) => {
    expect(jobsOf(kind)).toHaveLength(1);
    expect([isDone("train"), isDone("use"), google.published]).toEqual([true, true, []]);
    expect(seen.length).toBeGreaterThanOrEqual(1);
  };
  beforeEach(() => {
    google.longJobs.fate = { takes: SHORT };
  });

  test.each(inDepth(kinds, ["run", "dataflow"] as Kind[]))("wherever the function of a %s job dies", async (kind) => {
    const { requests } = await run(jobs[kind]);
    const points = Array.from({ length: requests }, (_, index) => index + 1);
    // In the short form, each kind dies at other requests.
    const chosen = points.filter((at) => inDepth(true, at % 24 === 5 * kinds.indexOf(kind) + 6));
    for (const at of chosen) {
      for (const when of ["before", "after"] as const) {
        google.reset();
        google.longJobs.fate = { takes: SHORT };
        await run(jobs[kind], { deaths: [{ at, when }] });
        expectOne(kind);
      }
    }
  });

  test.each(inDepth(kinds, kinds.slice(0, 1)))(
    "although the function of a %s job dies again and again",
    async (kind) => {
      for (const gap of inDepth([2, 3, 5, 7, 11, 13], [7])) {
        google.reset();
        google.longJobs.fate = { takes: SHORT };
        const deaths = Array.from({ length: 4 }, (_, n) => ({ at: gap * (n + 1), when: "after" as const }));
        await run(jobs[kind], { deaths, environment: { MAX_ATTEMPTS: "12" }, attempts: 20 });
        expectOne(kind);
      }
    },
  );

  test.each(inDepth(kinds, ["vertexTraining"] as Kind[]))(
    "although each task of a %s job comes three times at once",
    async (kind) => {
      // Slow enough that nobody finds the job of another.
      google.failNext(/^POST .*(:run|:launch.*|Jobs)$/, ...Array(3).fill({ delay: 150 }));
      await run(jobs[kind], { duplicates: 3 });
      expectOne(kind);
    },
  );

  test.each<[string, object]>([
    ["comes after the job was started", { drop: true, after: true }],
    ["comes before it was", { drop: true }],
    ["is a 503 after the job was started", { status: 503, after: true }],
    ["is a 429", { status: 429, reason: "RESOURCE_EXHAUSTED" }],
    ["is a 403", { status: 403, reason: "PERMISSION_DENIED" }],
  ])("although the failure of the request %s", async (_name, fault) => {
    google.failNext(/:run$/, fault);
    const { deliveries } = await run(jobs.run);
    expectOne("run");
    // A refused request is repeated at once; for an open one the lease must be over.
    const started = deliveries.find(({ task }) => task.endsWith("-train-p1"));
    const waited = (started?.time ?? 0) / 1_000;
    if ("status" in fault && !("after" in fault)) expect(waited).toBeLessThan(60);
    else expect(waited).toBeGreaterThanOrEqual(180);
  });

  test("although an execution is on the third page", async () => {
    google.longJobs.perPage = 1;
    google.failNext(/:run$/, { drop: true, after: true });
    let isCrowded = false;
    await run(jobs.run, {
      before: () => {
        const [first] = jobsOf("run");
        if (!first || isCrowded) return;
        isCrowded = true;
        const stranger = { ...first, request: { overrides: { containerOverrides: [{ env: [], args: [] }] } } };
        google.longJobs.all.push({ ...stranger, name: `${first.name}-2` }, { ...stranger, name: `${first.name}-3` });
      },
    });
    expect(jobsOf("run")).toHaveLength(3);
    expect(marker("train").job).toBe(jobsOf("run")[0]?.name);
  });
});

describe("the step fails", () => {
  const letter = () =>
    google.published.map(({ attributes }) => [attributes.deadLetterReason, attributes.deadLetterMessage]);

  test.each(inDepth(kinds, ["vertexTraining", "dataflow"] as Kind[]))("with the error of its %s job", async (kind) => {
    google.longJobs.fate = { takes: SHORT, error: "The replica ran out of memory" };
    await run(jobs[kind]);
    const name = jobsOf(kind)[0]?.name;
    expect(letter()).toEqual([["job_failed", expect.stringContaining("The replica ran out of memory")]]);
    expect(letter()[0]?.[1]).toMatch(new RegExp(`^${name} failed: `));
    expect([isDone("train"), jobsOf(kind).length]).toEqual([false, 1]);
  });

  test.each(inDepth(kinds, ["run", "vertexTraining", "dataflow"] as Kind[]))(
    "when its %s job takes too long, and the job is cancelled",
    async (kind) => {
      google.longJobs.fate = { takes: 600 * MINUTE };
      await run(jobs[kind], { environment: { MAX_DURATION_SECONDS: "75" } });
      const [job] = jobsOf(kind);
      expect(letter()).toEqual([["job_timed_out", `${job?.name} has not ended within 75 seconds`]]);
      expect((job?.cancelled ?? 0) - (job?.created ?? 0)).toBe(75_000);
    },
  );

  test("with the same reason, wherever the function dies while it cancels", async () => {
    const options = { environment: { MAX_DURATION_SECONDS: "60" } };
    google.longJobs.fate = { takes: 600 * MINUTE };
    const { requests } = await run(jobs.run, options);
    // The last requests: record, cancel, note and dead letter.
    for (const at of inDepth([4, 3, 2, 1], [2]).map((before) => requests - before)) {
      google.reset();
      google.longJobs.fate = { takes: 600 * MINUTE };
      await run(jobs.run, { ...options, deaths: [{ at, when: "after" }] });
      expect(letter()).toEqual([["job_timed_out", expect.stringContaining("within 60 seconds")]]);
      expect(jobsOf("run")[0]?.cancelled).toBeDefined();
    }
  });

  test("although the job cannot be cancelled", async () => {
    google.longJobs.fate = { takes: 600 * MINUTE };
    google.failNext(/:cancel$/, ...Array(20).fill({ status: 403, reason: "PERMISSION_DENIED" }));
    await run(jobs.run, { environment: { MAX_DURATION_SECONDS: "60" } });
    expect(letter()).toEqual([["job_timed_out", expect.anything()]]);
    expect(google.log.map(({ message }) => message)).toContainEqual(expect.stringContaining("could not be cancelled"));
  });

  test("when the service refuses the job", async () => {
    google.failNext(/customJobs$/, {
      status: 400,
      reason: "INVALID_ARGUMENT",
      message: "Machine type is not supported",
    });
    await run(jobs.vertexTraining);
    expect(letter()).toEqual([["job_refused", expect.stringContaining("Machine type is not supported")]]);
    expect(jobsOf("vertexTraining")).toEqual([]);
  });

  test("when nobody can be asked about the job for an hour; the job goes on", async () => {
    google.longJobs.fate = { takes: 600 * MINUTE };
    google.failNext(/GET run.*executions\/e\w+$/, ...Array(400).fill({ status: 503 }));
    const { deliveries } = await run(jobs.run, { environment: { POLL_INTERVAL_SECONDS: "600" } });
    expect(letter()).toEqual([["job_unknown", expect.stringMatching(/No answer about .* for an hour; it may go on/)]]);
    expect((deliveries.at(-1)?.time ?? 0) / MINUTE).toBeGreaterThanOrEqual(60);
    expect(jobsOf("run")[0]?.cancelled).toBeUndefined();
  });

  test("when the job is deleted", async () => {
    google.longJobs.fate = { takes: 600 * MINUTE };
    await run(jobs.run, {
      environment: { POLL_INTERVAL_SECONDS: "600" },
      before: () => {
        if (google.longJobs.now() > Date.UTC(2026, 0, 1, 0, 20)) google.longJobs.all.length = 0;
      },
    });
    expect(letter()).toEqual([["job_failed", expect.stringContaining("does not exist any more")]]);
  });

  test("when no request to start the job is answered", async () => {
    google.failNext(/:run$/, ...Array(50).fill({ drop: true }));
    await run(jobs.run);
    expect(letter()).toEqual([["attempts_spent", "All 3 attempts to start the job ended without an answer"]]);
    expect(jobsOf("run")).toEqual([]);
  });

  test.each<[string, Job, string, string]>([
    ["an output that no step has", { ...jobs.run, args: ["{inputs.none}"] }, "missing_input", "output none"],
    ["a parameter that the run lacks", { ...jobs.run, args: ["{parameters.x}"] }, "invalid_payload", "no parameter x"],
    ["an unknown placeholder", { ...jobs.run, args: ["{nothing}"] }, "unknown_placeholder", "{nothing}"],
    ["the element of no list", { ...jobs.run, args: ["{element}"] }, "unknown_placeholder", "{element}"],
  ])("for %s", async (_name, job, code, message) => {
    await run(job);
    expect(letter()).toEqual([[code, expect.stringContaining(message)]]);
    expect(jobsOf("run")).toEqual([]);
  });

  test("for outputs that are no object", async () => {
    google.longJobs.fate = { takes: 1 };
    google.buckets.put("gs://run-bucket/runs/r/train/outputs.json", "[1]");
    await run(jobs.run);
    expect(letter()).toEqual([["invalid_payload", expect.stringContaining("outputs.json")]]);
  });
});

describe("after a failure", () => {
  const letters = () => google.published.map(({ attributes }) => attributes.deadLetterReason);
  /** Headers of a task that Cloud Tasks delivers now. */
  const task = (name: string) => ({
    "X-CloudTasks-QueueName": "pipeline",
    "X-CloudTasks-TaskName": name,
    "X-CloudTasks-TaskETA": String(google.longJobs.now() / 1_000),
  });

  /**
   * Runs the pipeline to its failure, lets something happen, delivers what is new, and gives the
   * jobs.
   */
  async function runAgain(environment: Record<string, string>, again: (train: Served) => Promise<unknown>) {
    const train = await serve(createHandler(environmentOf(jobs.run, environment), google.services("pipeline-job")));
    const routes = { [url("read")]: other.url, [url("use")]: other.url, [url("train")]: train.url };
    const queue = new TimedQueue(google, routes);
    await start.post({ run: "r", parameters: { label: "species" } });
    await queue.run();
    google.longJobs.fate = { takes: MINUTE };
    await again(train);
    await queue.run();
    await train.stop();
    return jobsOf("run");
  }

  test("a redriven task starts another job, and follows it", async () => {
    google.longJobs.fate = { takes: MINUTE, error: "out of memory" };
    const ran = await runAgain({}, async (train) => {
      const [letter] = google.published;
      const first = String(letter?.attributes.deadLetterTask);
      const headers = { ...task(`${first}-again`), [REDRIVE_TASK]: first, [REDRIVE_COUNT]: "1" };
      // Twice: deliveries repeat.
      for (let n = 0; n < 2; n++) expect((await train.post(letter?.data ?? "", headers)).status).toBe(200);
    });
    expect([ran.length, isDone("train"), isDone("use"), letters()]).toEqual([2, true, true, ["job_failed"]]);
    expect(marker("train").job).toBe(ran[1]?.name);
  });

  test("a resume starts another job", async () => {
    google.longJobs.fate = { takes: MINUTE, error: "out of memory" };
    const ran = await runAgain({}, (train) => train.post({ run: "r", step: "train", resume: 1 }, task("resumed")));
    expect([ran.length, isDone("use"), letters()]).toEqual([2, true, ["job_failed"]]);
  });

  test("a resume follows the job that nobody could be asked about", async () => {
    google.longJobs.fate = { takes: 200 * MINUTE };
    google.failNext(/GET run.*executions\/e\w+$/, ...Array(4 * 3).fill({ status: 503 }));
    const environment = { POLL_INTERVAL_SECONDS: "900" };
    const ran = await runAgain(environment, (train) =>
      train.post({ run: "r", step: "train", resume: 1 }, task("resumed")),
    );
    expect([ran.length, isDone("use"), letters()]).toEqual([1, true, ["job_unknown"]]);
  });

  test("another delivery of the task that failed starts nothing", async () => {
    google.longJobs.fate = { takes: MINUTE, error: "out of memory" };
    const ran = await runAgain({}, (train) => train.post({ run: "r", step: "train" }, task("late")));
    expect([ran.length, isDone("use"), letters()]).toEqual([1, false, ["job_failed", "job_failed"]]);
  });
});

test("other text in braces is no placeholder", async () => {
  google.longJobs.fate = { takes: 1 };
  await run({ ...jobs.run, args: ['{"a": {"b": 1}}', "${HOME} {A} { run }"] });
  expect(jobsOf("run")[0]?.request.overrides.containerOverrides[0].args).toEqual([
    '{"a": {"b": 1}}',
    "${HOME} {A} { run }",
  ]);
});

test.each([
  ["no JSON", "{", "JSON"],
  ["another kind", '{"kind":"spark"}', "a job of kind run, vertexTraining, batchPrediction or dataflow"],
  ["a job's short name", '{"kind":"run","job":"train"}', "a job's name like projects/P/locations/L/jobs/J"],
])("does not start with %s as its job", (_name, JOB, message) => {
  expect(() => readEnvironment(environmentSchema, { ...environments["pipeline-job"], JOB })).toThrow(message);
});
