import type { Denial } from "@cdktf-serverless-ml/emulator";
import type { Usage } from "../cost/usage";
import type { KeyedReason, ScenarioResult } from "../shared/scenario";

/**
 * `OK`: every item has its effect. `PARTIAL`: some items have theirs, others were dead-lettered,
 * not reached or skipped, or records in items failed. `FAILED`: anything else.
 */
export type Verdict = "OK" | "PARTIAL" | "FAILED";

/** The result of a run. Terms: Jepsen's total-queue (gist.github.com/aphyr/9969443). */
export interface Summary {
  readonly stack: string;
  readonly verdict: Verdict;
  /** Work items that the stack accepted. */
  readonly accepted: number;
  /** Items with an effect. */
  readonly done: number;
  /** Items with an effect in which records failed. */
  readonly partial: number;
  /** Items that went to a dead letter and have no effect. */
  readonly deadLettered: number;
  /** Items that never began because one before them went to a dead letter. */
  readonly notReached: number;
  /** Items with none of these, because a worker, or a program of it, cannot run here. */
  readonly skipped: number;
  /** Accepted items with none of these. */
  readonly lost: number;
  /**
   * Items with an effect or a dead letter that were never accepted, or that ended in more than one
   * way.
   */
  readonly unexpected: number;
  /** Effects beyond the first of an item. */
  readonly repeatedEffects: number;
  /** Hops: requests and events between the parts of the stack. */
  readonly hops: number;
  /** What the run took of what Google bills. Absent if it was not counted. */
  readonly usage?: Usage;
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Why items went to a dead letter, `<item>: <reason>`. */
  readonly deadLetters: readonly string[];
  /** Why records failed in items with an effect, `<item>: <reason>`. */
  readonly failedRecords: readonly string[];
  /** Calls that no binding allowed, and hosts and methods that are not simulated, each once. */
  readonly refused: readonly string[];
  /** Why workers did not run, and what to do about it. */
  readonly missing: readonly string[];
  /** Why the run ended early, if it did. */
  readonly error?: string;
}

export interface Ending {
  readonly stack: string;
  readonly result: ScenarioResult;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly hops: number;
  /** @default - not counted */
  readonly usage?: Usage;
  readonly denials: readonly Denial[];
  readonly unsimulated: readonly string[];
  /** Calls of workers that cannot run here. @default - none */
  readonly skipped?: Iterable<string>;
  readonly error?: string;
  /**
   * Whether the inputs contain poison, so that dead letters and failed records do not make the run
   * `PARTIAL`.
   * @default false
   */
  readonly expectsFailures?: boolean;
}

/**
 * Keys of items that did not end in exactly one way: one effect, one dead letter, or not reached.
 */
export interface Violations {
  readonly lost: readonly string[];
  readonly unexpected: readonly string[];
  /** One for each repetition of an effect. */
  readonly repeated: readonly string[];
}

export function violationsOf(result: ScenarioResult): Violations {
  const { accepted, effects, dead, notReached } = keysOf(result);
  const ways = [effects, dead, notReached];
  const waysOf = (key: string) => ways.filter((keys) => keys.has(key)).length;
  const ended = new Set(ways.flatMap((keys) => [...keys]));
  const seen = new Set<string>();
  return {
    lost: [...accepted].filter((key) => waysOf(key) === 0),
    unexpected: [...ended].filter((key) => !accepted.has(key) || waysOf(key) > 1),
    repeated: result.effects.filter((key) => seen.has(key) || !seen.add(key)),
  };
}

export function summarise({ result, outputs, denials, unsimulated, skipped = [], error, ...ending }: Ending): Summary {
  const { accepted, effects, dead, notReached } = keysOf(result);
  const { lost, unexpected, repeated } = violationsOf(result);
  const { partial = [], skipped: notHere = [] } = result;
  const withFailures = new Set(partial.map(({ key }) => key));
  const missing = [...skipped];
  const count = (among: (key: string) => boolean) => [...accepted].filter(among).length;
  const summary = {
    stack: ending.stack,
    accepted: accepted.size,
    done: count((key) => effects.has(key)),
    partial: count((key) => effects.has(key) && withFailures.has(key)),
    deadLettered: count((key) => dead.has(key) && !effects.has(key)),
    notReached: count((key) => notReached.has(key) && !dead.has(key) && !effects.has(key)),
    skipped: (missing.length > 0 ? lost.length : 0) + notHere.length,
    lost: missing.length > 0 ? 0 : lost.length,
    unexpected: unexpected.length,
    repeatedEffects: repeated.length,
    hops: ending.hops,
    ...(ending.usage && { usage: ending.usage }),
    outputs,
    deadLetters: result.deadLetters.map(lineOf),
    failedRecords: partial.map(lineOf),
    refused: [...new Set([...denials.map(denialText), ...unsimulated])],
    missing: [...missing, ...notHere.map(lineOf)],
    ...(error !== undefined && { error }),
  };
  // What a scenario knows beforehand not to be here takes nothing from the verdict.
  const verdict = verdictOf({ ...summary, missing }, ending.expectsFailures);
  return { ...summary, verdict };
}

/** The summary of a stack whose own deployment lacks a permission. */
export function refusedAtStart(stack: string, message: string): Summary {
  const result: ScenarioResult = { accepted: [], effects: [], deadLetters: [] };
  return summarise({ stack, result, outputs: {}, hops: 0, denials: [], unsimulated: [message] });
}

function denialText({ email, permission, resource, remedy }: Denial): string {
  return `${email || "an unauthenticated caller"} lacks ${permission} on ${resource}. ${remedy}`;
}

/**
 * Whether nothing was lost, refused, unexpected or repeated, and something was done, or skipped, if
 * anything was accepted.
 */
export function isGood(summary: Omit<Summary, "verdict">): boolean {
  const { error, lost, unexpected, repeatedEffects, refused, accepted, done, skipped } = summary;
  return !error && lost + unexpected + repeatedEffects + refused.length === 0 && (accepted === 0 || done + skipped > 0);
}

/**
 * The exit code of a run: 0 for `OK`, 3 for `PARTIAL`, 1 for `FAILED`.
 *
 * @param allowsDeadLetters whether `PARTIAL` is 0 too
 */
export function exitCodeOf({ verdict }: Pick<Summary, "verdict">, allowsDeadLetters = false): number {
  if (verdict === "PARTIAL") return allowsDeadLetters ? 0 : 3;
  return verdict === "OK" ? 0 : 1;
}

function verdictOf(summary: Omit<Summary, "verdict">, expectsFailures = false): Verdict {
  if (!isGood(summary)) return "FAILED";
  const { partial, deadLettered, notReached, missing } = summary;
  if (missing.length > 0) return "PARTIAL";
  return partial + deadLettered + notReached > 0 && !expectsFailures ? "PARTIAL" : "OK";
}

function keysOf({ accepted, effects, deadLetters, notReached }: ScenarioResult) {
  return {
    accepted: new Set(accepted),
    effects: new Set(effects),
    dead: new Set(deadLetters.map(({ key }) => key)),
    notReached: new Set(notReached),
  };
}

function lineOf({ key, reason }: KeyedReason): string {
  return `${key}: ${reason}`;
}
