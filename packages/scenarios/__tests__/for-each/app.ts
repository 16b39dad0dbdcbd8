import { App } from "cdktf";
import { FunctionSource, GoogleStack, synthesize, TaskPipeline } from "../../../../lib";

// A pipeline whose second step runs once for each row of a table: synthesizes it into CDKTF_OUTDIR.
const app = new App({ stackTraces: false });
const stack = new GoogleStack(app, "for-each", { project: "acme-ml", region: "us-central1" });
const source = FunctionSource.typescript("packages/scenarios/__tests__/for-each/step");
new TaskPipeline(stack, "pipeline", {
  maxDispatchesPerSecond: 500,
  steps: {
    preprocess: { source },
    score: { source, after: ["preprocess"], forEach: "rows" },
    evaluate: { source, after: ["score"] },
  },
});
synthesize(app);
