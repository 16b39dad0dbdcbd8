import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readStack } from "@cdktf-serverless-ml/terraform-json";
import { deepOnly } from "../../../../__tests__/support/deep";
import { checkIam } from "../../src/iam-check/check-iam";
import { summaryOf } from "../../src/iam-check/report";
import { readStackWithOutputs, scenarioOf } from "../../src/patterns";

const outdir = mkdtempSync(join(tmpdir(), "own-"));

beforeAll(() => {
  const env = { ...process.env, CDKTF_OUTDIR: outdir };
  execFileSync(process.execPath, ["scripts/ts.mjs", "packages/scenarios/__tests__/iam-check/own/app.ts"], { env });
});

afterAll(() => rmSync(outdir, { recursive: true }));

test.each([
  ["own-batch", "async batch"],
  ["own-fanout", "Pub/Sub fan-out"],
  ["own-pipeline", "task pipeline"],
  ["own-preprocessing", "scheduled preprocessing"],
  ["own-workflow", "event workflow"],
])("%s, a stack without outputs, is known by what its functions are given: %s", (name, architecture) => {
  const folder = join(outdir, "stacks", name);
  expect(readStack(folder).outputs).toEqual({});
  expect(scenarioOf(readStackWithOutputs(folder))?.name).toBe(architecture);
});

// What dead letters take is needed only where something fails, and these functions never do by
// themselves.
const BINDINGS: readonly [string, number][] = [
  ["own-fanout", 16],
  ["own-pipeline", 26],
];

test("own-batch, checked as users do it: a table of what fails without each binding, exit code 0", () => {
  const temporary = join(outdir, "temporary");
  mkdirSync(temporary);
  const command = ["scripts/ts.mjs", "packages/scenarios/src/cli.ts", "--check-iam", "--terraform"];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...command, join(outdir, "stacks", "own-batch")], {
    env: { ...process.env, TMPDIR: temporary, INIT_CWD: undefined, NO_COLOR: "1" },
    encoding: "utf8",
  });
  expect(stdout).toMatch(
    /^ {2}ok {2}run\.invoker for own-batch-client-dev on service own-batch-redrive-dev\n {6}google_cloud_run_v2_service_iam_member\.\S+\n {6}without it own-batch-client-dev lacks run\.routes\.invoke on service own-batch-redrive-dev\n/m,
  );
  expect(stdout.match(/^ {2}ok {2}/gm)).toHaveLength(18);
  expect(stdout).toMatch(/\nOK {2}own-batch {2}bindings 18, necessary 18, unproven 0, missing 0, [\d.]+ s\n$/);
  // Only a terminal is shown progress.
  expect(stderr).not.toContain("runs");
  expect(status).toBe(0);
  expect(readdirSync(temporary)).toEqual([]);
}, 120_000);

deepOnly(() => {
  test.each(BINDINGS)(
    "%s, whose functions never fail: each of its %i bindings is needed, as failures of each function are made",
    async (name, bindings) => {
      expect(summaryOf(await checkIam(join(outdir, "stacks", name)))).toEqual({
        stack: name,
        verdict: "OK",
        bindings,
        necessary: bindings,
        unproven: [],
        missing: [],
        seconds: expect.any(Number),
      });
    },
    120_000,
  );
});
