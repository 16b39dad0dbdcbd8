import * as v from "valibot";
import { shortHash } from "../hash";
import { record } from "../json";
import { createTask } from "../tasks";
import { type Step, stepName } from "./graph";
import { type Known, knownFor, knownSchema } from "./known";
import { type Pipeline, type Run, runId } from "./run";

/** Most elements of a step with `forEach`. */
export const MAX_ELEMENTS = 10_000;

const count = (min: number, max: number) => v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max));

/** Elements whose tasks one task creates. */
export const SPREAD = 1_000;

/**
 * The body of a step's task. `{ run, step }` does the step, or creates the tasks of the elements of
 * a step with `forEach`.
 */
export const stepTaskSchema = v.pipe(
  v.object({
    run: runId,
    step: stepName,
    /** Does one element of the step. */
    index: v.optional(count(0, MAX_ELEMENTS - 1)),
    /** Creates the tasks of 1000 elements, from the one with 1000 times this number. */
    spread: v.optional(count(0, MAX_ELEMENTS / SPREAD - 1)),
    /** Joins the elements. How many ends of elements there were when the task was created. */
    join: v.optional(count(1, Number.MAX_SAFE_INTEGER)),
    /** Number of the resume that this task belongs to. Absent in the first attempt. */
    resume: v.optional(count(1, 1_000_000)),
    /** From the `Again` of the task before. */
    poll: v.optional(v.object({ n: count(1, 1_000_000), state: record(v.unknown()) })),
    /** What the step would else read of the run. */
    known: v.optional(knownSchema),
  }),
  v.check(
    ({ index, spread, join }) => [index, spread, join].filter((given) => given !== undefined).length <= 1,
    "one of index, spread and join",
  ),
);

export type StepTask = v.InferOutput<typeof stepTaskSchema>;

/**
 * Enqueues a task of a step. Its name is made of run, step and what the task does of it, so the
 * same task is enqueued once.
 *
 * @param of the element and the number of all, for a task of one element.
 * @returns false when the task was enqueued before.
 */
export function enqueueTask(
  pipeline: Pipeline,
  run: Run,
  step: Step,
  task: Omit<StepTask, "run" | "step" | "known">,
  { scheduleTime, ...of }: { scheduleTime?: string } & Pick<Known, "element" | "count"> = {},
): Promise<boolean> {
  const { environment, services } = pipeline;
  return createTask(services.google, environment.QUEUE, {
    id: taskId({ ...task, run: run.run, step: step.name }),
    url: step.url,
    payload: { run: run.run, step: step.name, ...task, known: knownFor(run, step.name, of) } satisfies StepTask,
    deadlineSeconds: step.deadlineSeconds,
    tokenIdentity: environment.TOKEN_IDENTITY,
    scheduleTime,
  });
}

/**
 * Begins with a hash: names with a common beginning slow Cloud Tasks down, as its reference of
 * `Task.name` says.
 */
function taskId({ run, step, index, spread, join, resume, poll }: StepTask): string {
  const parts = [
    ...(index === undefined ? [] : [String(index)]),
    ...(spread === undefined ? [] : [`spread${spread}`]),
    ...(join === undefined ? [] : [`join${join}`]),
    ...(resume === undefined ? [] : [`r${resume}`]),
    ...(poll === undefined ? [] : [`p${poll.n}`]),
  ];
  return [shortHash(run, step, ...parts), run, step, ...parts].join("-");
}
