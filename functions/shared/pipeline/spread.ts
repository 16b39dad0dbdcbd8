import { forEachConcurrently } from "../concurrency";
import { createJsonOnce } from "../storage";
import { blocksOf, CONCURRENCY, countElements, freezeElements, indicesOf, readBlock, readElements } from "./elements";
import { enqueueDependents } from "./follow";
import type { Step } from "./graph";
import { Histories, lastFailure, lastResume, stateOf } from "./history";
import { readInputs } from "./inputs";
import { endBlock } from "./join";
import { BLOCK, blockFolder, resumeFile } from "./layout";
import { writeMarker } from "./marker";
import type { Pipeline, Run } from "./run";
import { enqueueTask, SPREAD, type StepTask } from "./task";

/**
 * The first task of a step with `forEach`: keeps the list of elements and creates their tasks.
 * More than 1000 elements get a task for each 1000.
 */
export async function spread(
  pipeline: Pipeline,
  run: Run,
  step: Step,
  { known: _, ...task }: StepTask,
): Promise<object> {
  const item = { run: task.run, step: task.step };
  const inputs = await readInputs(pipeline, run, step.name);
  const list = await readElements(pipeline, run.run, step, inputs);
  const count = list.length;
  if (count === 0) {
    await writeMarker(pipeline, item, {}, { count, failed: [] });
    return { ...task, elements: count, enqueued: await enqueueDependents(pipeline, run, step.name) };
  }
  await freezeElements(pipeline, item, list);
  if (count <= SPREAD) return spreadPart(pipeline, run, step, { ...task, spread: 0 }, list);
  for (let part = 0; part * SPREAD < count; part++) {
    await enqueueTask(pipeline, run, step, { spread: part, resume: task.resume });
  }
  return { ...task, elements: count };
}

/** Creates the tasks of up to 1000 elements. In a resume, of those that are not done. */
export async function spreadPart(
  pipeline: Pipeline,
  run: Run,
  step: Step,
  { known: _, ...task }: StepTask,
  list?: readonly unknown[],
): Promise<object> {
  const { spread: part = 0, resume } = task;
  const item = { run: run.run, step: step.name };
  const count = list?.length ?? (await countElements(pipeline, { ...item, index: part * SPREAD }));
  const perPart = SPREAD / BLOCK;
  let created = 0;
  for (const block of blocksOf(count).slice(part * perPart, (part + 1) * perPart)) {
    const indices = indicesOf(block, count);
    const elements = list?.slice(block * BLOCK) ?? (await readBlock(pipeline, item, block)).elements;
    const create = async (index: number, resume?: number) => {
      const of = { element: elements[index % BLOCK], count };
      if (await enqueueTask(pipeline, run, step, { index, resume }, of)) created++;
    };
    if (resume === undefined) await forEachConcurrently(indices, CONCURRENCY, (index) => create(index));
    else await resumeBlock(pipeline, run, step, { ...item, resume }, block, count, create);
  }
  return { ...task, elements: count, created };
}

async function resumeBlock(
  pipeline: Pipeline,
  run: Run,
  step: Step,
  task: StepTask,
  block: number,
  count: number,
  create: (index: number, resume?: number) => Promise<void>,
): Promise<void> {
  const histories = await Histories.list(pipeline, blockFolder(task, block));
  const open = indicesOf(block, count).filter((index) => stateOf(histories.element(index)) !== "done");
  await forEachConcurrently(open, CONCURRENCY, async (index) => {
    const history = histories.element(index);
    const hasFailed = stateOf(history) === "failed";
    const number = hasFailed ? lastFailure(history) + 1 : lastResume(history);
    // Before the task: from now on the element is pending, and no join takes its failure for its
    // end. A repeated attempt finds it pending and creates the same task.
    if (hasFailed) {
      await createJsonOnce(
        pipeline.services.storage,
        resumeFile(pipeline, { run: task.run, step: step.name, index }, number),
        {},
      );
    }
    await create(index, number || undefined);
  });
  // Without open elements only the join can have failed.
  if (open.length === 0) await endBlock(pipeline, run, step, task, block, count);
}
