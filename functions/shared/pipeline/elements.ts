import * as v from "valibot";
import { forEachConcurrently } from "../concurrency";
import { PermanentError } from "../errors";
import { check, parseJson } from "../json";
import { createJsonOnce, gsUri, readJson } from "../storage";
import type { Step } from "./graph";
import { type Inputs, readOwn } from "./inputs";
import { BLOCK, blockOf, elementsFile, type Item } from "./layout";
import type { Outputs } from "./marker";
import type { Pipeline } from "./run";
import { MAX_ELEMENTS } from "./task";

/** Requests at one time, where there is one for each element or block. */
export const CONCURRENCY = 16;
/** Most bytes of JSON that the elements' outputs have in all, and those of one element. */
const MAX_OUTPUTS = 8 * 1024 ** 2;
const MAX_ELEMENT_OUTPUTS = 8 * 1024;

const blockSchema = v.object({ count: v.number(), elements: v.array(v.unknown()) });

/**
 * The list that a step with `forEach` runs over: an output that is a list, or the object of the run
 * that it names.
 *
 * @throws PermanentError `no_list`, `too_many_elements`, `missing_input`.
 */
export async function readElements(
  pipeline: Pipeline,
  run: string,
  { name, forEach = "" }: Step,
  inputs: Inputs,
): Promise<unknown[]> {
  const output = inputs.output(forEach);
  const what = `Output ${forEach}`;
  const isPath = typeof output === "string" && output.startsWith("gs://");
  const list = isPath ? parseJson(await readOwn(pipeline, run, output, what), output) : output;
  if (!Array.isArray(list)) {
    const given = list === null ? "null" : typeof list;
    const message = `${isPath ? output : what}, which step ${name} runs for each element of, is ${given}; allowed: a JSON list, or a gs:// path of the run to an object with one`;
    throw new PermanentError("no_list", message);
  }
  if (list.length <= MAX_ELEMENTS) return list;
  const message = `${isPath ? output : what} has ${list.length} elements; allowed: ${MAX_ELEMENTS}`;
  throw new PermanentError("too_many_elements", message);
}

/** Writes the elements in blocks, so that an element's task reads few others. */
export async function freezeElements(pipeline: Pipeline, item: Item, list: readonly unknown[]): Promise<void> {
  const count = list.length;
  await forEachConcurrently(blocksOf(count), CONCURRENCY, async (block) => {
    const elements = list.slice(block * BLOCK, (block + 1) * BLOCK);
    await createJsonOnce(pipeline.services.storage, elementsFile(pipeline, item, block), { count, elements });
  });
}

/** Numbers of all blocks. */
export const blocksOf = (count: number) => Array.from({ length: Math.ceil(count / BLOCK) }, (_, block) => block);

/** Indices of the elements of a block. */
export function indicesOf(block: number, count: number): number[] {
  const first = block * BLOCK;
  return Array.from({ length: Math.min(BLOCK, count - first) }, (_, at) => first + at);
}

/**
 * One element, and the number of all.
 *
 * @param known what its task brings along.
 * @throws PermanentError `unknown_element` when the step's elements are not known, or fewer.
 */
export async function readElement(
  pipeline: Pipeline,
  item: Item & { index: number },
  known?: { count?: number; element?: unknown },
): Promise<{ count: number; element: unknown }> {
  if (known?.count !== undefined) return { count: known.count, element: known.element };
  const { count, elements } = await readBlock(pipeline, item, blockOf(item.index));
  const at = item.index % BLOCK;
  if (at < elements.length) return { count, element: elements[at] };
  const message = `Step ${item.step} of run ${item.run} has ${count} elements; given index ${item.index}`;
  throw new PermanentError("unknown_element", message);
}

/**
 * Number of all elements of a step.
 *
 * @throws PermanentError `unknown_element` before the elements are known.
 */
export async function countElements(pipeline: Pipeline, item: Item): Promise<number> {
  return (await readBlock(pipeline, item, blockOf(item.index ?? 0))).count;
}

/** The elements of a block, and the number of all. @throws PermanentError `unknown_element` */
export async function readBlock(
  pipeline: Pipeline,
  item: Item,
  block: number,
): Promise<v.InferOutput<typeof blockSchema>> {
  const object = elementsFile(pipeline, item, block);
  const value = await readJson(pipeline.services.storage, object);
  if (value !== undefined) return check(blockSchema, value, gsUri(object));
  throw new PermanentError("unknown_element", `Step ${item.step} of run ${item.run} has no object ${gsUri(object)}`);
}

/**
 * Limits the outputs of an element: those of all elements are read at once by later steps.
 *
 * @throws PermanentError `outputs_too_large`.
 */
export function limitOutputs(outputs: Outputs, { step, index }: Item, count: number): void {
  const bytes = Buffer.byteLength(JSON.stringify(outputs));
  const allowed = Math.min(MAX_ELEMENT_OUTPUTS, Math.floor(MAX_OUTPUTS / count));
  if (bytes <= allowed) return;
  const message = `The outputs of element ${index} of step ${step} have ${bytes} bytes of JSON; allowed: ${allowed}, since there are ${count} elements. Write them to an object and output its path`;
  throw new PermanentError("outputs_too_large", message);
}
