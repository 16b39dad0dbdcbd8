import { readFileSync } from "node:fs";
import { basename, extname, join, resolve } from "node:path";
import { counted } from "@cdktf-serverless-ml/cli";
import {
  ApiError,
  RequestFailed,
  type RunningStack,
  type StartOptions,
  VirtualClock,
  vertexAi,
} from "@cdktf-serverless-ml/emulator";
import { readStack } from "@cdktf-serverless-ml/terraform-json";
import { CostMeter } from "../cost/meter";
import type { Billed } from "../cost/report";
import { type Input, InputError, type Scenario } from "../shared/scenario";
import { saveBuckets } from "./save-buckets";
import { startStack } from "./start";
import { refusedAtStart, type Summary, summarise } from "./summary";
import { stuckText } from "./workload";

/** Milliseconds of real time without progress after which a run is stuck. */
const PATIENCE = 90_000;

export interface RunStackOptions extends StartOptions {
  readonly scenario: Scenario;
  readonly input: Input;
  /**
   * A new or an empty folder. The objects of the buckets are written to it when the run is over.
   * @default - none
   */
  readonly output?: string;
  /** Gets what the run took of what Google bills. @default - only the summary has it */
  readonly onBilled?: (billed: Billed) => void;
}

/**
 * Starts a stack, uses it once, and stops it. A permission that the stack's own deployment lacks is
 * a failed run.
 *
 * @throws as `startStack` without ApiError; InputError
 */
export async function runStack(
  folder: string,
  { scenario, input, output, onBilled, ...options }: RunStackOptions,
): Promise<Summary> {
  let running: RunningStack;
  // Bindings take minutes to take effect, and jobs to end, so this runs in virtual time.
  const clock = options.propagation === undefined && !scenario.waits ? undefined : new VirtualClock();
  try {
    running = await startStack(folder, { clock, ...options });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return refusedAtStart(readStack(folder).name, error.message);
  }
  try {
    clock?.run(() => running.pending() > 0);
    const summary = await runScenario(running, scenario, input, onBilled);
    if (output === undefined) return summary;
    const kept = `${counted(saveBuckets(running, output), "object")} in ${output}`;
    return { ...summary, outputs: { ...summary.outputs, kept } };
  } finally {
    await running.stop();
    clock?.stop();
  }
}

/** Puts an input into a stack that runs, waits until the stack is idle, and summarises the run. */
export async function runScenario(
  running: RunningStack,
  scenario: Scenario,
  input: Input,
  onBilled: RunStackOptions["onBilled"] = () => {},
): Promise<Summary> {
  const { stack, parts } = running;
  const meter = new CostMeter(running);
  const run = scenario.create(running);
  let error: string | undefined;
  try {
    await run.submit(input);
    const end = await running.settled(PATIENCE);
    if (end === "stuck") error = stuckText(running.pending(), PATIENCE);
  } catch (failure) {
    if (!(failure instanceof RequestFailed || failure instanceof ApiError)) throw failure;
    // A call of what cannot run here is not the stack's failure.
    if (parts.skipped.size === 0) error = failure.message;
  }
  // Before the results are read, which is no part of the pattern.
  const usage = meter.read(scenario.item, run.result().accepted.length);
  onBilled({ stack, meter, usage, batch: scenario.batch });
  const outputs = await run.outputs().catch((failure) => {
    if (!(failure instanceof RequestFailed)) throw failure;
    if (parts.skipped.size === 0) error ??= failure.message;
    return {};
  });
  return summarise({
    stack: stack.name,
    result: run.result(),
    outputs: {
      ...outputs,
      ...(parts.late.early.length > 0 && { deniedAtFirst: parts.late.early.length }),
      ...modelOf(running),
    },
    hops: parts.recorder.hops.length,
    usage,
    denials: parts.denials,
    unsimulated: parts.unsimulated,
    skipped: parts.skipped,
    error,
  });
}

/** The models that answered, so that predictions are not taken for those of another one. */
function modelOf(running: RunningStack): Record<string, unknown> {
  const models = [...running.service(vertexAi).answered].map((model) => model.describe());
  return models.length === 0 ? {} : { model: models.length === 1 ? models[0] : models };
}

/** The input for a stack: the file, or else the sample. @throws InputError */
export function inputFor(scenario: Scenario, file: string | undefined, samples: string): Input {
  const path = file ?? (scenario.sample === undefined ? undefined : join(samples, scenario.sample));
  if (path === undefined) return { name: "", content: Buffer.alloc(0) };
  if (!scenario.extensions.includes(extname(path))) {
    throw new InputError(`${path}: this stack takes ${scenario.takes} (${scenario.extensions.join(", ")})`);
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
