import type { Result } from "../../bench/measure";
import { compare, isWorse, keepsGoal, type Machine, readTable, type Table, writeTable } from "../../bench/table";

const machine: Machine = { cpu: "Some CPU @ 2.20GHz, rev. 2", cores: 2, memory: 8, node: "20.9.0" };
const results: Result[] = [
  { name: "synthesis, against ts-node", unit: "ms", value: 812.34, ratio: 6.123, goal: { atLeast: 6 } },
  { name: "each: memory", unit: "MB", value: 0.4051, goal: { atMost: 0.3 } },
  { name: "a row", unit: "us", value: 21_437 },
];
const table = (date: string, change: Partial<Table> = {}): Table => ({ date, machine, results, ...change });
const only = (result: Partial<Result>) => table("2026-11-26", { results: [{ ...(results[0] as Result), ...result }] });

test("the table has figure, ratio and goal of each result, and what is worse than the last", () => {
  const before = table("2026-11-25", { results: [{ ...(results[1] as Result), value: 0.3 }] });
  const now = table("2026-11-26");
  expect(writeTable(now, compare(now, [before]))).toBe(`# Benchmarks

- date: 2026-11-26
- machine: Some CPU @ 2.20GHz, rev. 2, 2 cores, 8 GiB
- Node.js: 20.9.0

| benchmark | figure | ratio | goal | kept | times as bad as the last |
| --- | --- | --- | --- | --- | --- |
| synthesis, against ts-node | 812 ms | 6.12 | at least 6 | ok |  |
| each: memory | 0.405 MB |  | at most 0.3 | MISSED | WORSE 1.35 |
| a row | 21400 us |  |  |  |  |
`);
});

test("a table that was written is read again, to three digits", () => {
  const text = writeTable(table("2026-11-26"), compare(table("2026-11-26"), []));
  const values = [812, 0.405, 21_400];
  expect(readTable(`${text}\nbeam was not run: python3 has no apache_beam.\n`)).toEqual(
    table("2026-11-26", {
      results: results.map((result, index) => ({
        ...result,
        value: values[index] as number,
        ...(result.ratio && { ratio: 6.12 }),
      })),
    }),
  );
  expect(() => readTable("# Something else")).toThrow('not a table of npm run bench: no line "- machine: "');
});

test("a goal holds for the ratio where there is one, and keeps its limit", () => {
  const kept = (result: Partial<Result>) => keepsGoal({ name: "", unit: "", value: 1, ...result });
  expect(kept({ ratio: 6, goal: { atLeast: 6 } })).toBe(true);
  expect(kept({ ratio: 5.9, goal: { atLeast: 6 } })).toBe(false);
  expect(kept({ value: 7, goal: { atMost: 7 } })).toBe(true);
  expect(kept({ value: 7.1, goal: { atMost: 7 } })).toBe(false);
  expect(kept({})).toBeUndefined();
});

test.each<[string, Partial<Result>, Partial<Result>, boolean]>([
  ["a ratio that should be high and fell by a fifth", { ratio: 5, value: 9 }, { ratio: 4, value: 1 }, true],
  ["a ratio that fell by less", { ratio: 5 }, { ratio: 4.1 }, false],
  ["a ratio that should be low and rose by a quarter", { ratio: 1, goal: { atMost: 2 } }, { ratio: 1.25 }, true],
  ["a figure that rose by a quarter", { ratio: undefined, value: 4, goal: undefined }, { value: 5 }, true],
  ["a figure that is better", { ratio: undefined, value: 4, goal: undefined }, { value: 2 }, false],
])("%s is worse or not", (_, before, now, worse) => {
  const [compared] = compare(only({ ...before, ...now }), [only(before)]);
  expect(compared && isWorse(compared)).toBe(worse);
});

test("a figure of another machine is not compared, a ratio is; the newest table that can be compared counts", () => {
  const other = { ...machine, cpu: "another" };
  const now = table("2026-11-26");
  const worse = results.map((result) => ({ ...result, value: 1, ratio: result.ratio && 60 }));
  const earlier = [
    table("2026-11-25", { machine: other, results: worse }),
    table("2026-11-24", { machine: { ...machine, node: "20.20.2" }, results: results.slice(0, 2) }),
    table("2026-11-23", { machine: { ...machine, node: "22.1.0" }, results: worse }),
  ];
  expect(compare(now, earlier).map(({ timesWorse }) => timesWorse?.toFixed(1))).toEqual(["9.8", "1.0", undefined]);
});
