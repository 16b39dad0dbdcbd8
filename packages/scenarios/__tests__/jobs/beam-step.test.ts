import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cloudStorage, VirtualClock } from "@cdktf-serverless-ml/emulator";
import { PYTHON, withBeam } from "../../../../__tests__/support/beam";
import { startStack } from "../../src/run/start";

/* A step of a pipeline that is a Beam YAML pipeline, on Apache Beam. */

// A start of Beam takes seconds, and more on a busy machine.
jest.setTimeout(480_000);

const outdir = mkdtempSync(join(tmpdir(), "beam-step-"));
afterAll(() => rmSync(outdir, { recursive: true }));

const TEXT = `"a" 'b' \\n \\u0041 \n\r\t\u0001 é 😀 \u2028 {run} {{ x }} {% y %} # - & <b> $\{z}`;

withBeam(() => {
  test("any text of a run's parameters reaches the pipeline as it is, and lists as lists", async () => {
    const env = { ...process.env, CDKTF_OUTDIR: outdir };
    execFileSync(process.execPath, ["scripts/ts.mjs", "packages/scenarios/__tests__/jobs/app.ts"], { env });
    const clock = new VirtualClock();
    const running = await startStack(join(outdir, "stacks", "echo"), { clock, python: PYTHON });
    try {
      clock.run(() => running.pending() > 0);
      const { start_url: url } = running.stack.outputs;
      const list = [TEXT, { [TEXT]: [1.5, null, true] }];
      await running.client().json("POST", url, { run: "r", parameters: { text: TEXT, list } });
      expect([await running.settled(300_000), running.parts.denials, running.deadLetters()]).toEqual(["idle", [], []]);
      const objects = running.service(cloudStorage).objects();
      const text = (name: string) => objects.find((object) => object.name.endsWith(name))?.content.toString() ?? "";
      expect(JSON.parse(text("echo/echo-00000-of-00001.json"))).toEqual({ text: `r: ${TEXT}`, list });
      expect(text("runs/r/steps/echo.json")).toContain("/jobs/");
    } finally {
      await running.stop();
      clock.stop();
    }
  });
});
