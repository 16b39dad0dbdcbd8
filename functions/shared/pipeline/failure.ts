import type { PermanentError } from "../errors";
import { createJsonOnce } from "../storage";
import { failureFile } from "./layout";
import type { Pipeline } from "./run";
import type { StepTask } from "./task";

/** Most characters of a message that a failure keeps. */
const MAX_MESSAGE = 1024;

/**
 * Notes that a step's or an element's task is handed to the dead letter. The first note of a resume
 * stays.
 *
 * @param taskId the task's name, without the queue.
 */
export async function recordFailure(
  pipeline: Pipeline,
  { run, step, index, resume = 0 }: StepTask,
  { code, message }: PermanentError,
  taskId: string,
): Promise<void> {
  const failure = { code, message: message.slice(0, MAX_MESSAGE), task: taskId };
  await createJsonOnce(pipeline.services.storage, failureFile(pipeline, { run, step, index }, resume), failure);
}
