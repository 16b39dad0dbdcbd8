import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { evaluate, predictRows } from "../../functions/pipeline-infer/evaluation";
import { readTable } from "../../functions/pipeline-preprocess/csv";
import { fitScaling, standardise } from "../../functions/pipeline-preprocess/scaling";
import { split } from "../../functions/pipeline-preprocess/split";
import { fitModel } from "../../functions/pipeline-train/logistic-regression";
import { type Dataset, type Model, modelSchema } from "../../functions/shared/learning/data";
import { onlyIf } from "../support/only-if";
import { PYTHON, pythonHas } from "../support/python";

const ROOT = join(__dirname, "..", "..");
const OUTPUT = "gs://runs/runs/r-1/train";

/** A bucket, as Vertex AI mounts it: then the job needs no package. */
const mount = mkdtempSync(join(tmpdir(), "gcs-"));
afterAll(() => rmSync(mount, { recursive: true }));
beforeEach(() => rmSync(join(mount, "runs"), { recursive: true, force: true }));

const file = (uri: string) => join(mount, uri.slice("gs://".length));
const readJson = (uri: string) => JSON.parse(readFileSync(file(uri), "utf8"));

function put(uri: string, value: unknown): void {
  mkdirSync(dirname(file(uri)), { recursive: true });
  writeFileSync(file(uri), JSON.stringify(value));
}

function irisFlowers(): { train: Dataset; test: Dataset } {
  const { features, rows } = readTable(readFileSync(join(ROOT, "samples", "iris.csv")), undefined);
  const parts = split(rows, 0.3, 1);
  const scaling = fitScaling(parts.train, features.length);
  const classes = [...new Set(rows.map(({ label }) => label))].sort();
  const dataset = (part: typeof rows) => ({ features, classes, scaling, rows: standardise(part, scaling) });
  return { train: dataset(parts.train), test: dataset(parts.test) };
}

function train(dataset: Dataset, parameters: object) {
  put("gs://runs/runs/r-1/preprocess/train.json", dataset);
  put(`${OUTPUT}/job.json`, {
    run: "r-1",
    step: "train",
    parameters,
    inputs: { train: "gs://runs/runs/r-1/preprocess/train.json" },
    output: OUTPUT,
  });
  const env = { ...process.env, GCS_MOUNT: mount, PIPELINE_JOB: `${OUTPUT}/job.json` };
  const { status, stdout, stderr } = spawnSync(PYTHON, [join(ROOT, "workers", "iris-train", "main.py")], {
    env,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

onlyIf(pythonHas(), `there is no ${PYTHON} of 3.10 or newer`, () => {
  test("trains the model that the function pipeline-train trains, and pipeline-infer reads it", () => {
    const iris = irisFlowers();
    const expected = fitModel(iris.train, { maxIterations: 300, l2: 0.001, tolerance: 1e-5 });
    expect(train(iris.train, { maxIterations: 300, input: "of another step" })).toMatchObject({
      status: 0,
      stderr: "",
    });

    const model: Model = v.parse(modelSchema, readJson(`${OUTPUT}/model.json`));
    const { weights, bias, metrics, ...same } = model;
    expect({ ...expected, ...same }).toEqual(expected);
    expect(metrics.iterations).toBe(expected.metrics.iterations);
    expect(metrics.accuracy).toBe(expected.metrics.accuracy);
    expect(metrics.loss).toBeCloseTo(expected.metrics.loss, 10);
    for (const [k, row] of weights.entries()) {
      expect(bias[k]).toBeCloseTo(expected.bias[k] as number, 10);
      for (const [j, weight] of row.entries()) expect(weight).toBeCloseTo(expected.weights[k]?.[j] as number, 10);
    }
    expect(evaluate(model.classes, predictRows(model, iris.test)).accuracy).toBeGreaterThan(0.9);
    expect(readJson(`${OUTPUT}/outputs.json`)).toEqual({ model: `${OUTPUT}/model.json`, metrics });
  });

  test("keeps what an earlier attempt wrote", () => {
    const iris = irisFlowers();
    put(`${OUTPUT}/model.json`, "of the first attempt");
    expect(train(iris.train, { maxIterations: 1 }).status).toBe(0);
    expect(readJson(`${OUTPUT}/model.json`)).toBe("of the first attempt");
    expect(readJson(`${OUTPUT}/outputs.json`)).toMatchObject({ model: `${OUTPUT}/model.json` });
  });

  test("names every parameter that is not valid, and ends with 1", () => {
    const { status, stderr } = train(irisFlowers().train, { maxIterations: 1.5, l2: 11, tolerance: true });
    expect(status).toBe(1);
    expect(stderr.trim().split("\n").at(-1)).toBe(
      "ValueError: The parameters are not valid. maxIterations: given 1.5; allowed: a whole number from 1 to 10000. l2: given 11; allowed: a number from 0 to 10. tolerance: given True; allowed: a number from 0 to 1",
    );
  });
});
