import { isMarked } from "./marker";
import type { Pipeline, Run } from "./run";
import { enqueueTask } from "./task";

/**
 * Enqueues every step that comes after `done` and whose dependencies are all done. Steps that end
 * at the same time may both enqueue the next step. Its task's name is the same, so Cloud Tasks
 * creates one task.
 *
 * @returns names of the steps that were ready.
 */
export async function enqueueDependents(pipeline: Pipeline, { run, steps }: Run, done: string): Promise<string[]> {
  const ready: string[] = [];
  for (const step of steps.filter(({ after }) => after.includes(done))) {
    const marked = await Promise.all(
      step.after.map((name) => name === done || isMarked(pipeline, { run, step: name })),
    );
    if (!marked.every(Boolean)) continue;
    await enqueueTask(pipeline, step, { run, step: step.name });
    ready.push(step.name);
  }
  return ready;
}
