import * as v from "valibot";
import { forEachConcurrently } from "../concurrency";
import { PermanentError } from "../errors";
import { check } from "../json";
import { createJsonOnce, gsUri, listAll, readJson } from "../storage";
import { blocksOf, CONCURRENCY, countElements, indicesOf } from "./elements";
import { type Failure, readFailure } from "./failure";
import { enqueueDependents } from "./follow";
import type { Step } from "./graph";
import { Histories, stateOf } from "./history";
import { blockFile, blockFolder, blockOf, blocksFolder, failureFile, type Item } from "./layout";
import { isMarked, type Outputs, readMarker, writeMarker } from "./marker";
import type { Pipeline, Run } from "./run";
import { enqueueTask, type StepTask } from "./task";

/*
 * How the elements of a step are joined. Each end of an element (its marker, or the note of its
 * dead letter) lists its own block of 100, unless it sees at once that others are pending. The end
 * after which no element of the block is pending writes the block's object, named after the number
 * of ends, and lists the objects of the blocks, at most one for each block unless failed elements
 * were resumed. The end that completes the last block enqueues the join, named after the number of
 * all ends. Two ends at the same time may both find the block complete: they write the same object
 * and create the same task.
 */

/** Failed elements that the join's error names. */
const MAX_NAMED = 5;
/** Elements of its block that an end looks for before it lists the block. */
const LOOKED_AT = 3;

const blockSchema = v.object({
  /** By element, in order; `null` for one that failed. */
  outputs: v.array(v.nullable(v.record(v.string(), v.unknown()))),
});

/** After an element ended: enqueues the join if it was the last. */
export async function endElement(
  pipeline: Pipeline,
  run: Run,
  step: Step,
  { index }: { index: number },
  count: number,
): Promise<void> {
  const block = blockOf(index);
  for (const other of lastOf(block, count)) {
    if (other !== index && (await isPending(pipeline, { run: run.run, step: step.name, index: other }))) return;
  }
  await endBlock(pipeline, run, step, { step: step.name, run: run.run }, block, count);
}

/**
 * Elements that probably end last, since their tasks were created last. While one of them is
 * pending, a listing would tell nothing else: look-ups of names that are not there are free, and a
 * listing costs as much as a dozen look-ups.
 */
const lastOf = (block: number, count: number) => indicesOf(block, count).slice(-LOOKED_AT).reverse();

/**
 * An element that failed or was resumed has the note of its first failure, and the listing tells
 * more.
 */
async function isPending(pipeline: Pipeline, item: Item): Promise<boolean> {
  if (await isMarked(pipeline, item)) return false;
  return (await pipeline.services.storage.stat(failureFile(pipeline, item, 0))) === undefined;
}

/** Does nothing while elements of the block are pending. */
export async function endBlock(
  pipeline: Pipeline,
  { run, ...known }: Run,
  step: Step,
  { resume }: StepTask,
  block: number,
  count: number,
): Promise<void> {
  const item = { run, step: step.name };
  const histories = await Histories.list(pipeline, blockFolder(item, block));
  const states = indicesOf(block, count).map((index) => ({ index, state: stateOf(histories.element(index)) }));
  if (states.some(({ state }) => state === "pending")) return;
  let ended = await listBlocks(pipeline, item);
  if (!ended.has(block) || ended.get(block) !== histories.ends) {
    const outputs: (Outputs | null)[] = Array(states.length).fill(null);
    const done = states.flatMap(({ state }, at) => (state === "done" ? [at] : []));
    await forEachConcurrently(done, CONCURRENCY, async (at) => {
      outputs[at] = (await readMarker(pipeline, { ...item, index: states[at]?.index }))?.outputs ?? null;
    });
    await createJsonOnce(pipeline.services.storage, blockFile(pipeline, item, block, histories.ends), { outputs });
    ended = await listBlocks(pipeline, item);
  }
  if (ended.size < blocksOf(count).length) return;
  const join = [...ended.values()].reduce((sum, ends) => sum + ends, 0);
  await enqueueTask(pipeline, { run, ...known }, step, { join, resume }, { count });
}

