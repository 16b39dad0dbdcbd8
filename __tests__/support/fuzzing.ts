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

/**
 * Prints which run it was, in the long form: the short one is always the same, and a failure names
 * its seed.
 */
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

/**
 * What there is now: objects, tasks, jobs, and executions, whose repetition the workflow itself
 * makes good. Without the times at which it came to be.
 */
export function effectsIn(google: FakeGoogle): string[] {
  const executions = google.executions.map((execution) => JSON.stringify(execution));
  return [
    ...Object.entries(google.buckets.texts).map((object) => JSON.stringify(object)),
    ...[...google.tasks.values()].map(({ httpRequest: { body, ...request }, ...task }) =>
      JSON.stringify([task, request, Buffer.from(body, "base64").toString()]),
    ),
    ...google.jobs.map(({ name, request }) => JSON.stringify([name, request])),
    ...google.longJobs.all.map(({ kind, request }) => JSON.stringify([kind, request])),
    ...new Set(executions),
  ]
    .map((effect) => effect.replace(NOW, "<time>"))
    .sort();
}

/** A time of this century with milliseconds, as a number or an RFC 3339 timestamp. */
const NOW = /\b1[789]\d{11}\b|\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;
