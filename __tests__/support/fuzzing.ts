import { readEnvironment } from "../../functions/shared/environment";
import { vertexPredictor } from "../../functions/shared/predictor";
import { IS_DEEP, inDepth } from "./deep";
import { environments } from "./environments";
import type { FakeGoogle } from "./fake-google";
import { type Served, serve } from "./serve";
import type { Folder } from "./targets";

/**
 * Requests per function: `FUZZ_RUNS`.
 * @default 24; in `npm run test:deep` 500
 */
export const RUNS = Number(process.env.FUZZ_RUNS ?? inDepth(500, 24));
/**
 * Repeats a run: `FUZZ_SEED`.
 * @default always the same; in `npm run test:deep` a new one, which is printed
 */
export const SEED = Number(process.env.FUZZ_SEED ?? inDepth(Date.now() % 2 ** 31, 1));

/** Prints which run it was, in the long form: the short one is always the same, and a failure names its seed. */
export function printRun(line: string): void {
  if (IS_DEEP) process.stderr.write(`${line}, FUZZ_SEED=${SEED}\n`);
}

/** A function as its `index.ts` connects it, but to the fake. */
export function startTarget(folder: Folder, google: FakeGoogle): Promise<Served> {
  const { environmentSchema } = require(`../../functions/${folder}/environment`);
  const { createHandler } = require(`../../functions/${folder}/handler`);
  const environment = readEnvironment<typeof environmentSchema>(environmentSchema, environments[folder]);
  const services = google.services(folder);
  const { VERTEX_ENDPOINT = "", PREDICT_BATCH_SIZE = 1 } = environment;
  const predictor = vertexPredictor(services.google, VERTEX_ENDPOINT, PREDICT_BATCH_SIZE);
  return serve(createHandler(environment, { ...services, predictor }));
}

/** What there is now: objects, tasks, jobs, and executions, whose repetition the workflow itself makes good. */
export function effectsIn(google: FakeGoogle): string[] {
  const executions = google.executions.map((execution) => JSON.stringify(execution));
  return [
    ...Object.entries(google.buckets.texts).map((object) => JSON.stringify(object)),
    ...[...google.tasks.values()].map((task) => JSON.stringify(task)),
    ...google.jobs.map(({ name, request }) => JSON.stringify([name, request])),
    ...new Set(executions),
  ].sort();
}
