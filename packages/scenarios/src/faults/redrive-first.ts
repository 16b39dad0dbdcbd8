import type { RunningStack } from "@cdktf-serverless-ml/emulator";
import { redriveAll } from "../shared/redrive";
import type { ScenarioRun } from "../shared/scenario";

/** Letters that were put back, and how long that took in real time. */
export interface Redriven {
  readonly letters: number;
  readonly seconds: number;
}

/** A round leaves only what a call that died had on a lease. */
const ROUNDS = 20;
/** Milliseconds after which letters of such a call, and letters that were looked at, come again. */
const LEASES = 15 * 60_000;
/** Milliseconds after which no letter looks as old as those before. */
const AFTER = 1_000;

/**
 * Puts each letter back that was never put back before, and waits until the stack is idle.
 *
 * @param settled waits, and returns why the run ended early, if it did
 * @throws RequestFailed
 */
export async function redriveFirst(
  running: RunningStack,
  run: ScenarioRun,
  settled: () => Promise<string | undefined>,
): Promise<Redriven & { readonly error?: string }> {
  // Letters of items that fail again, which are poison, stay: each round of theirs costs a
  // program's start for each attempt.
  const before = new Date(running.parts.clock.now()).toISOString();
  await wait(running, AFTER);
  let letters = 0;
  let milliseconds = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const first = firstLetters(running);
    if (first === 0) break;
    const began = Date.now();
    await redriveAll(running, { before });
    milliseconds += Date.now() - began;
    // Not by the function's answers: one that dies does not say what it has moved.
    letters += first - firstLetters(running);
    await run.consume?.();
    const error = await settled();
    if (error !== undefined) return { letters, seconds: milliseconds / 1000, error };
    await wait(running, LEASES);
  }
  return { letters, seconds: milliseconds / 1000 };
}

/** Letters that were never put back. */
function firstLetters(running: RunningStack): number {
  return running
    .deadLetters()
    .filter(({ attributes }) => attributes.deadLetterRedrives === undefined && attributes.redriveCount === undefined)
    .length;
}

/** Waits by the run's clock. The wait counts as pending work. */
function wait(running: RunningStack, milliseconds: number): Promise<void> {
  const { clock } = running.parts;
  let waiting = 1;
  running.alsoPending(() => waiting);
  return new Promise((resolve) => {
    clock.at(clock.now() + milliseconds, () => {
      waiting = 0;
      resolve();
    });
  });
}
