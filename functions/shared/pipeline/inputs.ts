import type * as v from "valibot";
import { PermanentError } from "../errors";
import { check, parseJson } from "../json";
import { ancestors } from "./graph";
import { runFolder } from "./layout";
import { type Outputs, readMarker } from "./marker";
import type { Pipeline, Run } from "./run";

/** Outputs of the steps before one. */
export interface Inputs {
  /**
   * The output of that name of the nearest earlier step; of a step with `forEach`, the list of the
   * elements' outputs in order.
   *
   * @throws PermanentError `missing_input` when no earlier step wrote one.
   */
  output(name: string): unknown;
  /**
   * Reads the JSON object that an earlier step's output names.
   *
   * @param at position in an output that is a list. Default: the output is no list.
   * @throws PermanentError `missing_input`, `invalid_payload`.
   */
  readOutput<S extends v.GenericSchema>(name: string, schema: S, at?: number): Promise<v.InferOutput<S>>;
  /** All outputs by name: those of the nearest step win. */
  all(): Outputs;
}

/**
 * The inputs of a step. Reads the markers of those steps whose outputs are not known.
 *
 * @throws PermanentError `missing_input` when a step before it is not done.
 */
export async function readInputs(
  pipeline: Pipeline,
  { run, steps, outputs: known = {} }: Run,
  step: string,
): Promise<Inputs> {
  const outputs = await Promise.all(
    ancestors(steps, step).map(async (name) => {
      if (known[name] !== undefined) return known[name];
      const found = await readMarker(pipeline, { run, step: name });
      if (found === undefined) throw new PermanentError("missing_input", `Step ${name} of run ${run} is not done`);
      return found.outputs;
    }),
  );
  const output = (name: string): unknown => {
    const nearest = outputs.find((candidate) => Object.hasOwn(candidate, name));
    if (!nearest)
      throw new PermanentError("missing_input", `No step before ${step} of run ${run} has an output ${name}`);
    return nearest[name];
  };
  return {
    output,
    all: () => Object.assign({}, ...outputs.toReversed()),
    async readOutput(name, schema, at) {
      const value = output(name);
      const one = at === undefined ? value : Array.isArray(value) ? value[at] : undefined;
      const what = at === undefined ? `Output ${name}` : `Element ${at} of output ${name}`;
      const uri = String(one);
      return check(schema, parseJson(await readOwn(pipeline, run, uri, what), uri), uri);
    },
  };
}

/**
 * Reads an object of a run.
 *
 * @param what names the path in the error, e.g. "Output train".
 * @throws PermanentError `missing_input` when `uri` is no object below the run's folder.
 */
export async function readOwn(pipeline: Pipeline, run: string, uri: string, what: string): Promise<Buffer> {
  const bucket = `gs://${pipeline.environment.RUN_BUCKET}/`;
  const folder = `${bucket}${runFolder(run)}/`;
  const object = { bucket: pipeline.environment.RUN_BUCKET, name: uri.slice(bucket.length) };
  const bytes = uri.startsWith(folder) ? await pipeline.services.storage.read(object) : undefined;
  if (!bytes) throw new PermanentError("missing_input", `${what} is no object under ${folder}`);
  return bytes;
}
