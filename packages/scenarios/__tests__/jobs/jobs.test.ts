import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runFaults } from "../../src/faults/run-faults";
import { checkIam } from "../../src/iam-check/check-iam";
import { summaryOf } from "../../src/iam-check/report";
import { scenarioOf } from "../../src/patterns";
import { startMachine } from "../../src/run/start";
import { inProcess } from "../support/in-process";

// A pipeline whose steps are jobs: prepare (Cloud Run) -> train (Vertex AI, one for each shard),
// predict (Vertex AI), count (Dataflow, after the training).
const outdir = mkdtempSync(join(tmpdir(), "jobs-"));
const stack = join(outdir, "stacks", "jobs");
const command = `exec "${process.execPath}" "${join(__dirname, "program.mjs")}"`;
const IMAGES = ["prepare", "train"].map((name) => `us-docker.pkg.dev/acme-ml/images/${name}:1`);
const run = Object.fromEntries(IMAGES.map((image) => [image, command]));

beforeAll(() => {
  const env = { ...process.env, CDKTF_OUTDIR: outdir };
  execFileSync(process.execPath, ["scripts/ts.mjs", "packages/scenarios/__tests__/jobs/app.ts"], { env });
  writeFileSync(join(outdir, "any.csv"), "a,b\n1,2\n");
});

afterAll(() => rmSync(outdir, { recursive: true }));

test("runs each job and hands its outputs on", async () => {
  const output = join(outdir, "output");
  const flags = Object.entries(run).flatMap(([image, line]) => ["--run", `${image}=${line}`]);
  const input = join(outdir, "any.csv");
  const { status, stdout } = await inProcess(["--terraform", stack, "--input", input, "--output", output, ...flags]);
  expect(stdout).toContain("accepted 7, done 7, deadLettered 0, lost 0, unexpected 0, repeatedEffects 0");
  expect(status).toBe(0);
  const folder = join(output, "acme-ml-jobs-pipeline-runs-dev/runs/local-1");
  const outputs = (step: string) => JSON.parse(readFileSync(join(folder, `steps/${step}.json`), "utf8")).outputs;
  expect(outputs("train").model).toEqual(["a", "b", "c"].map((shard) => `${shard} of local-1`));
  expect(outputs("predict")).toMatchObject({ predicted: 2, failed: 0 });
  expect(readFileSync(join(folder, "count/counts-00000-of-00001"), "utf8")).toContain("two: 2");
}, 300_000);

test.each([1, 2])(
  "under the faults of seed %i, every job runs once and ends in one effect or one dead letter",
  async (seed) => {
    const machine = await startMachine(stack, { run });
    const lines: string[] = [];
    try {
      const scenario = scenarioOf(machine.stack);
      if (!scenario) throw new Error("the stack is no pipeline");
      const report = await runFaults(machine, scenario, { seed, inputs: 6, write: (line) => lines.push(line) });
      expect(report).toMatchObject({ lost: 0, unexpected: 0, repeatedEffects: 0, refused: [] });
      expect([report.error, report.violation?.trace]).toEqual([undefined, undefined]);
      expect(report.done).toBeGreaterThanOrEqual(report.accepted * 0.6);
    } finally {
      await machine.stop();
    }
    // Their names hold step, element and run.
    const names = matches(
      lines,
      /((?:customJob|batchPredictionJob) \S+) {2}JOB_STATE_QUEUED|(job \S+) {2}JOB_STATE_PENDING/,
    );
    expect(names.length).toBeGreaterThan(6);
    expect(new Set(names).size).toBe(names.length);
    const executions = matches(lines, /(job jobs-preparation-dev) {2}created/);
    const runs = new Set(matches(lines, /task [0-9a-f]{16}-(\S+)-prepare /));
    expect(executions.length).toBeGreaterThan(0);
    expect(executions.length).toBeLessThanOrEqual(runs.size);
  },
  480_000,
);

test("each of the bindings of jobs is needed, and none is missing", async () => {
  const { missing, unproven } = summaryOf(await checkIam(join(outdir, "stacks", "two-jobs"), { run }));
  expect(missing).toEqual([]);
  // No job of these runs is cancelled, and no dead letter put back.
  expect(unproven.filter((line) => !/redrive|cancel/.test(JSON.stringify(line)))).toEqual([]);
}, 600_000);

/** The first group that matches, of each line that matches. */
function matches(lines: readonly string[], pattern: RegExp): string[] {
  return lines.flatMap((line) => pattern.exec(line)?.slice(1).find(Boolean) ?? []);
}
