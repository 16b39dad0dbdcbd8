import type { Denial } from "@cdktf-serverless-ml/emulator";
import type { KeyedReason, ScenarioResult } from "../shared/scenario";

/**
 * `OK`: every item has its effect. `PARTIAL`: nothing went wrong that the stack has no answer to, and something was done, but items
 * were dead-lettered or not reached, or records within items failed. `FAILED`: anything else.
 */
export type Verdict = "OK" | "PARTIAL" | "FAILED";

/** What a run came to. Words: Jepsen's total-queue (gist.github.com/aphyr/9969443). */
export interface Summary {
  readonly stack: string;
  readonly verdict: Verdict;
  /** Work items that the stack took on. */
  readonly accepted: number;
  /** Items with an effect. */
  readonly done: number;
  /** Of those done, items in which records failed. */
  readonly partial: number;
  /** Items that were handed to a dead letter, and have no effect. */
  readonly deadLettered: number;
  /** Items that were never begun, because one before them went to a dead letter. */
  readonly notReached: number;
  /** Accepted items with none of these. */
  readonly lost: number;
  /** Effects and dead letters of nothing that was accepted, and items that ended in more than one way. */
  readonly unexpected: number;
  /** Effects beyond the first of an item. */
  readonly repeatedEffects: number;
  /** Steps of the flow. */
  readonly hops: number;
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Why items were handed to a dead letter, `<item>: <reason>`. */
  readonly deadLetters: readonly string[];
  /** Why records failed in items that are done, `<item>: <reason>`. */
  readonly failedRecords: readonly string[];
  /** Calls that no binding allowed, and what is not simulated, each once. */
  readonly refused: readonly string[];
  /** Why the run ended early, if it did. */
  readonly error?: string;
}

export interface Ending {
  readonly stack: string;
  readonly result: ScenarioResult;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly hops: number;
  readonly denials: readonly Denial[];
  readonly unsimulated: readonly string[];
  readonly error?: string;
  /** Whether dead letters and failed records are what the inputs were made for: they make such a run no `PARTIAL`. Default false. */
  readonly expectsFailures?: boolean;
}

/** Keys of items that ended otherwise than in exactly one effect, one dead letter, or not reached. */
export interface Violations {
  readonly lost: readonly string[];
  readonly unexpected: readonly string[];
  /** As often as the effect was repeated. */
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

export function summarise({ result, outputs, denials, unsimulated, error, ...ending }: Ending): Summary {
  const { accepted, effects, dead, notReached } = keysOf(result);
  const { lost, unexpected, repeated } = violationsOf(result);
  const partial = result.partial ?? [];
  const withFailures = new Set(partial.map(({ key }) => key));
  const counted = (among: (key: string) => boolean) => [...accepted].filter(among).length;
  const summary = {
    stack: ending.stack,
    accepted: accepted.size,
    done: counted((key) => effects.has(key)),
    partial: counted((key) => effects.has(key) && withFailures.has(key)),
    deadLettered: counted((key) => dead.has(key) && !effects.has(key)),
    notReached: counted((key) => notReached.has(key) && !dead.has(key) && !effects.has(key)),
    lost: lost.length,
    unexpected: unexpected.length,
    repeatedEffects: repeated.length,
    hops: ending.hops,
    outputs,
    deadLetters: result.deadLetters.map(lineOf),
    failedRecords: partial.map(lineOf),
    refused: [...new Set([...denials.map(denialText), ...unsimulated])],
    ...(error !== undefined && { error }),
  };
  return { ...summary, verdict: verdictOf(summary, ending.expectsFailures) };
}

/** Of a stack that its own deployment's bindings do not let begin. */
export function refusedAtStart(stack: string, message: string): Summary {
  const result: ScenarioResult = { accepted: [], effects: [], deadLetters: [] };
  return summarise({ stack, result, outputs: {}, hops: 0, denials: [], unsimulated: [message] });
}

export function denialText({ email, permission, resource, remedy }: Denial): string {
  return `${email || "nobody"} lacks ${permission} on ${resource}. ${remedy}`;
}

/** Whether a run shows what it should: nothing lost, refused, unexpected or repeated, and something done. */
export function isGood(summary: Omit<Summary, "verdict">): boolean {
  const { error, lost, unexpected, repeatedEffects, refused, accepted, done } = summary;
  return !error && lost + unexpected + repeatedEffects + refused.length === 0 && (accepted === 0 || done > 0);
}

/**
 * The exit code of a run: 0 for `OK`, 3 for `PARTIAL`, 1 for `FAILED`.
 *
 * @param allowsDeadLetters 0 for `PARTIAL`, too
 */
export function exitCodeOf({ verdict }: Pick<Summary, "verdict">, allowsDeadLetters = false): number {
  if (verdict === "PARTIAL") return allowsDeadLetters ? 0 : 3;
  return verdict === "OK" ? 0 : 1;
}

function verdictOf(summary: Omit<Summary, "verdict">, expectsFailures = false): Verdict {
  if (!isGood(summary)) return "FAILED";
  const { partial, deadLettered, notReached } = summary;
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
