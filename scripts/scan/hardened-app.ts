import { App } from "cdktf";
import {
  AsyncBatch,
  DataflowTemplate,
  EncryptionKey,
  EventWorkflow,
  FunctionSource,
  GoogleStack,
  PredictionEndpoint,
  PubSubFanout,
  ScheduledPreprocessing,
  synthesize,
  TaskPipeline,
} from "../../lib";

/**
 * Synthesizes the five patterns with every option enabled that a policy scanner asks for.
 *
 * @param outdir output folder of the JSON
 */
export function synthesizeHardened(outdir: string): void {
  const app = new App({ outdir, stackTraces: false });
  const stack = (id: string) =>
    new GoogleStack(app, id, {
      project: "acme-ml",
      region: "us-central1",
      versionedBuckets: true,
      accessLogBucket: "acme-logs",
    });
  const encryptionKey = new EncryptionKey(
    app,
    "key",
    "projects/acme-ml/locations/us-central1/keyRings/ml/cryptoKeys/data",
  );
  const withEndpoint = (id: string) => {
    const scope = stack(id);
    return { scope, endpoint: new PredictionEndpoint(scope, "endpoint", "1234567890") };
  };

  const batch = withEndpoint("async-batch");
  new AsyncBatch(batch.scope, "batch", { endpoint: batch.endpoint, encryptionKey });
  new TaskPipeline(stack("task-pipeline"), "pipeline", {
    steps: { preprocess: { source: FunctionSource.builtIn("pipeline-preprocess") } },
    encryptionKey,
  });
  const workflow = withEndpoint("event-workflow");
  new EventWorkflow(workflow.scope, "workflow", { endpoint: workflow.endpoint, encryptionKey });
  const fanout = withEndpoint("pubsub-fanout");
  new PubSubFanout(fanout.scope, "fanout", {
    subscribers: { all: { source: FunctionSource.builtIn("message-predictor"), endpoint: fanout.endpoint } },
    encryptionKey,
  });
  new ScheduledPreprocessing(stack("scheduled-preprocessing"), "preprocessing", {
    template: DataflowTemplate.classic("gs://dataflow-templates/latest/Word_Count"),
    parameters: (output) => ({ inputFile: "gs://acme-raw/words.txt", output: `${output}/counts` }),
    schedule: { cron: "0 3 * * *" },
    deployTimeJob: true,
    network: { subnetwork: "regions/us-central1/subnetworks/ml", privateIps: true },
    encryptionKey,
  });
  synthesize(app);
}
