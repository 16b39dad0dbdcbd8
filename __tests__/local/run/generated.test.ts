import { flowOf } from "../../../local/run/flows";
import { POISON } from "../../../local/run/flows/poison";
import { readStack } from "../../../terraform";
import { poisonedRun } from "./poisoned";
import { synthesized } from "./synthesized";

const stacks = synthesized();
afterAll(() => stacks.remove());

const NOTHING_WRONG = { lost: 0, unexpected: 0, repeatedEffects: 0, refused: [] };
const SPENT = "All 5 attempts failed; the log tells why";

test("async-batch: shards that are refused, fail and kill end as dead letters, all others are predicted once", async () => {
  const { summary, deadLetters, functions } = await poisonedRun(stacks.stack("async-batch"), 20);
  expect(summary).toMatchObject({ ...NOTHING_WRONG, accepted: 20, done: 17, deadLettered: 3 });
  const reasons = Object.fromEntries(deadLetters.map(({ key, reason }) => [key.replace(/^.*-/, ""), reason]));
  expect(reasons).toEqual({
    2: expect.stringContaining('answered 400 INVALID_ARGUMENT: Instance 4 is "poison-refused"'),
    4: SPENT,
    7: SPENT,
  });
  expect(functions).toEqual(["batch-worker"]);
});

describe.each(["async-batch"])("%s: generated items", (name) => {
  const generate = (count: number) => {
    const inputs = flowOf(readStack(stacks.stack(name)))?.generate(count) ?? [];
    return inputs.map((input) => `${input.name}: ${input.content}`).join("\n");
  };

  test("are the same each time", () => {
    expect(generate(300)).toBe(generate(300));
  });

  test("hold one of each poison among the first 20, and one among each 200 after them", () => {
    for (const [count, times] of [
      [20, 1],
      [220, 2],
      [420, 3],
    ] as const) {
      const text = generate(count);
      expect(Object.values(POISON).map((mark) => text.split(mark).length - 1)).toEqual([times, times, times]);
    }
  });
});
