import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { onlyIf } from "../support/only-if";
import { PYTHON, pythonHas } from "../support/python";
import { synthesized } from "../support/synthesized";

const ROOT = join(__dirname, "..", "..");
const IMAGE = "us-docker.pkg.dev/vertex-ai/training/sklearn-cpu.1-6:latest";

onlyIf(pythonHas("google.cloud.storage"), `${PYTHON} has no google-cloud-storage`, () => {
  test("the stack task-pipeline with trainAs vertex trains its model in a job, in Python", () => {
    const stacks = synthesized({ TRAIN_AS: "vertex" });
    const command = `exec '${PYTHON}' '${join(ROOT, "workers", "iris-train", "main.py")}'`;
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [
        ...[join(ROOT, "scripts", "ts.mjs"), "packages/scenarios/src/cli.ts"],
        ...["--terraform", stacks.stack("task-pipeline"), "--run", `${IMAGE}=${command}`, "--json"],
      ],
      { cwd: ROOT, env: { ...process.env, NO_COLOR: "1" }, encoding: "utf8" },
    );
    stacks.remove();
    const [last = ""] = stdout.trimEnd().split("\n").slice(-1);
    const summary = last.startsWith("{") ? JSON.parse(last) : { stdout, stderr };
    expect(summary).toMatchObject({ verdict: "OK", accepted: 6, done: 6, refused: [] });
    expect(summary.outputs.accuracy).toBeGreaterThanOrEqual(0.9);
    expect(summary.outputs.job).toMatch(/^projects\/\d+\/locations\/us-central1\/customJobs\/\d+$/);
  }, 180_000);
});
