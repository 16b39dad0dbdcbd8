import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "cdktf";
import { DataflowTemplate, GoogleStack, ScheduledPreprocessing, synthesize } from "../../../../lib";
import { readStackWithOutputs } from "../../src/patterns";

test("a stack that declares no outputs says how its dead letters are put back, and by whom", () => {
  const outdir = mkdtempSync(join(tmpdir(), "redrive-outputs-"));
  try {
    const app = new App({ stackTraces: false, outdir });
    const stack = new GoogleStack(app, "words", { project: "acme-ml", region: "us-central1" });
    new ScheduledPreprocessing(stack, "words", {
      template: DataflowTemplate.classic("gs://dataflow-templates/latest/Word_Count"),
      parameters: (output) => ({ inputFile: "gs://acme-raw/words.txt", output: `${output}/counts` }),
      schedule: { cron: "0 3 * * *" },
    });
    synthesize(app);
    expect(readStackWithOutputs(join(outdir, "stacks", "words")).outputs).toMatchObject({
      redrive_url: expect.stringMatching(/^https:\/\/words-redrive-dev-/),
      client: expect.stringMatching(/^serviceAccount:words-client-dev@/),
    });
  } finally {
    rmSync(outdir, { recursive: true });
  }
});
