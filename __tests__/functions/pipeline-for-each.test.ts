import * as v from "valibot";
import { PermanentError } from "../../functions/shared/errors";
import { Again } from "../../functions/shared/pipeline/context";
import { inDepth } from "../support/deep";
import type { CallFault } from "../support/memory-cloud";
import { type Context, MemoryPipeline, numbers, stepOf, type Works } from "../support/memory-pipeline";

const cut = stepOf("cut", []);
const each = (more: object = {}) => stepOf("each", ["cut"], { forEach: "shards", ...more });
const sum = stepOf("sum", ["each"]);
const RUN = "gs://run-bucket/runs/r";

let pipeline: MemoryPipeline;
/** What `sum` got. */
let got: unknown;

/** Starts a run: `cut` outputs numbers, `each` doubles one, `sum` gets the list. */
async function begin(count: number, works: Works = {}, steps: object[] = [cut, each(), sum]): Promise<void> {
  got = undefined;
  pipeline = new MemoryPipeline(steps, {
    cut: () => ({ shards: numbers(count) }),
    each: ({ element }) => ({ twice: 2 * Number(element) }),
    sum: ({ output }) => {
      got = output("twice");
    },
    ...works,
  });
  expect((await pipeline.start()).status).toBe(202);
}

const bodies = () => pipeline.cloud.bodies.map(({ run, known, ...body }) => body);
const lastMessage = () => pipeline.cloud.letters.at(-1)?.message;
const isOdd = ({ index = 0 }: Context) => index % 2 === 1;
const failIf = (fails: (context: Context) => boolean) => (context: Context) => {
  if (fails(context)) throw new PermanentError("bad_shard", `no ${context.index}`);
  return { twice: 2 * Number(context.element) };
};

test("runs once for each element, then joins the outputs in their order", async () => {
  const seen: unknown[] = [];
  await begin(3, {
    each: async ({ index = -1, element, folder, write }) => {
      seen.push([index, element, folder]);
      return { twice: 2 * Number(element), file: await write("x.json", JSON.stringify({ n: element })) };
    },
    sum: async ({ readOutput, output }) => {
      got = output("twice");
      return { third: (await readOutput("file", v.object({ n: v.number() }), 2)).n };
    },
  });
  await pipeline.deliver();
  expect(seen.sort()).toEqual(numbers(3).map((n) => [n, n, `${RUN}/each/0000${n}`]));
  expect(pipeline.marker("each")).toEqual({
    step: "each",
    elements: { count: 3, failed: [] },
    outputs: { twice: [0, 2, 4], file: numbers(3).map((n) => `${RUN}/each/0000${n}/x.json`) },
  });
  expect([got, pipeline.marker("sum").outputs]).toEqual([[0, 2, 4], { third: 2 }]);
  const made = bodies();
  expect(made.splice(2, 3)).toEqual(expect.arrayContaining(numbers(3).map((index) => ({ step: "each", index }))));
  expect(made).toEqual([{ step: "cut" }, { step: "each" }, { step: "each", join: 3 }, { step: "sum" }]);
});

test("takes the list from an object of the run", async () => {
  await begin(0, { cut: async ({ write }) => ({ shards: await write("list.json", "[5,7]") }) });
  await pipeline.deliver();
  expect(got).toEqual([10, 14]);
});

test("a step with forEach after another runs for each of its outputs", async () => {
  const again = stepOf("again", ["each"], { forEach: "twice" });
  await begin(120, { again: ({ element }) => ({ four: 2 * Number(element) }) }, [cut, each(), again]);
  await pipeline.deliver();
  expect(pipeline.marker("again").outputs.four).toEqual(numbers(120).map((n) => 4 * n));
});

test("an element's work may come again later, as that of a job does", async () => {
  const at = "2026-01-01T00:00:00Z";
  await begin(2, {
    each: ({ poll, element }) =>
      poll ? { twice: `${element} after ${poll.n}, ${poll.state.job}` } : new Again({ job: `j${element}` }, at),
  });
  await pipeline.deliver();
  expect(got).toEqual(["0 after 1, j0", "1 after 1, j1"]);
  const polls = bodies().filter(({ poll }) => poll);
  expect(polls).toEqual(
    expect.arrayContaining(
      numbers(2).map((index) => ({ step: "each", index, poll: { n: 1, state: { job: `j${index}` } } })),
    ),
  );
});

test("ends at once without elements", async () => {
  await begin(0, { sum: () => ({}) });
  await pipeline.deliver();
  expect(pipeline.marker("each")).toEqual({ step: "each", elements: { count: 0, failed: [] }, outputs: {} });
  expect(pipeline.marker("sum").outputs).toEqual({});
});

