import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "cdktf";
import { deepTest } from "../../../../__tests__/support/deep";
import { changed, givingUpSoon } from "../../../../__tests__/support/synthesized";
import { Filter, GoogleStack, PubSubFanout, synthesize } from "../../../../lib";
import { runFaults } from "../../src/faults/run-faults";
import { checkIam } from "../../src/iam-check/check-iam";
import { summaryOf } from "../../src/iam-check/report";
import { readStackWithOutputs, scenarioOf } from "../../src/patterns";
import { startMachine } from "../../src/run/start";
import { inProcess } from "../support/in-process";

// A fan-out to which only worker pools subscribe, both added later.
const folder = mkdtempSync(join(tmpdir(), "pools-"));
afterAll(() => rmSync(folder, { recursive: true }));

const IMAGE = "us-docker.pkg.dev/acme-ml/workers/embed:1";
const run = { [IMAGE]: `exec '${process.execPath}' '${join(__dirname, "program.mjs")}'` };
const stack = join(folder, "stacks", "pools");

beforeAll(() => {
  const app = new App({ stackTraces: false, outdir: folder });
  const pools = new GoogleStack(app, "pools", { project: "acme-ml", region: "us-central1" });
  const fanout = new PubSubFanout(pools, "fanout", {});
  fanout.addPullWorkers("all", { image: IMAGE, instances: 2 });
  fanout.addPullWorkers("images", { image: IMAGE, filter: Filter.equals("modality", "image") });
  synthesize(app);
});

test("is a fan-out of the local run, which judges what the pools wrote", async () => {
  const { outputs } = readStackWithOutputs(stack);
  expect(outputs).toMatchObject({
    topic_name: "pools-fanout-dev",
    subscription_names: ["pools-fanout-all-dev", "pools-fanout-images-dev"],
    results_bucket_name: "acme-ml-pools-fanout-results-dev",
    redrive_url: expect.stringMatching(/^https:\/\/pools-fanout-redrive-dev-/),
  });
  const flags = Object.entries(run).flatMap(([image, command]) => ["--run", `${image}=${command}`]);
  const { status, stdout } = await inProcess(["--terraform", stack, "--json", "--quiet", ...flags]);
  const summary = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
  expect(summary).toMatchObject({ verdict: "OK", lost: 0, unexpected: 0, repeatedEffects: 0, refused: [] });
  expect(summary.outputs.written).toEqual({ all: 11, images: 4 });
  expect(status).toBe(0);
}, 120_000);

test("without a command says what to give", async () => {
  const { status, stdout } = await inProcess(["--terraform", stack, "--quiet"]);
  expect(stdout).toContain("Give --run pools-fanout-all-workers-pool-dev=<command>");
  expect(status).toBe(3);
}, 120_000);

deepTest(
  "under faults its dead letters come back, and every message ends in one effect",
  async () => {
    const machine = await startMachine(changed(stack, givingUpSoon), { run });
    try {
      const scenario = scenarioOf(machine.stack);
      if (!scenario) throw new Error("the stack is no fan-out");
      const report = await runFaults(machine, scenario, { seed: 1, inputs: 12, redrive: true });
      expect(report).toMatchObject({ lost: 0, unexpected: 0, repeatedEffects: 0, refused: [] });
      expect([report.error, report.violation?.trace]).toEqual([undefined, undefined]);
      expect(report.redriven?.letters).toBeGreaterThanOrEqual(3);
    } finally {
      await machine.stop();
    }
  },
  300_000,
);

deepTest(
  "each IAM binding of its pools is needed",
  async () => {
    const { missing, unproven, bindings, necessary } = summaryOf(await checkIam(stack, { run }));
    expect({ missing, unproven }).toEqual({ missing: [], unproven: [] });
    expect(necessary).toBe(bindings);
  },
  300_000,
);
