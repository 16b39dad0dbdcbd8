import { submitAll } from "../../src/run/workload";
import type { Input, ScenarioRun } from "../../src/shared/scenario";

const inputs: Input[] = Array.from({ length: 40 }, (_, index) => ({ name: String(index), content: Buffer.alloc(0) }));

/** Takes a turn for each input; refuses some. */
function accepting(refused: readonly string[] = []) {
  const seen = { begun: [] as string[], ended: 0, most: 0 };
  const submit = async ({ name }: Input) => {
    seen.begun.push(name);
    seen.most = Math.max(seen.most, seen.begun.length - seen.ended);
    await new Promise((resolve) => setImmediate(resolve));
    seen.ended++;
    if (refused.includes(name)) throw new Error(`${name} is refused`);
  };
  return { seen, run: { submit } as Partial<ScenarioRun> as ScenarioRun };
}

test("inputs are put in in their order, so many at once and no more", async () => {
  const { seen, run } = accepting();
  const counts: number[] = [];
  await submitAll(run, inputs, { concurrency: 3, onSubmitted: (count) => counts.push(count) });
  expect(seen.begun).toEqual(inputs.map(({ name }) => name));
  expect(seen.most).toBe(3);
  expect(counts).toEqual(inputs.map((_, index) => index + 1));
});

test("after a failure nothing new begins, and what is under way ends before the promise rejects", async () => {
  const { seen, run } = accepting(["5"]);
  await expect(submitAll(run, inputs, { concurrency: 4 })).rejects.toThrow("5 is refused");
  expect(seen.begun.length).toBeLessThan(10);
  expect(seen.ended).toBe(seen.begun.length);
});
