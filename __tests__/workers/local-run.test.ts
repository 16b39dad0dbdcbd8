import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "cdktf";
import { AsyncBatch, type ContainerWorkerProps, GoogleStack, Memory, synthesize } from "../../lib";
import { onlyIf } from "../support/only-if";
import { PYTHON, pythonHas } from "../support/python";

/*
 * workers/sentiment in the local run, with Google's own clients: what a deployment would run.
 */

const ROOT = join(__dirname, "..", "..");
const WORKERS = join(ROOT, "workers");
const folder = mkdtempSync(join(tmpdir(), "moods-"));
afterAll(() => rmSync(folder, { recursive: true }));

const TEXTS = ["What a lovely day, I am happy", "It is broken, I am disappointed"];
const IMAGE = "europe-west1-docker.pkg.dev/acme-ml/ml/sentiment:1";
const memory = Memory.gibibytes(1);

/** Runs a stack on 40 texts. @returns its summary and the predictions */
function runBatch(name: string, worker: ContainerWorkerProps, ...options: readonly string[]) {
  const app = new App({ stackTraces: false, outdir: join(folder, name) });
  const stack = new GoogleStack(app, name, { project: "acme-ml", region: "europe-west1" });
  new AsyncBatch(stack, "batch", { worker });
  synthesize(app);
  const input = join(folder, `${name}.jsonl`);
  const output = join(folder, `${name}-output`);
  writeFileSync(input, Array.from({ length: 40 }, (_, i) => `${JSON.stringify({ text: TEXTS[i % 2] })}\n`).join(""));
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      join(ROOT, "scripts", "ts.mjs"),
      "packages/scenarios/src/cli.ts",
      ...["--terraform", join(folder, name, "stacks", name), "--input", input, "--output", output, "--json"],
      ...options,
    ],
    { cwd: ROOT, env: { ...process.env, NO_COLOR: "1" }, encoding: "utf8" },
  );
  const [last = ""] = stdout.trimEnd().split("\n").slice(-1);
  const summary = last.startsWith("{") ? JSON.parse(last) : { stdout, stderr };
  const files = readdirSync(output, { recursive: true, encoding: "utf8" }).filter((file) => /shard-\d+/.test(file));
  const lines = files.sort().flatMap((file) => readFileSync(join(output, file), "utf8").trimEnd().split("\n"));
  return { summary, predictions: lines.map((line) => JSON.parse(line)) };
}

function expectPredicted({ summary, predictions }: ReturnType<typeof runBatch>): void {
  expect(summary).toMatchObject({ verdict: "OK", lost: 0, unexpected: 0, repeatedEffects: 0, refused: [] });
  expect(predictions).toHaveLength(40);
  for (const { instance, prediction } of predictions) {
    expect([instance.text, prediction.label]).toEqual([
      instance.text,
      instance.text === TEXTS[0] ? "positive" : "negative",
    ]);
  }
}

const MODULES = ["functions_framework", "google.cloud.pubsub", "google.cloud.storage", "sklearn"];

onlyIf(pythonHas(...MODULES), `${PYTHON} has no scikit-learn, functions-framework or clients of Google`, () => {
  test("as a container: a command of the user serves the tasks of an AsyncBatch", () => {
    const command = `PYTHONPATH='${WORKERS}' exec '${PYTHON}' '${join(WORKERS, "sentiment", "main.py")}'`;
    expectPredicted(runBatch("moods", { image: IMAGE, memory }, "--run", `${IMAGE}=${command}`));
  });
});
