import { App, TerraformResource } from "cdktf";
import { AsyncBatch, GoogleStack, PredictionEndpoint, skipTokenTraces, synthesize } from "../lib";

// One run of the scaling benchmark: synthesizes N AsyncBatch patterns in one stack and prints time
// and memory.
skipTokenTraces();
const count = Number(process.argv[2]);
const begin = performance.now();
const app = new App({ stackTraces: false });
const stack = new GoogleStack(app, "many", { project: "acme-ml", region: "us-central1" });
const endpoint = new PredictionEndpoint(stack, "endpoint", "1234567890");
for (let index = 0; index < count; index++) new AsyncBatch(stack, `batch-${index}`, { endpoint });
synthesize(app);

console.log(
  JSON.stringify({
    milliseconds: performance.now() - begin,
    megabytes: process.resourceUsage().maxRSS / 1024,
    resources: stack.node.findAll().filter((construct) => construct instanceof TerraformResource).length,
  }),
);
