import * as v from "valibot";
import { shortHash } from "../hash";
import { record } from "../json";
import { createTask } from "../tasks";
import { type Step, stepName } from "./graph";
import { type Pipeline, runId } from "./run";

/** Most elements of a step with `forEach`. */
export const MAX_ELEMENTS = 10_000;

const count = (min: number, max: number) => v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max));

/**
 * The body of a step's task. `{ run, step }` does the step, or spreads the elements of a step with
 * `forEach`.
 */
export const stepTaskSchema = v.pipe(
  v.object({
    run: runId,
    step: stepName,
    /** Does one element of the step. */
    index: v.optional(count(0, MAX_ELEMENTS - 1)),
    /** Number of the resume that this task belongs to. Absent in the first attempt. */
    resume: v.optional(count(1, 1_000_000)),
    /** From the `Again` of the task before. */
    poll: v.optional(v.object({ n: count(1, 1_000_000), state: record(v.unknown()) })),
  }),
);

export type StepTask = v.InferOutput<typeof stepTaskSchema>;

/**
 * Enqueues a task of a step. Its name is made of all of `task` but the state of its poll, so the
 * same task is enqueued once.
 *
 * @returns false when the task was enqueued before.
 */
export function enqueueTask(pipeline: Pipeline, step: Step, task: StepTask, scheduleTime?: string): Promise<boolean> {
  const { environment, services } = pipeline;
  return createTask(services.google, environment.QUEUE, {
    id: taskId(task),
    url: step.url,
    payload: task,
    deadlineSeconds: step.deadlineSeconds,
    tokenIdentity: environment.TOKEN_IDENTITY,
    scheduleTime,
  });
}

/**
 * Begins with a hash: names with a common beginning slow Cloud Tasks down, as its reference of
 * `Task.name` says.
 */
function taskId({ run, step, index, resume, poll }: StepTask): string {
  const parts = [
    ...(index === undefined ? [] : [String(index)]),
    ...(resume === undefined ? [] : [`r${resume}`]),
    ...(poll === undefined ? [] : [`p${poll.n}`]),
  ];
  return [shortHash(run, step, ...parts), run, step, ...parts].join("-");
}
