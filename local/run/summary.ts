import type { Denial } from "../iam";
import type { FlowResult } from "./flows/flow";

/** What a run came to. Words: Jepsen's total-queue (gist.github.com/aphyr/9969443). */
export interface Summary {
  readonly stack: string;
  /** Work items that the stack took on. */
  readonly accepted: number;
  /** Items with an effect. */
  readonly done: number;
  /** Items that were handed to a dead letter, and have no effect. */
  readonly deadLettered: number;
  /** Accepted items with neither. */
  readonly lost: number;
  /** Effects and dead letters of nothing that was accepted, and items that have both. */
  readonly unexpected: number;
  /** Effects beyond the first of an item. */
  readonly repeatedEffects: number;
  /** Steps of the flow. */
  readonly hops: number;
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Why items were handed to a dead letter, `<item>: <reason>`. */
  readonly deadLetters: readonly string[];
  /** Calls that no binding allowed, and what is not simulated, each once. */
  readonly refused: readonly string[];
  /** Why the run ended early, if it did. */
  readonly error?: string;
}

export interface Ending {
  readonly stack: string;
  readonly result: FlowResult;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly hops: number;
  readonly denials: readonly Denial[];
  readonly unsimulated: readonly string[];
  readonly error?: string;
}

/** Keys of items that ended otherwise than in one effect or one dead letter. */
export interface Offences {
  readonly lost: readonly string[];
  readonly unexpected: readonly string[];
  /** As often as the effect was repeated. */
  readonly repeated: readonly string[];
}

export function offencesOf(result: FlowResult): Offences {
  const accepted = new Set(result.accepted);
  const effects = new Set(result.effects);
  const dead = new Set(result.deadLetters.map(({ key }) => key));
  const ended = [...new Set([...effects, ...dead])];
  const seen = new Set<string>();
  return {
    lost: [...accepted].filter((key) => !effects.has(key) && !dead.has(key)),
    unexpected: ended.filter((key) => !accepted.has(key) || (effects.has(key) && dead.has(key))),
    repeated: result.effects.filter((key) => seen.has(key) || !seen.add(key)),
  };
}

export function summarise({ stack, result, outputs, hops, denials, unsimulated, error }: Ending): Summary {
  const accepted = new Set(result.accepted);
  const effects = new Set(result.effects);
  const dead = new Set(result.deadLetters.map(({ key }) => key));
  const { lost, unexpected, repeated } = offencesOf(result);
  return {
    stack,
    accepted: accepted.size,
    done: [...accepted].filter((key) => effects.has(key)).length,
    deadLettered: [...accepted].filter((key) => dead.has(key) && !effects.has(key)).length,
    lost: lost.length,
    unexpected: unexpected.length,
    repeatedEffects: repeated.length,
    hops,
    outputs,
    deadLetters: result.deadLetters.map(({ key, reason }) => `${key}: ${reason}`),
    refused: [...new Set([...denials.map(denialText), ...unsimulated])],
    ...(error !== undefined && { error }),
  };
}

/** Of a stack that its own deployment's bindings do not let begin. */
export function refusedAtStart(stack: string, message: string): Summary {
  const nothing = { accepted: 0, done: 0, deadLettered: 0, lost: 0, unexpected: 0, repeatedEffects: 0, hops: 0 };
  return { stack, ...nothing, outputs: {}, deadLetters: [], refused: [message] };
}

export function denialText({ email, permission, resource, remedy }: Denial): string {
  return `${email || "nobody"} lacks ${permission} on ${resource}. ${remedy}`;
}

/** Whether a run shows what it should: nothing lost, refused, unexpected or repeated, and something done. */
export function isGood(summary: Summary): boolean {
  const { error, lost, unexpected, repeatedEffects, refused, accepted, done } = summary;
  return !error && lost + unexpected + repeatedEffects + refused.length === 0 && (accepted === 0 || done > 0);
}
