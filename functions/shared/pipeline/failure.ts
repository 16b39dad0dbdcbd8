import * as v from "valibot";
import type { PermanentError } from "../errors";
import { check } from "../json";
import { createJsonOnce, gsUri, readJson } from "../storage";
import { Histories, type History, lastFailure, lastResume } from "./history";
import { failureFile, type Item, markersFolder } from "./layout";
import type { Pipeline } from "./run";
import type { StepTask } from "./task";

/** Most characters of a message that a failure keeps. */
const MAX_MESSAGE = 1024;

const failureSchema = v.object({
  /** Why the task was handed to the dead letter. */
  code: v.string(),
  message: v.string(),
  /** The task's name, without the queue. */
  task: v.string(),
});

export type Failure = v.InferOutput<typeof failureSchema>;

/**
 * Notes that a step's or an element's task is handed to the dead letter. The first note of a resume
 * stays.
 *
 * @param taskId the task's name, without the queue.
 */
export async function recordFailure(
  pipeline: Pipeline,
  task: StepTask,
  { code, message }: PermanentError,
  taskId: string,
): Promise<void> {
  const { run, step, index } = task;
  const failure: Failure = { code, message: message.slice(0, MAX_MESSAGE), task: taskId };
  const file = failureFile(pipeline, { run, step, index }, await resumeOf(pipeline, task));
  await createJsonOnce(pipeline.services.storage, file, failure);
}

/** The end of an element enqueues the join, and does not know how often the step was resumed. */
async function resumeOf(pipeline: Pipeline, { run, step, join, resume = 0 }: StepTask): Promise<number> {
  if (join === undefined) return resume;
  const histories = await Histories.list(pipeline, markersFolder(run), `${step}.`);
  return lastResume(histories.step(step));
}

/** The last failure of a step or an element that has one. */
export async function readFailure(pipeline: Pipeline, item: Item, history: History): Promise<Failure> {
  const object = failureFile(pipeline, item, lastFailure(history));
  return check(failureSchema, await readJson(pipeline.services.storage, object), gsUri(object));
}
