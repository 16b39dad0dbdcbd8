import * as v from "valibot";
import { check } from "../json";
import { createJsonOnce, readJson } from "../storage";
import { type Item, markerFile } from "./layout";
import type { Pipeline } from "./run";

/**
 * Outputs of a step for later steps: `gs://` paths of objects that it wrote, or small JSON values.
 */
export type Outputs = Record<string, unknown>;

/** What the marker of a step with `forEach` says of its elements. */
export interface ElementCounts {
  count: number;
  /**
   * Indices of elements that failed, in order. In the lists of outputs, `null` is in their places.
   */
  failed: readonly number[];
}

const markerSchema = v.object({
  outputs: v.record(v.string(), v.unknown()),
  elements: v.optional(v.object({ count: v.number(), failed: v.array(v.number()) })),
});

export type Marker = v.InferOutput<typeof markerSchema>;

/** Whether a step or an element is done. */
export async function isMarked(pipeline: Pipeline, item: Item): Promise<boolean> {
  return (await pipeline.services.storage.stat(markerFile(pipeline, item))) !== undefined;
}

/** The marker of a step or an element that is done, else undefined. */
export async function readMarker(pipeline: Pipeline, item: Item): Promise<Marker | undefined> {
  const marker = await readJson(pipeline.services.storage, markerFile(pipeline, item));
  if (marker === undefined) return undefined;
  const of = item.index === undefined ? "step" : `element ${item.index} of step`;
  return check(markerSchema, marker, `The marker of ${of} ${item.step}`);
}

/**
 * Says that a step or an element is done. The first marker stays.
 *
 * @returns whether this call wrote it.
 */
export function writeMarker(
  pipeline: Pipeline,
  { run, step, index }: Item,
  outputs: Outputs,
  elements?: ElementCounts,
): Promise<boolean> {
  const marker = { step, index, elements, outputs };
  return createJsonOnce(pipeline.services.storage, markerFile(pipeline, { run, step, index }), marker);
}
