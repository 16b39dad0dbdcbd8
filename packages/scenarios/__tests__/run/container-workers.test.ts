import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { App } from "cdktf";
import { unzipSync } from "fflate";
import { changed, givingUpSoon } from "../../../../__tests__/support/synthesized";
import { AsyncBatch, type AsyncBatchProps, GoogleStack, PredictionEndpoint, synthesize } from "../../../../lib";
import { runFaults } from "../../src/faults/run-faults";
import { checkIam } from "../../src/iam-check/check-iam";
import { summaryOf } from "../../src/iam-check/report";
import { readStackWithOutputs, scenarioOf } from "../../src/patterns";
import { inputFor, runStack } from "../../src/run/run-stack";
import { startMachine } from "../../src/run/start";

// The worker of an AsyncBatch as a container. The program that stands for its image is the worker
// that the pattern brings, under functions-framework, so it must do what the function does.

const folder = mkdtempSync(join(tmpdir(), "container-workers-"));
afterAll(() => rmSync(folder, { recursive: true }));

function stackWith(name: string, worker: AsyncBatchProps["worker"]): string {
  const app = new App({ stackTraces: false, outdir: join(folder, name) });
  const stack = new GoogleStack(app, "batches", { project: "acme-ml", region: "us-central1" });
  const endpoint = new PredictionEndpoint(stack, "endpoint", "1234567890");
  new AsyncBatch(stack, "batch", { worker, endpoint, redrive: false });
  synthesize(app);
  return join(folder, name, "stacks", "batches");
}

/** A command that serves the pattern's own worker on PORT. */
function commandOfWorker(): string {
  const from = stackWith("function", undefined);
  const { resources } = readStackWithOutputs(from);
  const worker = resources.find(({ type, id }) => type === "google_cloudfunctions2_function" && /worker/.test(id));
  const { entry_point: target, source } = worker?.attributes.build_config ?? {};
  const uploaded = resources.find(({ attributes }) => attributes.name === source.storage_source.object);
  const to = join(folder, "source");
  const zip = readFileSync(join(from, uploaded?.attributes.source));
  for (const [file, bytes] of Object.entries(unzipSync(zip))) {
    mkdirSync(dirname(join(to, file)), { recursive: true });
    writeFileSync(join(to, file), bytes);
  }
  const framework = join(dirname(require.resolve("@google-cloud/functions-framework")), "main.js");
  return `exec '${process.execPath}' '${framework}' --source='${to}' --target=${target}`;
}

const stack = stackWith("container", { image: "us-docker.pkg.dev/acme-ml/ml/worker:1", concurrency: 4 });
const run = { worker: commandOfWorker() };
const scenario = scenarioOf(readStackWithOutputs(stack)) as NonNullable<ReturnType<typeof scenarioOf>>;
const input = () => inputFor(scenario, undefined, "samples");

test("on the sample all is done", async () => {
  const summary = await runStack(stack, { scenario, input: input(), run });
  expect(summary).toMatchObject({ verdict: "OK", accepted: 6, done: 6, missing: [], refused: [] });
});

test("without the command nothing is done, and all is skipped", async () => {
  const summary = await runStack(stack, { scenario, input: input() });
  expect(summary).toMatchObject({ verdict: "PARTIAL", accepted: 6, done: 0, skipped: 6, lost: 0, refused: [] });
  expect(summary.missing).toEqual([
    expect.stringMatching(/^batches-batch-worker-container-dev is a container, .* Give --run batches-/),
  ]);
});

test.each([1, 2, 3])(
  "under the faults of seed %i, every item ends in one effect or one dead letter",
  async (seed) => {
    const machine = await startMachine(changed(stack, givingUpSoon), { run });
    try {
      const report = await runFaults(machine, scenario, { seed, inputs: 24 });
      expect(report).toMatchObject({ lost: 0, unexpected: 0, repeatedEffects: 0, refused: [] });
      expect(report.error).toBeUndefined();
      const { accepted, done, deadLettered } = report;
      expect(done + deadLettered).toBe(accepted);
      expect(done).toBeGreaterThanOrEqual(accepted * 0.6);
      expect(deadLettered).toBeGreaterThanOrEqual(3);
    } finally {
      await machine.stop();
    }
  },
  240_000,
);

test("each IAM binding is needed, the container's as the function's", async () => {
  const summary = summaryOf(await checkIam(stack, { scenario, run }));
  expect(summary).toMatchObject({ missing: [], unproven: [] });
  expect(summary.necessary).toBe(summary.bindings);
}, 240_000);
