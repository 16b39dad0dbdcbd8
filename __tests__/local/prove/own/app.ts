import { App } from "cdktf";
import { AsyncBatch, FunctionSource, GoogleStack, PubSubFanout, synthesize, TaskPipeline } from "../../../../lib";
import { addOutputs } from "../../../../lib/stacks/outputs";

// Patterns with functions that never fail: synthesizes them into CDKTF_OUTDIR.
const app = new App({ stackTraces: false });
const own = (name: string) => FunctionSource.typescript(`__tests__/local/prove/own/${name}`);
const stackOf = (id: string) => new GoogleStack(app, id, { project: "acme-ml", region: "us-central1" });

const reports = stackOf("own-pipeline");
const pipeline = new TaskPipeline(reports, "pipeline", {
  steps: { load: { source: own("step") }, report: { source: own("step"), after: ["load"] } },
});
addOutputs(reports, {
  start_url: pipeline.start.uri,
  run_bucket_name: pipeline.runBucket.name,
  pipeline_steps: Object.keys(pipeline.steps),
  client: pipeline.client.grantee.member,
});

const lengths = stackOf("own-batch");
const batch = new AsyncBatch(lengths, "batch", { worker: { source: own("length-worker") } });
addOutputs(lengths, {
  submitter_url: batch.submitter.uri,
  input_bucket_name: batch.inputBucket.name,
  output_bucket_name: batch.outputBucket.name,
  client: batch.client.grantee.member,
});

const counts = stackOf("own-fanout");
const fanout = new PubSubFanout(counts, "fanout", { subscribers: { count: { source: own("count-worker") } } });
addOutputs(counts, {
  topic_name: fanout.topic.topicName,
  subscription_names: Object.values(fanout.subscribers).map(({ subscription }) => subscription.resource.name),
  dead_letter_subscription_names: Object.values(fanout.subscribers).map(
    ({ deadLetter }) => deadLetter.subscription.resource.name,
  ),
  results_bucket_name: fanout.resultsBucket.name,
  client: fanout.client.grantee.member,
});
synthesize(app);