test.each([
  [
    "a text",
    "x",
    "no_list",
    "Output shards, which step each runs for each element of, is string; allowed: a JSON list",
  ],
  ["an object", { a: 1 }, "no_list", "is object"],
  ["null", null, "no_list", "is null"],
  ["another run's object", "gs://run-bucket/runs/s/x.json", "missing_input", "Output shards is no object under"],
  ["a path upwards", `${RUN}/../s/x.json`, "missing_input", "Output shards is no object under"],
  ["an object without a list", `${RUN}/run.json`, "no_list", `${RUN}/run.json, which step each runs for`],
  ["too many", numbers(10_001), "too_many_elements", "Output shards has 10001 elements; allowed: 10000"],
])("hands over a forEach over %s", async (_name, shards, code, message) => {
  await begin(0, { cut: () => ({ shards }) });
  await pipeline.deliver();
  expect(pipeline.reasons).toEqual([code]);
  expect(lastMessage()).toContain(message);
  expect(pipeline.cloud.json("runs/r/steps/each.failed.0.json").code).toBe(code);
});

test.each<[string, object, string]>([
  ["an element that is not there", { step: "each", index: 3 }, "Step each of run r has 3 elements; given index 3"],
  ["an element of a block that is not there", { step: "each", index: 300 }, "has no object"],
  ["an element of a plain step", { step: "cut", index: 0 }, "Step cut of run r has no `forEach`"],
])("hands over %s, and notes nothing", async (_name, task, message) => {
  await begin(3);
  await pipeline.deliver();
  const before = [...pipeline.cloud.objects.keys()];
  expect((await pipeline.task(task)).body).toEqual({ deadLetter: "unknown_element" });
  expect(lastMessage()).toContain(message);
  expect([...pipeline.cloud.objects.keys()]).toEqual(before);
});

test("refuses a task that is of two kinds", async () => {
  await begin(1);
  const { body } = await pipeline.call({ step: "each", index: 0, join: 1 });
  expect(body.error).toMatchObject({ code: "invalid_payload", message: expect.stringContaining("one of index") });
});

test("limits the outputs of an element", async () => {
  await begin(2, { each: ({ index }) => ({ twice: "x".repeat(index === 0 ? 8_180 : 8_181) }) });
  await pipeline.deliver();
  expect(pipeline.reasons).toEqual(["outputs_too_large", "shards_failed"]);
  expect(pipeline.cloud.letters[0]?.message).toBe(
    "The outputs of element 1 of step each have 8193 bytes of JSON; allowed: 8192, since there are 2 elements. Write them to an object and output its path",
  );
});

describe("elements that fail", () => {
  test("fail the join, which names them", async () => {
    await begin(120, { each: failIf(isOdd) });
    await pipeline.deliver();
    expect(pipeline.reasons).toEqual([...Array(60).fill("bad_shard"), "shards_failed"]);
    expect(lastMessage()).toBe(
      "60 of 120 elements of step each failed; allowed: 0. Elements 1 (bad_shard: no 1), 3 (bad_shard: no 3), 5 (bad_shard: no 5), 7 (bad_shard: no 7), 9 (bad_shard: no 9) and 55 more",
    );
    expect(pipeline.cloud.json("runs/r/steps/each.failed.0.json").code).toBe("shards_failed");
    expect(pipeline.cloud.objects.has("runs/r/steps/each.json")).toBe(false);
  });

  test("pass with minSuccess: the lists have null in their places", async () => {
    await begin(4, { each: failIf(({ index }) => index === 1) }, [cut, each({ minSuccess: 0.75 }), sum]);
    await pipeline.deliver();
    expect([got, pipeline.reasons]).toEqual([[0, null, 4, 6], ["bad_shard"]]);
    expect(pipeline.marker("each").elements).toEqual({ count: 4, failed: [1] });
  });

  test("are too many beyond minSuccess", async () => {
    await begin(4, { each: failIf(isOdd) }, [cut, each({ minSuccess: 0.75 }), sum]);
    await pipeline.deliver();
    expect(pipeline.reasons).toEqual(["bad_shard", "bad_shard", "shards_failed"]);
    expect(lastMessage()).toContain("2 of 4 elements of step each failed; allowed: 1.");
  });

  test("are joined, too, when they kill their worker each time", async () => {
    const kill = ({ index }: Context) => {
      if (index === 1) throw new Error("killed");
    };
    await begin(2, { each: kill });
    await pipeline.deliver();
    expect(pipeline.reasons).toEqual(["attempts_spent", "shards_failed"]);
  });

  test("that are put back from the dead letter and succeed complete the step", async () => {
    let isBroken = true;
    await begin(3, { each: failIf((context) => isBroken && isOdd(context)) });
    await pipeline.deliver();
    const [letter, ofJoin] = pipeline.cloud.letters.map(({ body }) => body);
    isBroken = false;
    // The join first, which fails again, as the element has not been put back yet.
    expect((await pipeline.task({ ...ofJoin })).body).toEqual({ deadLetter: "shards_failed" });
    expect((await pipeline.task({ ...letter })).status).toBe(200);
    await pipeline.deliver();
    expect(got).toEqual([0, 2, 4]);
    expect(pipeline.reasons).toEqual(["bad_shard", "shards_failed", "shards_failed"]);
  });

  test.each(["create .*/00001.failed", "publish bad_shard", "create .*blocks", "task .*join"])(
    "are joined although an attempt ends at `%s`",
    async (call) => {
      await begin(3, { each: failIf(isOdd) });
      let left = 3;
      pipeline.cloud.fault = (made) => {
        if (!new RegExp(call).test(made) || left-- <= 0) return undefined;
        return left % 2 ? "before" : "after";
      };
      await pipeline.deliver();
      expect(left).toBeLessThanOrEqual(0);
      expect(new Set(pipeline.reasons)).toEqual(new Set(["bad_shard", "shards_failed"]));
      expect(bodies().filter(({ join }) => join)).toHaveLength(1);
    },
  );
});

