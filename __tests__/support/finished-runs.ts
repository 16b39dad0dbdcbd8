import { createHandler as createInfer } from "../../functions/pipeline-infer/handler";
import { createHandler as createPreprocess } from "../../functions/pipeline-preprocess/handler";
import { environmentSchema as startEnvironment } from "../../functions/pipeline-start/environment";
import { createHandler as createStart } from "../../functions/pipeline-start/handler";
import { createHandler as createTrain } from "../../functions/pipeline-train/handler";
import { readEnvironment } from "../../functions/shared/environment";
import { stepEnvironmentSchema } from "../../functions/shared/pipeline/environment";
import { dispatchAll } from "./dispatcher";
import { environments } from "./environments";
import { FakeGoogle } from "./fake-google";
import { serve } from "./serve";

/** Twelve rows of two classes. */
const rows = Array.from({ length: 12 }, (_, i) => `${i},${(i * 7) % 5},${i % 2 ? "odd" : "even"}`);
const input = "gs://run-bucket/inputs/a.csv";

/**
 * What the bucket holds after the pipeline has done these runs, each with other parameters, on a
 * small file.
 */
export async function finishedRuns(runs: readonly string[]): Promise<Record<string, string>> {
  const google = await FakeGoogle.start();
  const environment = readEnvironment(stepEnvironmentSchema, environments["pipeline-train"]);
  const [start, preprocess, train, infer] = await Promise.all([
    serve(createStart(readEnvironment(startEnvironment, environments["pipeline-start"]), google.services())),
    serve(createPreprocess(environment, google.services())),
    serve(createTrain(environment, google.services())),
    serve(createInfer(environment, google.services())),
  ]);
  google.buckets.put(input, ["x,y,parity", ...rows].join("\n"));
  for (const [seed, run] of runs.entries()) await start.post({ run, parameters: { input, seed, maxIterations: 3 } });
  await dispatchAll(google, {
    "https://preprocess.example.run.app/": preprocess.url,
    "https://train.example.run.app/": train.url,
    "https://infer.example.run.app/": infer.url,
  });
  await Promise.all([start, preprocess, train, infer, google].map((server) => server.stop()));
  return google.buckets.texts;
}
