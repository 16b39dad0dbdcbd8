import * as v from "valibot";
import { PermanentError } from "../errors";
import { shortHash } from "../hash";
import { check } from "../json";
import { gsUri, type ObjectName, readJson } from "../storage";
import type { StorageServices } from "../storage-services";
import { createTask } from "../tasks";
import { type Step, stepsSchema } from "./graph";

/*
 * A run lives in one folder of the run bucket:
 *   runs/<run>/run.json            the steps and parameters it started with
 *   runs/<run>/<step>/…            what a step wrote
 *   runs/<run>/steps/<step>.json   the marker: this step is done, and these are its outputs
 */

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

export type Run = v.InferOutput<typeof runSchema>;

/** What a function of a pipeline needs. */
export interface Pipeline {
  environment: { RUN_BUCKET: string; QUEUE: string; TOKEN_IDENTITY: string };
  services: StorageServices;
}

export const runFolder = (run: string) => `runs/${run}`;

export const runFile = ({ environment }: Pipeline, run: string): ObjectName => ({
  bucket: environment.RUN_BUCKET,
  name: `${runFolder(run)}/run.json`,
});

export const markerFile = ({ environment }: Pipeline, run: string, step: string): ObjectName => ({
  bucket: environment.RUN_BUCKET,
  name: `${runFolder(run)}/steps/${step}.json`,
});

/** @throws PermanentError `missing_run` (404) when no run has that id. */
export async function loadRun(pipeline: Pipeline, run: string): Promise<Run> {
  const object = runFile(pipeline, run);
  const value = await readJson(pipeline.services.storage, object);
  if (value === undefined) throw new PermanentError("missing_run", `There is no run ${run}: no ${gsUri(object)}`, 404);
  return check(runSchema, value, gsUri(object));
}

/** Enqueues one step of a run. @returns false when its task was enqueued before. */
export function enqueueStep(pipeline: Pipeline, run: string, step: Step, scheduleTime?: string): Promise<boolean> {
  const { environment, services } = pipeline;
  return createTask(services.google, environment.QUEUE, {
    id: `${shortHash(run, step.name)}-${run}-${step.name}`,
    url: step.url,
    payload: { run, step: step.name },
    deadlineSeconds: step.deadlineSeconds,
    tokenIdentity: environment.TOKEN_IDENTITY,
    scheduleTime,
  });
}

/**
 * Enqueues every step that comes after `done` and whose dependencies are all done. Steps that end
 * at the same time may both enqueue the next step. Its task's name is the same, so Cloud Tasks
 * creates one task.
 *
 * @returns names of the steps that were ready.
 */
export async function enqueueDependents(pipeline: Pipeline, { run, steps }: Run, done: string): Promise<string[]> {
  const isMarked = async (step: string) =>
    step === done || (await pipeline.services.storage.stat(markerFile(pipeline, run, step))) !== undefined;
  const ready: string[] = [];
  for (const step of steps.filter(({ after }) => after.includes(done))) {
    const marked = await Promise.all(step.after.map(isMarked));
    if (!marked.every(Boolean)) continue;
    await enqueueStep(pipeline, run, step);
    ready.push(step.name);
  }
  return ready;
}
