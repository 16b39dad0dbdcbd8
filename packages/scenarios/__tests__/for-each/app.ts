import { App } from "cdktf";
import { Duration, FunctionSource, GoogleStack, synthesize, TaskPipeline } from "../../../../lib";

// Pipelines with a step that runs once for each row of a table, and with a training job for each
// learning rate: synthesizes them into CDKTF_OUTDIR.
const app = new App({ stackTraces: false });
const stackOf = (id: string) => new GoogleStack(app, id, { project: "acme-ml", region: "us-central1" });
const source = FunctionSource.typescript("packages/scenarios/__tests__/for-each/step");
new TaskPipeline(stackOf("for-each"), "pipeline", {
  maxDispatchesPerSecond: 500,
  // What puts dead letters back has tests of its own.
  redrive: false,
  steps: {
    preprocess: { source },
    score: { source, after: ["preprocess"], forEach: "rows" },
    evaluate: { source, after: ["score"] },
  },
});

new TaskPipeline(stackOf("tuning"), "pipeline", {
  redrive: false,
  steps: {
    preprocess: { source },
    rates: { source },
    train: {
      vertexTraining: {
        image: "us-docker.pkg.dev/acme-ml/tuning/train:1",
        machineType: "n1-standard-4",
        args: ["--data={inputs.rows}", "--rate={element}"],
      },
      pollInterval: Duration.seconds(10),
      after: ["preprocess", "rates"],
      forEach: "rates",
      minSuccess: 0.6,
    },
    best: { source, after: ["train"] },
  },
});
synthesize(app);
