import type * as v from "valibot";
import type { HttpHandler } from "../http";
import { check } from "../json";
import { taskHandler } from "../task-handler";
import { Again, files, type StepContext } from "./context";
import type { StepEnvironment } from "./environment";
import { recordFailure } from "./failure";
import { enqueueDependents } from "./follow";
import { readInputs } from "./inputs";
import { isMarked, type Outputs, writeMarker } from "./marker";
import { isStepOf, loadRun, type Pipeline, stepOf } from "./run";
import { enqueueTask, stepTaskSchema } from "./task";

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
 * marker exists, writes the marker, and enqueues the steps that are now ready.
 */
export function pipelineStep<S extends v.GenericSchema>(options: PipelineStepOptions<S>): HttpHandler {
  const { environment, services, parameters, work } = options;

  return taskHandler({
    environment,
    services,
    schema: stepTaskSchema,
    findEffect: async (task) => {
      if (!(await isMarked(options, task))) return undefined;
      return { ...task, enqueued: await enqueueDependents(options, await loadRun(options, task.run), task.step) };
    },
    handle: async (task, { attempt, log, signal }) => {
      const run = await loadRun(options, task.run);
      const step = stepOf(run, task.step);
      const outputs = await work({
        ...task,
        resume: task.resume ?? 0,
        attempt,
        log,
        signal,
        parameters: check(parameters, run.parameters, `The parameters of run ${task.run}`),
        ...files(options, task),
        ...(await readInputs(options, run, task.step)),
      });
      if (outputs instanceof Again) {
        const poll = { n: (task.poll?.n ?? 0) + 1, state: outputs.state };
        await enqueueTask(options, step, { ...task, poll }, outputs.scheduleTime);
        return { ...task, again: outputs.scheduleTime };
      }
      await writeMarker(options, task, outputs);
      return { ...task, enqueued: await enqueueDependents(options, run, task.step) };
    },
    onDeadLetter: async (task, reason, { id }) => {
      if (await isStepOf(options, task)) await recordFailure(options, task, reason, id);
    },
  });
}
