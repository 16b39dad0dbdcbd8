import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "cdktf";
import {
  AsyncBatch,
  type ContainerWorkerProps,
  FunctionSource,
  GoogleStack,
  Memory,
  PubSubFanout,
  synthesize,
} from "../../lib";
import { readSettings } from "../../lib/settings";
import { TaskPipelineStack } from "../../lib/stacks/task-pipeline";
import { onlyIf } from "../support/only-if";
import { PYTHON, pythonHas } from "../support/python";

/*
 * Workers in Python in the local run, with Google's own clients: what a deployment would run.
 */

const ROOT = join(__dirname, "..", "..");
const WORKERS = join(ROOT, "workers");
const folder = mkdtempSync(join(tmpdir(), "moods-"));
afterAll(() => rmSync(folder, { recursive: true }));

const TEXTS = ["What a lovely day, I am happy", "It is broken, I am disappointed"];
const IMAGE = "europe-west1-docker.pkg.dev/acme-ml/ml/sentiment:1";
const memory = Memory.gibibytes(1);

/** A command that serves, or pulls, in a container's place. */
const COMMAND = `PYTHONPATH='${WORKERS}' exec '${PYTHON}' '${join(WORKERS, "sentiment", "main.py")}'`;

/**
 * Synthesizes a stack and runs it on these lines.
 *
 * @returns its summary and what its buckets hold
 */
function run(name: string, parts: (stack: GoogleStack) => void, lines: readonly object[], ...options: string[]) {
  const app = new App({ stackTraces: false, outdir: join(folder, name) });
  parts(new GoogleStack(app, name, { project: "acme-ml", region: "europe-west1" }));
  synthesize(app);
  const input = join(folder, `${name}.jsonl`);
  writeFileSync(input, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  return runStack(name, "--input", input, ...options);
}

/** Runs a synthesized stack. */
function runStack(name: string, ...options: string[]) {
  const output = join(folder, `${name}-output`);
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      join(ROOT, "scripts", "ts.mjs"),
      "packages/scenarios/src/cli.ts",
      ...["--terraform", join(folder, name, "stacks", name), "--output", output, "--json"],
      ...options,
    ],
    { cwd: ROOT, env: { ...process.env, NO_COLOR: "1" }, encoding: "utf8" },
  );
  const [last = ""] = stdout.trimEnd().split("\n").slice(-1);
  const summary = last.startsWith("{") ? JSON.parse(last) : { stdout, stderr };
  const read = (part: RegExp) =>
    readdirSync(output, { recursive: true, encoding: "utf8" })
      .filter((file) => part.test(file))
      .sort()
      .map((file) => readFileSync(join(output, file), "utf8"));
  return { summary, read };
}

const GOOD = { verdict: "OK", lost: 0, unexpected: 0, repeatedEffects: 0, refused: [] };
const labelOf = (text: string) => (text === TEXTS[0] ? "positive" : "negative");
const records = Array.from({ length: 40 }, (_, i) => ({ text: TEXTS[i % 2] }));

function expectPredicted({ summary, read }: ReturnType<typeof run>): void {
  expect(summary).toMatchObject(GOOD);
  const lines = read(/shard-\d+/).flatMap((text) => text.trimEnd().split("\n"));
  expect(lines).toHaveLength(40);
  for (const line of lines) {
    const { instance, prediction } = JSON.parse(line);
    expect([instance.text, prediction.label]).toEqual([instance.text, labelOf(instance.text)]);
  }
}

// The first run installs the packages of the function; on a busy machine that takes minutes.
jest.setTimeout(600_000);

const MODULES = ["functions_framework", "google.cloud.pubsub", "google.cloud.storage", "sklearn"];

onlyIf(pythonHas(...MODULES), `${PYTHON} has no scikit-learn, functions-framework or clients of Google`, () => {
  test("as a container: a command of the user serves the tasks of an AsyncBatch", () => {
    const worker: ContainerWorkerProps = { image: IMAGE, memory };
    expectPredicted(
      run("moods", (stack) => new AsyncBatch(stack, "batch", { worker }), records, "--run", `${IMAGE}=${COMMAND}`),
    );
  });

  test("as a function: Cloud Functions' runtime for Python serves the tasks of an AsyncBatch", () => {
    const worker = { source: FunctionSource.python(join(WORKERS, "sentiment")), memory };
    expectPredicted(
      run("functions", (stack) => new AsyncBatch(stack, "batch", { worker }), records, "--python", PYTHON),
    );
  });

  test("as a subscriber and as a worker pool: the same command takes what is pushed, and pulls", () => {
    const subscribers = { said: { image: IMAGE, memory, environment: { FUNCTION_TARGET: "message" } } };
    const pullWorkers = { mood: { image: IMAGE, instances: 2, memory } };
    const messages = TEXTS.map((text) => ({ attributes: {}, payload: { instances: [{ text }] } }));
    const { summary, read } = run(
      "pool",
      (stack) => new PubSubFanout(stack, "fanout", { subscribers, pullWorkers }),
      messages,
      "--run",
      `${IMAGE}=${COMMAND}`,
    );
    expect(summary).toMatchObject(GOOD);
    for (const subscriber of ["said", "mood"]) {
      const results = read(new RegExp(`/${subscriber}/\\d+\\.json$`)).map((text) => JSON.parse(text));
      const labels = results.map(({ predictions: [{ label }] }) => label);
      expect([subscriber, ...labels.sort()]).toEqual([subscriber, "negative", "positive"]);
    }
  });

  test("as a training of Vertex AI: workers/iris-train trains the model of the task pipeline", () => {
    const { context } = JSON.parse(readFileSync(join(ROOT, "cdktf.json"), "utf8"));
    const app = new App({ context, stackTraces: false, outdir: join(folder, "task-pipeline") });
    new TaskPipelineStack(app, readSettings(app, { TRAIN_AS: "vertex" }));
    synthesize(app);
    const json = readFileSync(join(folder, "task-pipeline", "stacks", "task-pipeline", "cdk.tf.json"), "utf8");
    const [, image] = /imageUri\W+([\w./:-]+)/.exec(json) ?? [];
    const command = `exec '${PYTHON}' '${join(WORKERS, "iris-train", "main.py")}'`;
    const { summary, read } = runStack("task-pipeline", "--run", `${image}=${command}`);
    expect(summary).toMatchObject(GOOD);
    // As of the function pipeline-train.
    expect(summary.outputs.accuracy).toBeCloseTo(0.9333, 4);
    const [outputs = ""] = read(/\/local-1\/train\/outputs\.json$/);
    expect(JSON.parse(outputs)).toMatchObject({ model: expect.stringMatching(/\/train\/model\.json$/) });
  });
});
