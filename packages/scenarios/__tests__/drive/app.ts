import { App, TerraformOutput } from "cdktf";
import {
  Bucket,
  DeadLetter,
  FunctionService,
  FunctionSource,
  GoogleStack,
  ServiceIdentity,
  synthesize,
  TaskQueue,
} from "../../../../lib";

// A stack that is none of the five architectures: synthesizes it into CDKTF_OUTDIR.
const app = new App({ stackTraces: false });
const stack = new GoogleStack(app, "shouting", { project: "acme-ml", region: "us-central1" });
const results = new Bucket(stack, "results", { name: "acme-shouts" });
const worker = new FunctionService(stack, "worker", {
  source: FunctionSource.typescript("packages/scenarios/__tests__/drive/shout"),
  environment: { BUCKET: results.name },
});
results.grantCreate(worker);
results.grantRead(worker);
const queue = new TaskQueue(stack, "queue", { name: "shouts", deadLetter: new DeadLetter(stack, "dead-letter") });
queue.dispatchTo(worker);
const client = new ServiceIdentity(stack, "client", { name: "shouting-client", description: "Creates tasks" });
queue.grantEnqueue(client);
new TerraformOutput(stack, "bucket_name", { value: results.name });
new TerraformOutput(stack, "queue_id", { value: queue.resource.id });
new TerraformOutput(stack, "client_email", { value: client.email });
synthesize(app);
