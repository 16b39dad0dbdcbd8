import { readTable } from "../../functions/pipeline-preprocess/csv";
import { readJsonLines } from "../../functions/pipeline-preprocess/json-lines";
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

describe("JSON Lines of rows", () => {
  const read = (text: string, maxRows?: number) => readJsonLines(Buffer.from(text), maxRows);

  test("are rows as the pipeline flowers writes them; features are numbered", () => {
    expect(read('{"x": [-0.85, 1e-7], "label": "setosa"}\r\n\n{"x": [1, 2], "label": "größe", "id": 7}')).toEqual({
      features: ["x1", "x2"],
      rows: [
        { x: [-0.85, 1e-7], label: "setosa" },
        { x: [1, 2], label: "größe" },
      ],
    });
  });

  test("say line and reason of each that is bad", () => {
    const lines = ['{"x": [1], "label": "a"}', '{"x": [1, 2], "label": "a"}', '{"x": ["1"], "label": ""}', "x,y", "[]"];
    const bad = '{"x": [], "label": "a"}\n{"x": [1e101], "label": "a"}';
    expect(() => read(`${lines.join("\n")}\n${bad}`)).toThrow(
      expect.objectContaining({
        code: "invalid_rows",
        message: [
          "6 problems in the input: line 2: 2 numbers, those before have 1",
          'line 3: it is not valid. x.0: given "1"; allowed: number. label: given 0; allowed: a text that is not empty',
          "line 4: it (3 bytes) is not JSON in UTF-8",
          'line 5: it is not valid. (whole): given "an array"; allowed: Object',
          "line 6: it is not valid. x: given 0; allowed: at least one number",
          "line 7: it is not valid. x.0: given 1e+101; allowed: numbers up to 1e+100 from zero",
        ].join("; "),
      }),
    );
  });

  test.each([
    ["\n \n", undefined, "invalid_rows", "The input needs rows"],
    [
      '{"x": [1], "label": "a"}\n{"x": [1], "label": "a"}',
      1,
      "too_many_rows",
      "The input holds more than the 1 rows that are allowed",
    ],
  ])("%j is refused", (text, maxRows, code, message) => {
    expect(() => read(text, maxRows)).toThrow(expect.objectContaining({ code, message }));
  });
});
