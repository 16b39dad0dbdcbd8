import { App } from "cdktf";
import { Bucket, DataflowTemplate, Duration, GoogleStack, ScheduledPreprocessing, synthesize } from "../../../../lib";

// Synthesizes into CDKTF_OUTDIR jobs that end badly, and one that ends well.
const app = new App({ stackTraces: false });
const stack = new GoogleStack(app, "bad-jobs", { project: "acme-ml", region: "us-central1" });
const raw = new Bucket(stack, "raw");
const job = (pipeline: string) => ({
  template: DataflowTemplate.yaml(`packages/scenarios/__tests__/bad-jobs/${pipeline}.yaml`),
  parameters: (output: string) => ({ input: `gs://${raw.name}/good/*.txt`, output }),
  schedule: { cron: "0 3 * * *" },
  waitFor: Duration.hours(1),
});
const { client } = new ScheduledPreprocessing(stack, "preprocessing", {
  inputBuckets: [raw],
  jobs: { good: job("half-way"), unknown: job("unknown-transform") },
});
if (client) raw.grantCreate(client);
synthesize(app);
