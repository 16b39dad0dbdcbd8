import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
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
  ["own-batch", 18],
];

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
