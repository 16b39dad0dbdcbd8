import { PermanentError } from "../../functions/shared/errors";
import { inDepth } from "../support/deep";
import { type Context, MemoryPipeline, numbers, stepOf, type Works } from "../support/memory-pipeline";

const cut = stepOf("cut", []);
const each = (more: object = {}) => stepOf("each", ["cut"], { forEach: "shards", ...more });
const sum = stepOf("sum", ["each"]);

let pipeline: MemoryPipeline;
/** Work by `step` or `step/index` that fails; each as often as it was done. */
let broken: Set<string>;
let worked: string[];

/** Starts run `r`; everything that is broken fails for good. */
async function begin(count: number, steps: object[] = [cut, each(), sum], works: Works = {}): Promise<void> {
  worked = [];
  const failing = (work: (context: Context) => unknown) => (context: Context) => {
    const key = context.index === undefined ? context.step : `${context.step}/${context.index}`;
    worked.push(key);
    if (broken.has(key)) throw new PermanentError("broken", `${key} is broken`);
    return work(context);
  };
  pipeline = new MemoryPipeline(steps, {
    cut: failing(() => ({ shards: numbers(count) })),
    each: failing(({ element }) => ({ twice: 2 * Number(element) })),
    sum: failing(({ output }) => ({ all: output("twice") })),
    ...works,
  });
  await pipeline.start();
  await pipeline.deliver();
}

beforeEach(() => {
  broken = new Set();
});

const status = async () => (await pipeline.start({ status: true })).body;
const resume = () => pipeline.start({ resume: true });
const time = expect.stringMatching(/^2026-01-01T00:/);

describe("status", () => {
  test("tells what each step does, since when, and its outputs", async () => {
    await begin(3);
    expect(await pipeline.start({ status: true })).toEqual({
      status: 200,
      body: {
        run: "r",
        state: "done",
        folder: "gs://run-bucket/runs/r/",
        steps: {
          cut: {
            state: "done",
            since: time,
            outputs: { shards: [0, 1, 2] },
            marker: "gs://run-bucket/runs/r/steps/cut.json",
          },
          each: {
            state: "done",
            since: time,
            elements: { count: 3, done: 3, failed: 0, pending: 0 },
            outputs: { twice: [0, 2, 4] },
            marker: "gs://run-bucket/runs/r/steps/each.json",
          },
          sum: {
            state: "done",
            since: time,
            outputs: { all: [0, 2, 4] },
            marker: "gs://run-bucket/runs/r/steps/sum.json",
          },
        },
      },
    });
  });

  test("counts elements, and says why some failed", async () => {
    broken = new Set(numbers(25).map((n) => `each/${2 * n}`));
    await begin(120);
    const { state, steps } = await status();
    expect([state, steps.sum]).toEqual(["failed", { state: "waiting", since: time }]);
    expect(steps.each).toMatchObject({
      state: "failed",
      since: time,
      elements: { count: 120, done: 95, failed: 25, pending: 0 },
    });
    expect(steps.each.failures).toEqual([
      {
        code: "shards_failed",
        message: expect.stringContaining("25 of 120"),
        task: expect.stringMatching(/-join120$/),
      },
      ...numbers(10).map((n) => ({
        index: 2 * n,
        code: "broken",
        message: `each/${2 * n} is broken`,
        task: expect.stringMatching(new RegExp(`-r-each-${2 * n}$`)),
      })),
    ]);
  });

  test("a step that has a task is running since the last step before it was done", async () => {
    await begin(1);
    for (const name of ["each", "sum"]) pipeline.cloud.forget(`runs/r/steps/${name}.json`);
    const { state, steps } = await status();
    expect([state, steps.sum.state, steps.each.state]).toEqual(["running", "waiting", "running"]);
    expect(steps.each.since).toBe(steps.cut.since);
    expect(steps.each.since > steps.sum.since).toBe(true);
    expect(steps.each.elements).toEqual({ count: 1, done: 1, failed: 0, pending: 0 });
  });

  test("leaves out outputs that are long", async () => {
    await begin(1, [cut, stepOf("sum", ["cut"])], {
      cut: () => ({ shards: ["x".repeat(70_000)] }),
      sum: () => ({}),
    });
    const { cut: first } = (await status()).steps;
    expect(first).toEqual({ state: "done", since: time, marker: "gs://run-bucket/runs/r/steps/cut.json" });
  });

  test("costs a page for each 1000 elements of a step that is not done", async () => {
    broken = new Set(["each/7"]);
    const count = inDepth(1_100, 120);
    await begin(count);
    pipeline.cloud.calls.length = 0;
    await status();
    expect(pipeline.cloud.asked(/^list/)).toHaveLength(2 + Math.ceil(count / 1_000));
    broken.clear();
    await resume();
    await pipeline.deliver();
    pipeline.cloud.calls.length = 0;
    expect((await status()).state).toBe("done");
    expect(pipeline.cloud.asked(/^list/)).toHaveLength(2);
  });
});

