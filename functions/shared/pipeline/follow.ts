import { isMarked, type Outputs, readMarker } from "./marker";
import type { Pipeline, Run } from "./run";
import { enqueueTask } from "./task";

/**
 * Enqueues every step that comes after `done` and whose dependencies are all done. Steps that end
 * at the same time may both enqueue the next step. Its task's name is the same, so Cloud Tasks
 * creates one task.
 *
 * @param run with the outputs of `done`, where they are known.
 * @returns names of the steps that were ready.
 */
export async function enqueueDependents(pipeline: Pipeline, run: Run, done: string): Promise<string[]> {
  const ready: string[] = [];
  const outputs = { ...run.outputs };
  for (const step of run.steps.filter(({ after }) => after.includes(done))) {
    const others = step.after.filter((name) => name !== done && outputs[name] === undefined);
    const marked = await Promise.all(others.map((name) => lookFor(pipeline, run, name)));
    if (marked.includes(undefined)) continue;
    for (const [at, name] of others.entries()) if (marked[at] !== UNREAD) outputs[name] = marked[at] as Outputs;
    await enqueueTask(pipeline, { ...run, outputs }, step, {});
    ready.push(step.name);
  }
  return ready;
}

/** Of a step that is done, whose marker was not read. */
const UNREAD: Outputs = {};

/**
 * The outputs of a step that is done. Those of a step with `forEach` may be large: they are not
 * read.
 */
async function lookFor(pipeline: Pipeline, { run, steps }: Run, name: string): Promise<Outputs | undefined> {
  const hasElements = steps.some((step) => step.name === name && step.forEach !== undefined);
  if (!hasElements) return (await readMarker(pipeline, { run, step: name }))?.outputs;
  return (await isMarked(pipeline, { run, step: name })) ? UNREAD : undefined;
}
