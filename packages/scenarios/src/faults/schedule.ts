import type { CallFault, DeliveryFault, PublishFault } from "../shared/fault-kinds";
import { choose, draw } from "./hash";

/**
 * The share of first, second, … deliveries of an item that get a fault; the last value is for all
 * later ones. A third at first, so that 100 items meet every kind. Less each time, so that nearly
 * all items succeed within five attempts.
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
 * The share of the calls of one method on one resource that get a fault. An item makes several
 * calls. Writes with a precondition get the most: they are the effects that must not be repeated.
 */
const CALL_SHARES = { read: 0.05, write: 0.1, effect: 0.25 };
/**
 * The most faults of one call. Workflows tries a call six times, functions four times: more faults
 * are an outage, which retries do not cure.
 */
const MAX_CALL_FAULTS = 3;
const CALL_WEIGHTS: Readonly<Record<CallFault, number>> = {
  "call answered 429": 1,
  // Functions do not retry it: it costs an attempt of the delivery.
  "call answered 500": 0.5,
  "call answered 503": 1,
  "call answered 412": 1,
  "call reset before": 1,
  "call reset after": 2,
  "slow call": 1,
  // Loses all requests of the instance, and 0.2 s until another one listens.
  "caller crashed": 0.5,
};

/** The share of dead letters whose first publish fails. */
const DEAD_LETTER_SHARE = 0.5;
/** The share of notifications whose first publish fails. Later ones never fail. */
const PUBLISH_SHARE = 0.2;

/** Milliseconds from the answer to the second delivery. */
const AGAIN_AFTER = { min: 1_000, max: 60_000 };
/** Milliseconds, and at most this share of the deadline. */
const DELAY = { min: 100, max: 60_000, ofDeadline: 0.4 };
/**
 * Milliseconds from the deadline to the arrival of a request that hung. Less than the shortest
 * backoff of the stacks' queues, so that its work is over when the next attempt begins. Why:
 * docs/reliability.md.
 */
const LATE = { min: 0, max: 900 };
/** Milliseconds of real time. */
const SLOW = { min: 5, max: 50 };

export interface DeliveryTarget {
  /** Only functions can crash. Google's APIs cannot. */
  readonly isFunction: boolean;
}

/** The fault of the nth delivery of an item, counted from 1. */
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
  /** Otherwise it is a workflow's, which cannot crash. */
  readonly byFunction: boolean;
}

/**
 * The fault of the nth call of one method on one resource, counted from 1, after `faults` earlier
 * ones.
 */
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

/** The share of workflows' calls that hang, each at most once. */
const HANGING_SHARE = 0.03;

/** Whether the first of a workflow's calls of one method on one resource hangs. */
export function callHangs(seed: number, call: string): boolean {
  return draw(seed, "hanging call", call) < HANGING_SHARE;
}

/** Whether the first publish of an item's dead letter fails. */
export function deadLetterFails(seed: number, item: string): boolean {
  return draw(seed, "dead letter", item) < DEAD_LETTER_SHARE;
}

/** The fault of the first publish of a notification. */
export function publishFault(seed: number, item: string): PublishFault | undefined {
  if (draw(seed, "publish", item) >= PUBLISH_SHARE) return undefined;
  return draw(seed, "which publish", item) < 0.5 ? "publish failed" : "publish unanswered";
}

/** Milliseconds that a delivery is held back. @param deadline milliseconds */
export function delayOf(seed: number, item: string, nth: number, deadline: number): number {
  return between({ ...DELAY, max: Math.min(DELAY.max, deadline * DELAY.ofDeadline) }, draw(seed, "delay", item, nth));
}

/** Milliseconds from an answer to the repeated delivery. */
export function repeatedAfter(seed: number, item: string, nth: number): number {
  return between(AGAIN_AFTER, draw(seed, "again", item, nth));
}

/** Milliseconds from a deadline to the arrival of the request that hung. */
export function lateBy(seed: number, item: string, nth: number): number {
  return between(LATE, draw(seed, "late", item, nth));
}

/** Milliseconds of real time that a call of Cloud Storage takes longer. */
export function slowness(seed: number, call: string, nth: number): number {
  return between(SLOW, draw(seed, "slow", call, nth));
}

function between({ min, max }: { readonly min: number; readonly max: number }, drawn: number): number {
  return Math.round(min + (max - min) * drawn);
}