describe("resume", () => {
  test("does a failed step again, and then those after it", async () => {
    broken.add("cut");
    await begin(2);
    expect((await status()).steps.cut.failures).toEqual([
      { code: "broken", message: "cut is broken", task: expect.stringMatching(/^[0-9a-f]{16}-r-cut$/) },
    ]);
    broken.clear();
    expect(await resume()).toEqual({ status: 202, body: { run: "r", resumed: [{ step: "cut", resume: 1 }] } });
    expect((await status()).steps.cut.state).toBe("running");
    await pipeline.deliver();
    expect((await status()).state).toBe("done");
    expect([...worked].sort()).toEqual(["cut", "cut", "each/0", "each/1", "sum"]);
    expect([...pipeline.cloud.tasks.keys()].filter((name) => name.endsWith("-r-cut-r1"))).toHaveLength(1);
  });

  test("does only those elements again that failed, and joins anew", async () => {
    broken = new Set(["each/3", "each/101"]);
    await begin(103);
    broken.clear();
    worked = [];
    expect((await resume()).body.resumed).toEqual([
      { step: "each", resume: 1, elements: { count: 2, indices: [3, 101] } },
    ]);
    await pipeline.deliver();
    expect(worked.sort()).toEqual(["each/101", "each/3", "sum"]);
    expect(pipeline.marker("sum").outputs.all).toEqual(numbers(103).map((n) => 2 * n));
    expect(pipeline.reasons).toEqual(["broken", "broken", "shards_failed"]);
  });

  test("waits for all elements that were resumed, though enough succeeded before", async () => {
    const failing = [...numbers(10), ...numbers(10).map((n) => 100 + n)];
    broken = new Set(failing.map((n) => `each/${n}`));
    await begin(150, [cut, each({ minSuccess: 0.9 }), sum]);
    expect(pipeline.reasons.at(-1)).toBe("shards_failed");
    broken.clear();
    await resume();
    await pipeline.task({ step: "each", resume: 1 });
    for (const index of numbers(10)) await pipeline.task({ step: "each", index, resume: 1 });
    const join = pipeline.cloud.bodies.at(-1) ?? {};
    expect(join.join).toBe(160);
    expect((await pipeline.task(join)).body).toMatchObject({ waiting: true });
    expect((await status()).steps.each).toMatchObject({
      state: "running",
      elements: { done: 140, failed: 0, pending: 10 },
    });
    await pipeline.deliver();
    expect(pipeline.marker("each").elements).toEqual({ count: 150, failed: [] });
  });

  test("fails, and is resumed, as often as it takes", async () => {
    broken = new Set(["each/0", "each/1"]);
    await begin(2);
    for (const fixed of ["each/0", "each/1"]) {
      expect((await status()).state).toBe("failed");
      broken.delete(fixed);
      await resume();
      await pipeline.deliver();
    }
    expect((await status()).state).toBe("done");
    expect(pipeline.reasons.filter((reason) => reason === "shards_failed")).toHaveLength(2);
    expect(worked.filter((key) => key === "each/1")).toHaveLength(3);
    expect(pipeline.cloud.bodies.filter(({ index }) => index === 1).map(({ resume }) => resume)).toEqual([
      undefined,
      1,
      2,
    ]);
  });

  test("enqueues a failed join again", async () => {
    pipeline = new MemoryPipeline([cut, each(), sum], { cut: () => ({ shards: numbers(120) }) });
    await pipeline.start();
    const { cloud } = pipeline;
    cloud.fault = (call) => (call === "create runs/r/steps/each.json" ? "before" : undefined);
    await pipeline.deliver();
    expect(pipeline.reasons).toEqual(["attempts_spent"]);
    cloud.fault = () => undefined;
    expect((await resume()).body.resumed).toEqual([{ step: "each", resume: 1, elements: { count: 0, indices: [] } }]);
    await pipeline.deliver();
    expect((await status()).steps.each.state).toBe("done");
    expect(cloud.bodies.filter(({ index }) => index !== undefined)).toHaveLength(120);
  });

  test("goes on with a spread that failed before its elements had tasks", async () => {
    pipeline = new MemoryPipeline([cut, each()], { cut: () => ({ shards: numbers(3) }), each: () => ({}) });
    await pipeline.start();
    pipeline.cloud.fault = (call) => (/^task .*-each-[12]$/.test(call) ? "before" : undefined);
    await pipeline.deliver();
    expect(pipeline.reasons).toEqual(["attempts_spent"]);
    pipeline.cloud.fault = () => undefined;
    await resume();
    await pipeline.deliver();
    expect((await status()).state).toBe("done");
  });

  test("repeated, names the same and creates no second task", async () => {
    broken = new Set(["cut"]);
    await begin(1);
    broken.clear();
    const [first, second] = [await resume(), await resume()];
    expect(second).toEqual(first);
    expect(pipeline.cloud.tasks.size).toBe(2);
  });

  test("two at once create one task", async () => {
    broken = new Set(["each/0"]);
    await begin(2);
    broken.clear();
    const answers = await Promise.all([resume(), resume()]);
    for (const { status } of answers) expect(status).toBe(202);
    worked = [];
    await pipeline.deliver({ copies: () => 2 });
    expect(pipeline.cloud.bodies.filter(({ index }) => index === 0)).toHaveLength(2);
    expect((await status()).state).toBe("done");
  });

  test("an answer that was lost leaves a task all the same", async () => {
    broken = new Set(["each/0"]);
    await begin(2);
    broken.clear();
    pipeline.cloud.fault = (call) => (call.startsWith("task") ? "before" : undefined);
    expect((await resume()).status).toBe(500);
    pipeline.cloud.fault = () => undefined;
    await resume();
    await pipeline.deliver();
    expect((await status()).state).toBe("done");
  });

  test("finds nothing where there are no dead letters: the step stays running", async () => {
    const works = { cut: () => ({ shards: [1] }), each: () => Promise.reject(new Error("fails each time")) };
    pipeline = new MemoryPipeline([cut, each(), sum], works, { deadLetter: false });
    await pipeline.start();
    await pipeline.deliver({ attempts: 5 });
    const { state, steps } = await status();
    expect([state, steps.each.state]).toEqual(["running", "running"]);
    expect(steps.each.elements).toEqual({ count: 1, done: 0, failed: 0, pending: 1 });
    expect((await resume()).body.error.code).toBe("nothing_to_resume");
  });

  test.each([
    ["a run that runs", [], "r", 409, "nothing_to_resume", "No step of run r was dead-lettered"],
    ["a run that is not there", [], "none", 404, "missing_run", "There is no run none"],
  ])("refuses %s", async (_name, breaks, run, code, error, message) => {
    broken = new Set(breaks);
    await begin(1);
    const answer = await pipeline.start({ run, resume: true });
    expect([answer.status, answer.body.error.code]).toEqual([code, error]);
    expect(answer.body.error.message).toContain(message);
    expect(pipeline.cloud.tasks.size).toBe(5);
  });
});

test.each<[string, object, string]>([
  ["resume with parameters", { resume: true, parameters: { a: 1 } }, "neither `parameters` nor `scheduleTime`"],
  ["resume with empty parameters", { resume: true, parameters: {} }, "neither `parameters` nor `scheduleTime`"],
  ["status with a time", { status: true, scheduleTime: "2026-01-01T00:00:00Z" }, "neither `parameters` nor"],
  ["both", { resume: true, status: true }, "allowed: `resume` or `status`"],
  ["resume without a run", { run: undefined, resume: true }, "`run` with `resume` and with `status`"],
  ["resume: false", { resume: false }, "resume: given false; allowed: true"],
])("refuses %s", async (_name, body, message) => {
  await begin(1);
  const answer = await pipeline.start(body);
  expect([answer.status, answer.body.error.code]).toEqual([400, "invalid_payload"]);
  expect(answer.body.error.message).toContain(message);
});

test("the state of a run that is not there is 404", async () => {
  await begin(1);
  const answer = await pipeline.start({ run: "none", status: true });
  expect([answer.status, answer.body.error.code]).toEqual([404, "missing_run"]);
});
