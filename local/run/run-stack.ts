import { readFileSync } from "node:fs";
import { basename, extname, join, resolve } from "node:path";
import { readStack } from "../../terraform";
import { ApiError } from "../core/api-error";
import { RequestFailed } from "./client";
import { type FlowType, type Input, InputError } from "./flows";
import type { RunningStack } from "./running-stack";
import { type StartOptions, startStack } from "./start-stack";
import { refusedAtStart, type Summary, summarise } from "./summary";

/** Wall milliseconds without anything happening, after which a run is stuck. */
const PATIENCE = 90_000;

export interface RunOptions extends StartOptions {
  readonly type: FlowType;
  readonly input: Input;
}

/**
 * Starts a stack, uses it once, and stops it. What its own deployment may not do is a summary too.
 *
 * @throws as `startStack`, but for ApiError; InputError
 */
export async function runStack(folder: string, { type, input, ...options }: RunOptions): Promise<Summary> {
  let running: RunningStack;
  try {
    running = await startStack(folder, options);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return refusedAtStart(readStack(folder).name, error.message);
  }
  try {
    return await runFlow(running, type, input);
  } finally {
    await running.stop();
  }
}

/** Puts an input into a stack that runs, waits until all is quiet, and says what became of it. */
export async function runFlow(running: RunningStack, type: FlowType, input: Input): Promise<Summary> {
  const { stack, parts } = running;
  const flow = type.create(running);
  let error: string | undefined;
  try {
    await flow.submit(input);
    const end = await running.settled(PATIENCE);
    if (end === "stuck")
      error = `nothing happened for ${PATIENCE / 1000} s, and ${running.pending()} items are still pending`;
  } catch (failure) {
    if (!(failure instanceof RequestFailed || failure instanceof ApiError)) throw failure;
    error = failure.message;
  }
  const outputs = await flow.outputs().catch((failure) => {
    if (!(failure instanceof RequestFailed)) throw failure;
    error ??= failure.message;
    return {};
  });
  return summarise({
    stack: stack.name,
    result: flow.result(),
    outputs: { ...outputs, ...modelOf(running) },
    hops: parts.recorder.hops.length,
    denials: parts.denials,
    unsimulated: parts.unsimulated,
    error,
  });
}

/** Nobody should take its predictions for those of their own model. */
function modelOf({ parts }: RunningStack): Record<string, unknown> {
  const { endpoints, flowers, accuracy } = parts.standIns.vertex;
  if (endpoints.size === 0) return {};
  const { training, held } = flowers;
  return {
    model: `a stand-in for Vertex AI, fitted on ${training} Iris flowers, right on ${(accuracy * 100).toFixed(1)} % of ${held} others`,
  };
}

/** The input for a stack: a file of the user's, or the sample. @throws InputError */
export function inputFor(type: FlowType, file: string | undefined, samples: string): Input {
  const path = file ?? (type.sample === undefined ? undefined : join(samples, type.sample));
  if (path === undefined) return { name: "", content: Buffer.alloc(0) };
  if (!type.extensions.includes(extname(path))) {
    throw new InputError(`${path}: this stack takes ${type.takes} (${type.extensions.join(", ")})`);
  }
  let content: Buffer;
  try {
    content = readFileSync(path);
  } catch (error) {
    throw new InputError(`${path} cannot be read: ${(error as Error).message}`);
  }
  if (content.length === 0) throw new InputError(`${path} is empty`);
  return { name: basename(path), content, path: resolve(path) };
}
