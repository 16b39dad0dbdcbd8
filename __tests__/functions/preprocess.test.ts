import { readTable } from "../../functions/pipeline-preprocess/csv";
import { split } from "../../functions/pipeline-preprocess/split";

const row = (i: number) => ({ x: [i], label: i % 3 ? "a" : "b" });

test("a table has so many rows at most", () => {
  const csv = Buffer.from("x,y\n1,a\n2,b\n3,a\n");
  expect(readTable(csv, undefined, 3).rows).toHaveLength(3);
  expect(() => readTable(csv, undefined, 2)).toThrow(
    expect.objectContaining({ code: "too_many_rows", message: "The CSV holds more than the 2 rows that are allowed" }),
  );
});

test("a table counts all problems, and lists the first twenty", () => {
  const csv = Buffer.from(`x,y\n${"?,a\n".repeat(1000)}`);
  expect(() => readTable(csv)).toThrow(/^1000 problems in the CSV: line 2: .*; line 21: x is "\?", no number$/);
});

test("a split holds every row once, however many there are, and takes them from everywhere", () => {
  const rows = Array.from({ length: 480_000 }, (_, i) => row(i));
  const { train, test: held } = split(rows, 0.25, 7);
  expect(held.filter(({ label }) => label === "b")).toHaveLength(40_000);
  expect(held).toHaveLength(120_000);
  const all = [...train, ...held].map(({ x }) => x[0] ?? 0).sort((one, other) => one - other);
  expect(all.every((x, i) => x === i)).toBe(true);
  const mean = held.reduce((sum, { x }) => sum + (x[0] ?? 0), 0) / held.length;
  expect(Math.abs(mean - 240_000)).toBeLessThan(2_000);
});
