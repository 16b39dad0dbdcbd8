import { choose, draw } from "./hash";

/** What may befall a delivery: a request of a queue, a push subscription or a schedule. */
export type DeliveryFault =
  /** Answered so before the target sees it. */
  | "answered 500"
  | "answered 503"
  | "answered 429"
  /** The target's process is killed as it gets the request, or when it has answered, before the answer is passed on. */
  | "crash before the work"
  | "crash after the work"
  /** The target has done it, and the connection ends without the answer. */
  | "answer lost"
  /** Nothing until the deadline has passed; then it arrives all the same, and nobody hears the answer. */
  | "hang"
  /** Two at once, and the second's answer counts. */
  | "twice at once"
  /** Once more, some time after the answer. */
  | "again later"
  /** Held up, so that others overtake it. */
  | "delayed";

/** What may befall a call of a Google API by a function or a workflow of the stack. */
export type CallFault =
  | "call answered 429"
  | "call answered 500"
  | "call answered 503"
  /** Done, and told that its precondition does not hold, as a front end that asked twice tells. */
  | "call answered 412"
  | "call reset before"
  | "call reset after"
  /** Cloud Storage takes its time. */
  | "slow call"
  /** The calling process is killed once the call has had its effect. */
  | "caller crashed";

/** Of a workflow's call: nothing until its timeout; then it arrives all the same. A function's time cannot be made to jump. */
export type HangingCall = "call hangs";

/** What may befall what Google's services publish themselves: forwarded dead letters and notifications of buckets. */
export type PublishFault = "publish failed" | "publish unanswered";

/** A dead letter of a function, which cannot be published at first. */
export type DeadLetterFault = "dead letter failed";

export type FaultKind =
  | DeliveryFault
  | CallFault
  | HangingCall
  | PublishFault
  | DeadLetterFault
  | "poison failed"
  | "poison killed";

/**
 * Of an item's first, second, … delivery, the share that something befalls; of later ones the last. A third at first, so that
 * every kind is met in a hundred items; less each time, so that nearly all items succeed within five attempts.
 */
const DELIVERY_SHARES = [0.35, 0.3, 0.2, 0.1, 0.05];
const DELIVERY_WEIGHTS: Readonly<Record<DeliveryFault, number>> = {
  "answered 500": 1,
  "answered 503": 1,
  "answered 429": 1,
  "crash before the work": 1,
  "crash after the work": 1,
  "answer lost": 1.5,
  hang: 1.5,
  "twice at once": 1.5,
  "again later": 1.5,
  delayed: 1,
};

/**
 * Of the calls of one method on one resource, the share that something befalls; calls are several to an item. Most where it
 * matters: a write under a precondition is an effect that must not be repeated.
 */
const CALL_SHARES = { read: 0.05, write: 0.1, effect: 0.25 };
/**
 * How many faults befall the same call at most. Workflows asks six times, functions four times: a call that fails more often is
 * a failure of the service, not a fault that passes.
 */
const MAX_CALL_FAULTS = 3;
const CALL_WEIGHTS: Readonly<Record<CallFault, number>> = {
  "call answered 429": 1,
  // Functions do not ask again at once after it: it costs an attempt.
  "call answered 500": 0.5,
  "call answered 503": 1,
  "call answered 412": 1,
  "call reset before": 1,
  "call reset after": 2,
  "slow call": 1,
  // Costs all that the instance was at, and a fifth of a second until another one listens.
  "caller crashed": 0.5,
};

/** Of the dead letters, the share whose first publish fails. */
const DEAD_LETTER_SHARE = 0.5;
/** Of the notifications, the share whose first publish fails; of later ones none. */
const PUBLISH_SHARE = 0.2;

/** Milliseconds from the answer to the second delivery. */
const AGAIN_AFTER = { min: 1_000, max: 60_000 };
/** Milliseconds; and no more than this share of the deadline. */
const DELAY = { min: 100, max: 60_000, ofDeadline: 0.4 };
/**
 * Milliseconds from the deadline to the arrival of what hung. Less than any queue of ours waits before its next attempt, so that
 * work which nobody waits for is over when that begins: docs/reliability.md tells why.
 */
