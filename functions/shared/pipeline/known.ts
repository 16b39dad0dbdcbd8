import * as v from "valibot";
import { record } from "../json";
import { ancestors, stepName, stepsSchema } from "./graph";
import type { Run } from "./run";

/**
 * Most bytes of JSON. A task over 32 KB costs as much as two, and a task's body is base64:
 * https://cloud.google.com/tasks/pricing
 */
const MAX_BYTES = 16 * 1024;

/**
 * What a task brings along, so that its step need not read it. The objects of the run hold the same
 * and never change, so it is left out where it is large, and a task without it works as well.
 */
export const knownSchema = v.object({
  /** Of `run.json`. */
  steps: stepsSchema,
  parameters: record(v.unknown()),
  /** Outputs of steps before this one, from their markers. */
  outputs: v.optional(v.record(stepName, record(v.unknown())), {}),
  /** Of a task for one element: the element, and how many there are. */
  element: v.optional(v.unknown()),
  count: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
});

export type Known = v.InferOutput<typeof knownSchema>;

/** What a task of a step brings along. Undefined where even the least is too large. */
export function knownFor(
  { steps, parameters, outputs = {} }: Run,
  step: string,
  of: Pick<Known, "element" | "count"> = {},
): Known | undefined {
  let known: Known = { steps, parameters, outputs: {} };
  if (isLarge(known)) return undefined;
  const parts: Partial<Known>[] = [
    of,
    ...ancestors(steps, step).map((name) => ({ outputs: outputs[name] && { [name]: outputs[name] } })),
  ];
  for (const part of parts) {
    const more = { ...known, ...part, outputs: { ...known.outputs, ...part.outputs } };
    if (!isLarge(more)) known = more;
  }
  return known;
}

const isLarge = (known: Known) => Buffer.byteLength(JSON.stringify(known)) > MAX_BYTES;
