import type * as v from "valibot";
import { PermanentError } from "../errors";
import type { HttpHandler } from "../http";
import { check } from "../json";
import { type TaskContext, taskHandler } from "../task-handler";
import { Again, files, type StepContext } from "./context";
import { countElements, limitOutputs, readElement } from "./elements";
import type { StepEnvironment } from "./environment";
import { recordFailure } from "./failure";
import { enqueueDependents } from "./follow";
import { readInputs } from "./inputs";
import { endElement, join } from "./join";
import { isMarked, type Outputs, writeMarker } from "./marker";
import { type Pipeline, type Run, runOf, stepOf } from "./run";
import { spread, spreadPart } from "./spread";
import { enqueueTask, type StepTask, stepTaskSchema } from "./task";

export interface PipelineStepOptions<S extends v.GenericSchema> {
  environment: StepEnvironment;
  services: Pipeline["services"];
  /** The run parameters that this step needs. */
  parameters: S;
  /**
   * Does the work. The same parameters and inputs must give the same files, since a repeated
   * attempt keeps existing files. Work that lasts longer than a task may returns `Again`.
   */
  work: (context: StepContext<v.InferOutput<S>>) => Promise<Outputs | Again>;
}

/**
 * A step of a pipeline. Cloud Tasks calls it with `{ run, step }`. Does the work unless the step's
 * marker exists, writes the marker, and enqueues the steps that are now ready. Of a step with
 * `forEach` it creates a task for each element, does the work of each, and joins them.
 */
export function pipelineStep<S extends v.GenericSchema>(options: PipelineStepOptions<S>): HttpHandler {
  const { environment, services } = options;

  return taskHandler({
    environment,
    services,
    schema: stepTaskSchema,
    findEffect: async (task) => {
      if (!(await isMarked(options, task))) return undefined;
      return end(options, await runOf(options, task), task);
    },
    handle: async (task, context) => {
      const run = await runOf(options, task);
      const step = stepOf(run, task.step);
      const ofElements = task.index ?? task.spread ?? task.join;
      if (step.forEach === undefined) {
        if (ofElements === undefined) return workOn(options, run, task, context);
        throw new PermanentError("unknown_element", `Step ${task.step} of run ${task.run} has no \`forEach\``);
      }
      if (task.index !== undefined) return workOn(options, run, task, context);
      if (task.join !== undefined) return join(options, run, step, task);
      return task.spread === undefined ? spread(options, run, step, task) : spreadPart(options, run, step, task);
    },
    onDeadLetter: (task, reason, { id }) => noteDeadLetter(options, task, reason, id),
  });
}

/** The work of a step or an element. */
async function workOn<S extends v.GenericSchema>(
  options: PipelineStepOptions<S>,
  run: Run,
  task: StepTask,
  { attempt, redrives, time, log, signal }: TaskContext,
): Promise<object> {
  const { known, ...own } = task;
  const { count, element } = isElement(task)
    ? await readElement(options, task, known)
    : { count: 1, element: undefined };
  const outputs = await options.work({
    ...own,
    element,
    resume: task.resume ?? 0,
    attempt,
    redrives,
    time,
    log,
    signal,
    parameters: check(options.parameters, run.parameters, `The parameters of run ${task.run}`),
    ...files(options, task),
    ...(await readInputs(options, run, task.step)),
  });
  if (outputs instanceof Again) {
    const poll = { n: (task.poll?.n ?? 0) + 1, state: outputs.state };
    const { run: _, step, ...rest } = own;
    const { scheduleTime } = outputs;
    await enqueueTask(
      options,
      run,
      stepOf(run, step),
      { ...rest, poll },
      { scheduleTime, element, count: known?.count },
    );
    return { ...own, again: scheduleTime };
  }
  if (isElement(task)) limitOutputs(outputs, task, count);
  // Another marker may have other outputs.
  const isFirst = await writeMarker(options, task, outputs);
  const more = isFirst && !isElement(task) ? { [task.step]: outputs } : {};
  return end(options, { ...run, outputs: { ...run.outputs, ...more } }, task, count);
}

/** After the marker: enqueues what is now ready. */
async function end(pipeline: Pipeline, run: Run, { known, ...task }: StepTask, count?: number): Promise<object> {
  if (!isElement(task)) return { ...task, enqueued: await enqueueDependents(pipeline, run, task.step) };
  const all = count ?? known?.count ?? (await countElements(pipeline, task));
  await endElement(pipeline, run, stepOf(run, task.step), task, all);
  return task;
}

/** A failed element has ended, too. */
async function noteDeadLetter(pipeline: Pipeline, task: StepTask, reason: PermanentError, id: string): Promise<void> {
  try {
    const run = await runOf(pipeline, task);
    const step = stepOf(run, task.step);
    const count = isElement(task) ? (await readElement(pipeline, task, task.known)).count : 0;
    await recordFailure(pipeline, task, reason, id);
    if (isElement(task)) await endElement(pipeline, run, step, task, count);
  } catch (error) {
    // The task belongs to no step or element of a run.
    if (!(error instanceof PermanentError)) throw error;
  }
}

const isElement = (task: StepTask): task is StepTask & { index: number } => task.index !== undefined;
