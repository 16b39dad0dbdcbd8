import { counted } from "@cdktf-serverless-ml/cli";
import type { Input, ScenarioRun } from "../shared/scenario";

export interface SubmitOptions {
  /**
   * Inputs under way at once.
   * @default 16
   */
  readonly concurrency?: number;
  /** Called after each input that the stack accepted, with their number so far. */
  readonly onSubmitted?: (count: number) => void;
}

/**
 * Puts inputs into a stack in their order, several at once. After a failure no further input goes
 * in.
 *
 * @throws the first failure, once everything under way has ended: RequestFailed, InputError
 */
export async function submitAll(
  run: ScenarioRun,
  inputs: readonly Input[],
  options: SubmitOptions = {},
): Promise<void> {
  const { concurrency = 16, onSubmitted = () => {} } = options;
  let submitted = 0;
  await forEachConcurrently(inputs, concurrency, async (input) => {
    await run.submit(input);
    onSubmitted(++submitted);
  });
}

/** The error of a run that is stuck. @param patience milliseconds without progress */
export function stuckText(pending: number, patience: number): string {
  return `no progress for ${patience / 1000} s, ${counted(pending, "item")} still pending`;
}

/**
 * Does work for each item, up to a number at once, in their order. After a failure it begins
 * nothing new.
 *
 * @throws the first failure, once all work under way has ended
 */
export async function forEachConcurrently<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  let failed = false;
  const lane = async () => {
    for (const item of waiting) {
      if (failed) return;
      await work(item).catch((error) => {
        failed = true;
        throw error;
      });
    }
  };
  const lanes = Array.from({ length: Math.min(atOnce, items.length) }, lane);
  for (const result of await Promise.allSettled(lanes)) if (result.status === "rejected") throw result.reason;
}
