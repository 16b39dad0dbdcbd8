import { type Failure, readFailure } from "../shared/pipeline/failure";
import { runFolder } from "../shared/pipeline/layout";
import { readMarker } from "../shared/pipeline/marker";
import type { Pipeline, Run } from "../shared/pipeline/run";
import { gsUri } from "../shared/storage";
import { readStates, type StateOfStep, type StepState } from "./states";

/** Largest marker whose outputs the status holds, in bytes. */
const MAX_MARKER = 64 * 1024;
/** Most failed elements of a step that the status lists. */
const MAX_FAILURES = 10;

/** How many elements are in which state; those that are pending have a task, or work. */
interface ElementStatus {
  count: number;
  done: number;
  failed: number;
  pending: number;
}

interface StepStatus {
  state: StepState;
  /** When the state began, RFC 3339. */
  since: string;
  /** Of a step that is done, unless they are long. */
  outputs?: object;
  /** Of a step that is done: the object with its outputs. */
  marker?: string;
  /** Of a step with `forEach` that has begun; when it is done, unless its outputs are long. */
  elements?: ElementStatus;
  /** Why the step, or the first of its failed elements, were dead-lettered. */
  failures?: (Failure & { index?: number })[];
}

/** What became of a run so far. */
export async function statusOf(pipeline: Pipeline, run: Run): Promise<object> {
  const states = await readStates(pipeline, run);
  const steps = await Promise.all(
    states.map(async (state) => [state.step.name, await stepStatus(pipeline, run.run, state)] as const),
  );
  const folder = `gs://${pipeline.environment.RUN_BUCKET}/${runFolder(run.run)}/`;
  return { run: run.run, state: stateOfRun(states), folder, steps: Object.fromEntries(steps) };
}

function stateOfRun(states: readonly StateOfStep[]): "running" | "done" | "failed" {
  const is = (wanted: StepState) => states.some(({ state }) => state === wanted);
  if (is("running")) return "running";
  return is("failed") ? "failed" : "done";
}

function counts(count: number, failed: number, done = count - failed): ElementStatus {
  return { count, done, failed, pending: count - done - failed };
}

async function stepStatus(pipeline: Pipeline, run: string, found: StateOfStep): Promise<StepStatus> {
  const { step, state, since, history } = found;
  const item = { run, step: step.name };
  if (history.done) {
    const found = history.done.size <= MAX_MARKER ? await readMarker(pipeline, item) : undefined;
    const elements = found?.elements && counts(found.elements.count, found.elements.failed.length);
    return { state, since, elements, outputs: found?.outputs, marker: gsUri(history.done) };
  }
  const { count = 0, done = 0, failed = [] } = found.elements ?? {};
  const elements = found.elements && counts(count, failed.length, done);
  const own = state === "failed" ? [await readFailure(pipeline, item, history)] : [];
  const first = failed.slice(0, MAX_FAILURES).map(async ({ index, history }) => {
    return { index, ...(await readFailure(pipeline, { ...item, index }, history)) };
  });
  const failures = [...own, ...(await Promise.all(first))];
  return { state, since, elements, ...(failures.length > 0 && { failures }) };
}
