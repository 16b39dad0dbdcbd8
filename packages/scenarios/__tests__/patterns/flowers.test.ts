import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readStack } from "@cdktf-serverless-ml/terraform-json";
import { PYTHON, withBeam } from "../../../../__tests__/support/beam";
import { synthesized } from "../../../../__tests__/support/synthesized";
import { scenarioOf } from "../../src/patterns";
import { inputFor, runStack } from "../../src/run/run-stack";
import type { Summary } from "../../src/run/summary";

/* The job `flowers` on Apache Beam, against the emulated Cloud Storage and its IAM. */

// A start of Beam takes seconds, and more on a busy machine.
jest.setTimeout(240_000);

const stacks = synthesized();
afterAll(() => stacks.remove());

function run(content?: string, without?: RegExp): Promise<Summary> {
  const folder = stacks.stack("scheduled-preprocessing");
  const scenario = scenarioOf(readStack(folder));
  if (!scenario) throw new Error("no scenario");
  const sample = inputFor(scenario, undefined, "samples");
  const input = content === undefined ? sample : { name: "own.csv", content: Buffer.from(content) };
  const bindings = ({ address }: { address: string }) => !without?.test(address);
  return runStack(folder, { scenario, input, python: PYTHON, bindings });
}

withBeam(() => {
  test("the sample: train, test, one reject, statistics and counters of the real run", async () => {
    const summary = await run();
    expect(summary).toMatchObject({ verdict: "OK", accepted: 3, done: 3, skipped: 0, refused: [], missing: [] });
    const { statistics, metrics, rejects, train } = summary.outputs as Record<string, object>;
    expect(statistics).toMatchObject({ rows: 149, train: 106, test: 43, rejects: 1 });
    expect(metrics).toEqual({ rows_read: 150, rows_rejected: 1 });
    expect(JSON.parse(String(rejects))).toMatchObject({
      row: readFileSync(join(__dirname, "../../../../samples/flowers.csv"), "utf8").split("\n")[10],
      reason: 'petal_length is "one point five", no number',
    });
    expect(train).toEqual([expect.stringMatching(/^\{"x": \[.*\], "label": "setosa"\}$/), expect.any(String)]);
  });

  test("a table without a column: Beam's message is the reason of the dead letter", async () => {
    const summary = await run("sepal_length,species\n1,setosa\n");
    expect(summary).toMatchObject({ verdict: "PARTIAL", accepted: 2, done: 1, deadLettered: 1 });
    expect(summary.deadLetters).toEqual([
      expect.stringMatching(
        /failed: JOB_STATE_FAILED: Workflow failed\. Causes: ValueError: gs:.*own\.csv has no column/,
      ),
    ]);
  });

  test("workers that may not read the input bucket are refused", async () => {
    const summary = await run(undefined, /input_.*workers/);
    expect(summary.refused).toEqual([
      expect.stringMatching(/workers.* lacks storage\.objects\.(list|get) on projects\/_\/buckets\/.*input-dev/),
    ]);
  });
});
