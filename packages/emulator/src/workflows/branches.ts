import { isCaught, LimitReached, RaisedError } from "./errors";
import type { Value } from "./values";

/** One branch or iteration of a parallel step. */
export interface Branch {
  readonly id: string;
  readonly work: () => Promise<unknown>;
}

export interface BranchOptions {
  /** How many branches run at a time. */
  readonly concurrency: number;
  /** A failure of one branch leaves the others running. */
  readonly continueAll: boolean;
  /** Ends all branches. */
  readonly abort: AbortController;
  /** Aborts when the step itself is to end. */
  readonly outer: AbortSignal;
}

/**
 * Runs all branches.
 *
 * @throws RaisedError UnhandledBranchError with the failures of branches, or what nothing catches
 */
export async function runBranches(
  branches: readonly Branch[],
  { concurrency, continueAll, abort, outer }: BranchOptions,
): Promise<void> {
  const signal = AbortSignal.any([outer, abort.signal]);
  const failures: { id: string; error: Value }[] = [];
  const waiting = [...branches];
  const worker = async () => {
    for (let branch = waiting.shift(); branch; branch = waiting.shift()) {
      const { id, work } = branch;
      if (signal.aborted) return;
      await work().catch((error) => {
        if (!isCaught(error)) {
          if (error instanceof LimitReached || outer.aborted || !signal.aborted) throw error;
          return;
        }
        failures.push({ id, error: error.value });
        if (!continueAll) abort.abort();
      });
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  if (failures.length > 0) throw unhandled(failures);
}

function unhandled(failures: readonly { id: string; error: Value }[]): RaisedError {
  const branches = failures.map(
    ({ id, error }) =>
      new Map<string, Value>([
        ["id", id],
        ["error", error],
      ]),
  );
  return new RaisedError(
    new Map<string, Value>([
      ["message", "One or more branches or iterations encountered an unhandled runtime error"],
      ["tags", ["UnhandledBranchError"]],
      ["branches", branches],
      ["truncated", false],
    ]),
  );
}
