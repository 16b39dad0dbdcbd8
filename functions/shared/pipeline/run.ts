import * as v from "valibot";
import { PermanentError } from "../errors";
import { check } from "../json";
import { gsUri, readJson } from "../storage";
import type { StorageServices } from "../storage-services";
import { type Step, stepsSchema } from "./graph";
import { runFile } from "./layout";

export const runId = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/, "a run id of letters, digits, hyphens and underscores, at most 100"),
);

export const runSchema = v.object({
  run: runId,
  steps: stepsSchema,
  /** From the start request. Each step checks those that it needs. */
  parameters: v.record(v.string(), v.unknown()),
});

export interface Run extends v.InferOutput<typeof runSchema> {
  /**
   * Outputs of steps that are done, as far as they are known without reading their markers.
   *
   * @default - none
   */
  outputs?: Readonly<Record<string, Record<string, unknown>>>;
}

/** What a function of a pipeline needs. */
export interface Pipeline {
  environment: { RUN_BUCKET: string; QUEUE: string; TOKEN_IDENTITY: string };
  services: StorageServices;
}

/** @throws PermanentError `missing_run` (404) when no run has that id. */
export async function loadRun(pipeline: Pipeline, run: string): Promise<Run> {
  const object = runFile(pipeline, run);
  const value = await readJson(pipeline.services.storage, object);
  if (value === undefined) throw new PermanentError("missing_run", `There is no run ${run}: no ${gsUri(object)}`, 404);
  return check(runSchema, value, gsUri(object));
}

/** The run of a task: as the task brings it along, else as `loadRun`. */
export async function runOf(
  pipeline: Pipeline,
  { run, known }: { run: string; known?: Omit<Run, "run"> },
): Promise<Run> {
  return known ? { run, ...known } : loadRun(pipeline, run);
}

/** @throws PermanentError `unknown_step` when the run has no step of that name. */
export function stepOf({ run, steps }: Run, name: string): Step {
  const step = steps.find((candidate) => candidate.name === name);
  if (!step) throw new PermanentError("unknown_step", `Run ${run} has no step ${name}`);
  return step;
}
