import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { onlyIf } from "../support/only-if";
import { PYTHON, pythonHas } from "../support/python";

const WORKERS = join(__dirname, "..", "..", "workers");

/** Runs a file of Python tests. @returns what it prints, which ends with OK if all passed */
function tested(file: string): string {
  const env = { ...process.env, PYTHONPATH: WORKERS, PYTHONDONTWRITEBYTECODE: "1" };
  const { stderr } = spawnSync(PYTHON, [join(__dirname, file)], { env, encoding: "utf8" });
  return stderr;
}

const CLIENTS = ["functions_framework", "google.cloud.pubsub", "google.cloud.storage"];

onlyIf(pythonHas(...CLIENTS), `${PYTHON} has no functions-framework and clients of Google`, () => {
  test("serverless_ml keeps the contract of a worker", () => {
    expect(tested("contract_test.py")).toMatch(/^Ran (1[8-9]|[2-9]\d) tests in .*\n\nOK\n$/m);
  });
});

onlyIf(pythonHas(...CLIENTS, "sklearn"), `${PYTHON} has no scikit-learn`, () => {
  test("the sentiment worker takes tasks and messages", () => {
    expect(tested("sentiment_test.py")).toMatch(/^Ran [4-9] tests in .*\n\nOK\n$/m);
  });
});