/** The most ends that each block's objects have in their names. */
async function listBlocks({ environment, services }: Pipeline, item: Item): Promise<Map<number, number>> {
  const most = new Map<number, number>();
  const prefix = blocksFolder(item);
  for (const { name } of await listAll(services.storage, { bucket: environment.RUN_BUCKET, prefix })) {
    const [block = 0, ends = 0] = name.slice(prefix.length).split(".").map(Number);
    most.set(block, Math.max(ends, most.get(block) ?? 0));
  }
  return most;
}

/**
 * Ends a step with `forEach` whose elements all ended: its outputs are the lists of the elements'
 * outputs.
 *
 * @throws PermanentError `shards_failed` when too few elements succeeded.
 */
export async function join(pipeline: Pipeline, run: Run, step: Step, { known, ...task }: StepTask): Promise<object> {
  const item = { run: run.run, step: step.name };
  const count = known?.count ?? (await countElements(pipeline, item));
  const ended = await listBlocks(pipeline, item);
  const waiting = { ...task, waiting: true };
  // Of a task that was created by hand. The last end enqueues the join again.
  if (ended.size < blocksOf(count).length) return waiting;
  const parts = await readBlocks(pipeline, item, ended);
  const all = parts.flat();
  const failed = all.flatMap((outputs, index) => (outputs === null ? [index] : []));

  const failures: Failure[] = [];
  for (const block of new Set(failed.map(blockOf))) {
    const histories = await Histories.list(pipeline, blockFolder(item, block));
    const isPending = indicesOf(block, count).some((index) => stateOf(histories.element(index)) === "pending");
    // Resumed elements work, or one has ended and is about to say so. Its end enqueues the join.
    if (isPending || histories.ends !== ended.get(block)) return waiting;
    for (const index of failed.filter((index) => blockOf(index) === block).slice(0, MAX_NAMED - failures.length)) {
      failures.push(await readFailure(pipeline, { ...item, index }, histories.element(index)));
    }
  }
  const share = (count - failed.length) / count;
  if (share < (step.minSuccess ?? 1)) throw tooFew(step, count, failed, failures);
  const outputs = lists(all);
  const isFirst = await writeMarker(pipeline, item, outputs, { count, failed });
  const done = { ...run, outputs: { ...run.outputs, ...(isFirst && { [step.name]: outputs }) } };
  return { ...task, failed: failed.length, enqueued: await enqueueDependents(pipeline, done, step.name) };
}

async function readBlocks(pipeline: Pipeline, item: Item, ended: Map<number, number>): Promise<(Outputs | null)[][]> {
  const parts: (Outputs | null)[][] = [];
  await forEachConcurrently(ended, CONCURRENCY, async ([block, ends]) => {
    const object = blockFile(pipeline, item, block, ends);
    const value = await readJson(pipeline.services.storage, object);
    parts[block] = check(blockSchema, value, gsUri(object)).outputs;
  });
  return parts;
}

/** One list for each name that an element's outputs have. */
function lists(all: readonly (Outputs | null)[]): Outputs {
  const names = new Set(all.flatMap((outputs) => Object.keys(outputs ?? {})));
  return Object.fromEntries([...names].map((name) => [name, all.map((outputs) => outputs?.[name] ?? null)]));
}

function tooFew(
  { name, minSuccess = 1 }: Step,
  count: number,
  failed: readonly number[],
  failures: readonly Failure[],
): PermanentError {
  const allowed = Math.floor(count * (1 - minSuccess));
  const reasons = failures.map(({ code, message }, at) => `${failed[at]} (${code}: ${message.slice(0, 100)})`);
  const more = failed.length > reasons.length ? ` and ${failed.length - reasons.length} more` : "";
  return new PermanentError(
    "shards_failed",
    `${failed.length} of ${count} elements of step ${name} failed; allowed: ${allowed}. Elements ${reasons.join(", ")}${more}`,
  );
}
