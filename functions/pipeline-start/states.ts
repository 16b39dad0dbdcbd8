import { countElements } from "../shared/pipeline/elements";
import type { Step } from "../shared/pipeline/graph";
import { Histories, type History, lastFailure, lastResume, stateOf } from "../shared/pipeline/history";
import { elementsFolder, markersFolder, runFile } from "../shared/pipeline/layout";
import type { Pipeline, Run } from "../shared/pipeline/run";
import { type ListedObject, listAll } from "../shared/storage";

/** A step waits for others, has a task or works, is done, or its task was dead-lettered. */
export type StepState = "waiting" | "running" | "done" | "failed";

export interface StateOfStep {
  step: Step;
  state: StepState;
  /** When the state began, RFC 3339. */
  since: string;
  history: History;
  /** Of a step with `forEach` that has begun and is not done. */
  elements?: StateOfElements;
}

export interface StateOfElements {
  count: number;
  done: number;
  /** Those that were dead-lettered, in order. */
  failed: { index: number; history: History }[];
}

/**
 * States of all steps of a run.
 *
 * Takes two pages of listings (one more for each 1000 steps, failures and resumes), and for each
 * step with `forEach` that has begun and is not done one for each 1000 elements, and for each 1000
 * failures and resumes of elements.
 */
export async function readStates(pipeline: Pipeline, run: Run): Promise<StateOfStep[]> {
  const histories = await Histories.list(pipeline, markersFolder(run.run));
  const started = await startOf(pipeline, run.run);
  return Promise.all(
    run.steps.map(async (step) => {
      const history = histories.step(step.name);
      const before = step.after.map((name) => histories.step(name).done?.timeCreated);
      if (history.done) return { step, history, state: "done" as const, since: history.done.timeCreated };
      if (!before.every(isGiven)) return { step, history, state: "waiting" as const, since: started };
      const elements = step.forEach === undefined ? undefined : await readElementStates(pipeline, run.run, step);
      const failure = stateOf(history) === "failed" ? history.failures.get(lastFailure(history)) : undefined;
      if (failure) return { step, history, elements, state: "failed" as const, since: failure.timeCreated };
      const resumed = history.resumes.get(lastResume(history));
      const since = latest([started, ...before, resumed?.timeCreated].filter(isGiven));
      return { step, history, elements, state: "running" as const, since };
    }),
  );
}

const isGiven = <T>(value: T | undefined): value is T => value !== undefined;
/** Cloud Storage writes all times in the same form. */
const latest = (times: readonly string[]) => [...times].sort().at(-1) ?? "";

async function startOf(pipeline: Pipeline, run: string): Promise<string> {
  const { bucket, name } = runFile(pipeline, run);
  const { objects } = await pipeline.services.storage.list({ bucket, prefix: name, maxResults: 1 });
  return objects[0]?.timeCreated ?? "";
}

/** Undefined before the step knows its elements. */
async function readElementStates(pipeline: Pipeline, run: string, step: Step): Promise<StateOfElements | undefined> {
  const item = { run, step: step.name };
  const folder = elementsFolder(item);
  const objects = await listAll(pipeline.services.storage, { bucket: pipeline.environment.RUN_BUCKET, prefix: folder });
  if (!objects.some(({ name }) => name === `${folder}elements/000.json`)) return undefined;
  const histories = Histories.of(objects.filter((object) => isOfElement(object, folder)));
  const count = await countElements(pipeline, item);
  const all = Array.from({ length: count }, (_, index) => ({ index, history: histories.element(index) }));
  return {
    count,
    done: all.filter(({ history }) => history.done).length,
    failed: all.filter(({ history }) => stateOf(history) === "failed"),
  };
}

const isOfElement = ({ name }: ListedObject, folder: string) => /^\d{3}\/\d{5}\./.test(name.slice(folder.length));
