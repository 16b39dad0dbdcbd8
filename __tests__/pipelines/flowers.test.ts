import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { datasetSchema } from "../../functions/shared/learning/data";
import { type BeamResult, runBeam, withBeam } from "../support/beam";

/* pipelines/flowers.yaml on Apache Beam, with local files. */

const HEADER = "sepal_length,sepal_width,petal_length,petal_width,species";
const IRIS = readFileSync(join(__dirname, "../../samples/iris.csv"), "utf8").trimEnd().split("\n");
const FEATURES = HEADER.split(",").slice(0, 4);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "flowers-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function run(files: Readonly<Record<string, string>>, variables: object = {}): BeamResult {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return runBeam(folder, "pipelines/flowers.yaml", {
    input: join(folder, "*.csv"),
    output: join(folder, "out"),
    features: FEATURES,
    label: "species",
    test_fraction: 0.3,
    ...variables,
  });
}

const read = (name: string) => readFileSync(join(folder, "out", name), "utf8");
const lines = (part: string) =>
  read(`${part}-00000-of-00001.jsonl`)
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
const hasEnded = () => existsSync(join(folder, "out", "_SUCCESS"));

// A start of Beam takes seconds, and more on a busy machine.
jest.setTimeout(240_000);

withBeam(() => {
  test("bad rows go to the rejects with the reason, the others to train and test, in the form of task-pipeline", () => {
    const spoilt = [
      "4.9,oops,1.5,0.1,setosa",
      "4.9,3.1,1.5,0.1",
      "4.9,3.1,1.5,0.1,",
      "1e101,3.1,1.5,0.1,setosa",
      '"4.9,3.1,1.5,0.1,setosa',
      "4.9,NaN,1.5,0.1,setosa",
    ];
    // Other order of columns, a column more, a byte order mark, an empty line.
    const other = [
      "\ufeffspecies,id,petal_width,petal_length,sepal_width,sepal_length",
      "setosa,1,0.2,1.4,3.5,5.1",
      "",
    ];
    const { error, metrics } = run({
      "a.csv": [...IRIS, ...spoilt].join("\n"),
      "b.csv": other.join("\n"),
    });

    expect(error).toBeUndefined();
    expect(lines("rejects").map(({ row, reason }) => [row, reason])).toEqual([
      [spoilt[0], 'sepal_width is "oops", no number'],
      [spoilt[1], "4 values, but the header has 5"],
      [spoilt[2], "species is empty"],
      [spoilt[3], "sepal_length is 1e101, beyond 1e100"],
      [spoilt[4], "unexpected end of data"],
      [spoilt[5], 'sepal_width is "NaN", no number'],
    ]);
    const { scaling, ...statistics } = JSON.parse(read("statistics.json"));
    const [train, test] = [lines("train"), lines("test")];
    expect(statistics).toEqual({
      rows: 151,
      train: train.length,
      test: test.length,
      rejects: 6,
      features: FEATURES,
      classes: ["setosa", "versicolor", "virginica"],
    });
    expect(train.length + test.length).toBe(151);
    expect(Math.abs(test.length - 45)).toBeLessThan(15);
    expect(Object.fromEntries(metrics.map(({ name, value }) => [name, value]))).toEqual({
      rows_read: 157,
      rows_rejected: 6,
    });
    // The training rows have mean 0 and deviation 1.
    for (const [index] of FEATURES.entries()) {
      const values = train.map(({ x }) => x[index]);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const square = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
      expect(mean).toBeCloseTo(0, 10);
      expect(square).toBeCloseTo(1, 10);
    }
    const dataset = { features: FEATURES, classes: statistics.classes, scaling, rows: train };
    expect(v.safeParse(datasetSchema, dataset).issues).toBeUndefined();
    expect(hasEnded()).toBe(true);
    expect(readdirSync(join(folder, "out")).filter((name) => name.includes("temp"))).toEqual([]);
  });

  // Jinja puts variables into the text of the pipeline, which YAML reads.
  test("quotes, backslashes, braces and any character of Unicode stay what they are in names", () => {
    const features = [`size "x" \\n`, "größe 😀 {{ y }}", "it's: #1 - & <b>"];
    const label = 'sort\u2028"a"';
    const quoted = [...features, label].map((name) => `"${name.replaceAll('"', '""')}"`);
    const file = `b'"é😀.csv`;
    const rows = Array.from({ length: 20 }, (_, row) => `${row},${row % 3},1,"a ""${row % 2}"" é😀"`);
    const { error } = run(
      { [file]: [quoted.join(), ...rows].join("\n") },
      { input: join(folder, file), output: join(folder, `out`), features, label, test_fraction: "0.3" },
    );
    expect(error).toBeUndefined();
    const { features: named, classes, rows: good } = JSON.parse(read("statistics.json"));
    expect([named, classes, good]).toEqual([features, ['a "0" é😀', 'a "1" é😀'], 20]);
  });

  test("a row goes to the same side in every run", () => {
    run({ "a.csv": IRIS.join("\n") });
    const rows = () => lines("test").map(({ x, label }) => [x.map((value: number) => value.toFixed(6)), label].join());
    const before = rows().sort();
    const { error } = run({ "a.csv": [IRIS[0], ...IRIS.slice(1).reverse()].join("\n") });
    expect(error).toBeUndefined();
    expect(rows().sort()).toEqual(before);
  });

  // Each row has all four: jest takes a parameter more than a row has for its callback.
  test.each<[string, Record<string, string>, RegExp, object]>([
    ["no input", {}, /Empty match for pattern .*\*\.csv/, {}],
    [
      "a header without a column",
      { "a.csv": "sepal_length,species\n1,setosa\n" },
      /a\.csv has no column sepal_width, petal_length, petal_width; its header is 'sepal_length,species'/,
      {},
    ],
    [
      "a share of the rows that is no share",
      { "a.csv": `${HEADER}\n` },
      /test_fraction is 1\.5; allowed: between 0 and 1/,
      { test_fraction: "1.5" },
    ],
    ["no good row", { "a.csv": `${HEADER}\n1,2,3,x,setosa\n` }, /No good row is left to train on/, {}],
  ])("%s: fails with the reason, and the folder is not complete", (_name, files, message, variables) => {
    const { error } = run(files, variables);
    expect(error).toMatch(message);
    expect(hasEnded()).toBe(false);
  });
});