const LATE = { min: 0, max: 900 };
/** Wall milliseconds. */
const SLOW = { min: 5, max: 50 };

export interface DeliveryTarget {
  /** Only what runs here can crash: an API of Google's does not. */
  readonly isFunction: boolean;
}

/** What befalls the nth delivery of an item, the first being 1. */
export function deliveryFault(
  seed: number,
  item: string,
  nth: number,
  { isFunction }: DeliveryTarget,
): DeliveryFault | undefined {
  const share = DELIVERY_SHARES[Math.min(nth, DELIVERY_SHARES.length) - 1] ?? 0;
  if (draw(seed, "delivery", item, nth) >= share) return undefined;
  const { "crash before the work": before, "crash after the work": after, ...others } = DELIVERY_WEIGHTS;
  return choose<DeliveryFault>(isFunction ? DELIVERY_WEIGHTS : others, draw(seed, "which delivery", item, nth));
}

export interface CallTarget {
  readonly isWrite: boolean;
  readonly hasPrecondition: boolean;
  readonly isStorage: boolean;
  /** Else a workflow, which does not crash. */
  readonly byFunction: boolean;
}

/** What befalls the nth call of one method on one resource, the first being 1, after so many faults. */
export function callFault(
  seed: number,
  call: string,
  nth: number,
  { faults, ...target }: CallTarget & { readonly faults: number },
): CallFault | undefined {
  const share = CALL_SHARES[!target.isWrite ? "read" : target.hasPrecondition ? "effect" : "write"];
  if (faults >= MAX_CALL_FAULTS || draw(seed, "call", call, nth) >= share) return undefined;
  const applies: Partial<Record<CallFault, boolean>> = {
    "call answered 412": target.isWrite && target.hasPrecondition,
    "slow call": target.isStorage,
    "caller crashed": target.isWrite && target.byFunction,
  };
  const weights = Object.entries(CALL_WEIGHTS).filter(([kind]) => applies[kind as CallFault] ?? true);
  return choose<CallFault>(Object.fromEntries(weights), draw(seed, "which call", call, nth));
}

/** Of the calls of workflows, the share that hangs; the same one only once. */
const HANGING_SHARE = 0.03;

/** Whether the first of a workflow's calls of one method on one resource hangs. */
export function callHangs(seed: number, call: string): boolean {
  return draw(seed, "hanging call", call) < HANGING_SHARE;
}

/** Whether the first publish of an item's dead letter fails. */
export function deadLetterFails(seed: number, item: string): boolean {
  return draw(seed, "dead letter", item) < DEAD_LETTER_SHARE;
}

/** What befalls the first publish of a notification. */
export function publishFault(seed: number, item: string): PublishFault | undefined {
  if (draw(seed, "publish", item) >= PUBLISH_SHARE) return undefined;
  return draw(seed, "which publish", item) < 0.5 ? "publish failed" : "publish unanswered";
}

/** Milliseconds that a delivery is held up. */
export function delayOf(seed: number, item: string, nth: number, deadline: number): number {
  return between({ ...DELAY, max: Math.min(DELAY.max, deadline * DELAY.ofDeadline) }, draw(seed, "delay", item, nth));
}

/** Milliseconds from an answer to the delivery after it. */
export function repeatedAfter(seed: number, item: string, nth: number): number {
  return between(AGAIN_AFTER, draw(seed, "again", item, nth));
}

/** Milliseconds from a deadline to the arrival of what missed it. */
export function lateBy(seed: number, item: string, nth: number): number {
  return between(LATE, draw(seed, "late", item, nth));
}

/** Wall milliseconds that a call of Cloud Storage takes longer. */
export function slowness(seed: number, call: string, nth: number): number {
  return between(SLOW, draw(seed, "slow", call, nth));
}

function between({ min, max }: { readonly min: number; readonly max: number }, drawn: number): number {
  return Math.round(min + (max - min) * drawn);
}
