import { readFileSync } from "node:fs";
import { join } from "node:path";
import { synthesize } from "../../lib/synthesize";
import { everyWorker } from "./fixtures/every-worker";
import { errorsOf, temporaryFolder, testApp } from "./support";

test("every kind of worker synthesizes with every option, and the JSON has no faults", () => {
  const outdir = temporaryFolder();
  const app = testApp(undefined, outdir);
  const stacks = everyWorker(app);
  expect(errorsOf(app)).toEqual([]);
  synthesize(app);
  const counts = stacks.map(({ node }) => {
    const { resource } = JSON.parse(readFileSync(join(outdir, "stacks", node.id, "cdk.tf.json"), "utf8"));
    const count = (type: string) => Object.keys(resource[`google_${type}`] ?? {}).length;
    return [node.id, ...["service", "job", "worker_pool"].map((kind) => count(`cloud_run_v2_${kind}`))];
  });
  expect(counts).toEqual([
    ["every-worker-parts", 3, 2, 2],
    ["every-worker-patterns", 7, 0, 2],
    ["every-worker-jobs", 0, 1, 0],
  ]);
});
