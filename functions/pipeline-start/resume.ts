import { PermanentError } from "../shared/errors";
import { lastFailure, lastResume } from "../shared/pipeline/history";
import { resumeFile } from "../shared/pipeline/layout";
import type { Pipeline, Run } from "../shared/pipeline/run";
import { enqueueTask } from "../shared/pipeline/task";
import { createJsonOnce } from "../shared/storage";
import { readStates, type StateOfStep } from "./states";

/** Most failed elements of a step that the answer lists. */
const MAX_LISTED = 100;

interface Resumed {
  step: string;
  /** How often the step was resumed, this time included. */
  resume: number;
  /** The failed elements, of which at most 100 are listed. The others are not run again. */
  elements?: { count: number; indices: number[] };
}

/**
 * Enqueues again what was dead-lettered: steps, and of steps with `forEach` the failed elements, or
 * the join. Their task names contain the number of the resume. A repeated call names what an
 * earlier one resumed and what has not ended since, and creates no second task for it.
 *
 * @throws PermanentError `nothing_to_resume` (409).
 */
export async function resumeRun(pipeline: Pipeline, run: Run): Promise<Resumed[]> {
  const resumed: Resumed[] = [];
  for (const found of await readStates(pipeline, run)) {
    const number = nextResume(found);
    if (number === undefined) continue;
    const step = found.step.name;
    // Before the task: from now on the step is no longer failed, and its next failure has a new
    // name.
    await createJsonOnce(pipeline.services.storage, resumeFile(pipeline, { run: run.run, step }, number), {});
    await enqueueTask(pipeline, run, found.step, { resume: number });
    const failed = found.elements?.failed.map(({ index }) => index);
    const elements = failed && { count: failed.length, indices: failed.slice(0, MAX_LISTED) };
    resumed.push({ step, resume: number, elements });
  }
  if (resumed.length > 0) return resumed;
  throw new PermanentError(
    "nothing_to_resume",
    `No step of run ${run.run} was dead-lettered; its status says what it does`,
    409,
  );
}

/** Undefined for a step without failures. */
function nextResume({ state, history, elements }: StateOfStep): number | undefined {
  if (state !== "failed" && state !== "running") return undefined;
  const last = Math.max(lastFailure(history), lastResume(history));
  if (state === "failed" || elements?.failed.length) return last + 1;
  return lastResume(history) || undefined;
}