/** Numbers from 0 to 1 that follow from a seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

/** One call in ten is not made, or its answer is lost. */
function flaky(random: () => number): (call: string) => CallFault {
  return () => {
    const chance = random();
    if (chance < 0.05) return "before";
    return chance < 0.1 ? "after" : undefined;
  };
}

test.each(numbers(inDepth(40, 2)))(
  "each element counts once although calls fail and tasks come again (seed %i)",
  async (seed) => {
    const random = randomFrom(seed);
    const steps = [cut, each({ minSuccess: 0.9 }), sum];
    await begin(150, { each: failIf(({ index }) => index === 7) }, steps);
    pipeline.cloud.fault = flaky(random);
    await pipeline.deliver({ copies: () => 1 + Math.floor(2 * random()), lanes: 30 });
    const { elements, outputs } = pipeline.marker("each");
    // Whatever lost its attempts to the faults is among the failures.
    const failed = new Set(
      pipeline.cloud.letters.flatMap(({ body }) => (body.index === undefined ? [] : [body.index])),
    );
    expect(elements.failed).toContain(7);
    for (const index of elements.failed) expect(failed).toContain(index);
    expect(outputs.twice).toEqual(numbers(150).map((n) => (elements.failed.includes(n) ? null : 2 * n)));
  },
);

// The short form has blocks of elements, too, but no parts of a spread.
const MANY = inDepth(10_000, 250);

test(`${MANY} elements cost a write, a read of their list and a few look-ups each, and few listings`, async () => {
  await begin(MANY, {
    cut: async ({ write }) => ({ shards: await write("shards.json", JSON.stringify(numbers(MANY))) }),
  });
  pipeline.cloud.calls.length = 0;
  await pipeline.deliver();
  expect((got as number[]).at(-1)).toBe(2 * (MANY - 1));
  const blocks = Math.ceil(MANY / 100);
  const parts = MANY > 1_000 ? MANY / 1_000 : 0;
  const asked = (pattern: RegExp) => pipeline.cloud.asked(pattern).length;
  // Ten elements end at the same time. Only the last ones of a block list it.
  expect(asked(/^list .*\/each\/\d+\/$/)).toBeLessThanOrEqual(15 * blocks);
  expect(asked(/^read .*\/run\.json$/)).toBe(0);
  expect(asked(/^read .*\/elements\/\d+\.json$/)).toBeLessThanOrEqual(2 * blocks);
  // Of the ten ends at the same time, some find the same block complete.
  expect(asked(/^list .*\/blocks\/$/)).toBeLessThanOrEqual(10 * blocks);
  expect(asked(/^read .*\/each\/\d+\/\d+\.json$/)).toBeLessThanOrEqual(5 * MANY);
  expect(asked(/^task /)).toBeLessThanOrEqual(MANY + parts + 5 * blocks);
  expect(pipeline.cloud.tasks.size).toBe(MANY + parts + 4);
  expect(pipeline.cloud.calls.length).toBeLessThanOrEqual(10 * MANY);
}, 300_000);
