import { App } from "cdktf";
import {
  AsyncBatch,
  DataflowTemplate,
  EventWorkflow,
  FunctionSource,
  GoogleStack,
  PredictionEndpoint,
  PubSubFanout,
  ScheduledPreprocessing,
  synthesize,
  TaskPipeline,
} from "../../../../../lib";

// Patterns without outputs, three of them with functions that never fail: synthesizes them into
// CDKTF_OUTDIR.
const app = new App({ stackTraces: false });
const own = (name: string) => FunctionSource.typescript(`packages/scenarios/__tests__/iam-check/own/${name}`);
const stackOf = (id: string) => new GoogleStack(app, id, { project: "acme-ml", region: "us-central1" });

const reports = stackOf("own-pipeline");
new TaskPipeline(reports, "pipeline", {
  steps: { load: { source: own("step") }, report: { source: own("step"), after: ["load"] } },
});

const lengths = stackOf("own-batch");
new AsyncBatch(lengths, "batch", { worker: { source: own("length-worker") } });

const counts = stackOf("own-fanout");
new PubSubFanout(counts, "fanout", { subscribers: { count: { source: own("count-worker") } } });
const uploads = stackOf("own-workflow");
new EventWorkflow(uploads, "predict", { endpoint: new PredictionEndpoint(uploads, "endpoint", "1234567890") });

new ScheduledPreprocessing(stackOf("own-preprocessing"), "words", {
  template: DataflowTemplate.classic("gs://dataflow-templates/latest/Word_Count"),
  parameters: (output) => ({
    inputFile: "gs://dataflow-samples/shakespeare/kinglear.txt",
    output: `${output}/counts`,
  }),
  schedule: { cron: "0 3 * * *" },
});
synthesize(app);
