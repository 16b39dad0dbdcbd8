import type { Retry, Template } from "../definition";
import { raised } from "../errors";
import { isList, isMap, isNumber, type Value } from "../values";

type Predicate = (error: Value) => boolean;

/** True for an error with one of these tags, or an HttpError with one of these codes. */
function when(tags: readonly string[], codes: readonly number[]): Predicate {
  return (error) => {
    if (!isMap(error)) return false;
    const has = error.get("tags");
    if (!isList(has)) return false;
    if (has.some((tag) => tags.includes(String(tag)))) return true;
    return has.includes("HttpError") && codes.includes(Number(error.get("code")));
  };
}

const idempotent = when(["ConnectionError", "ConnectionFailedError", "TimeoutError"], [429, 502, 503, 504]);
const nonIdempotent = when(["ConnectionFailedError"], [429, 503]);

/**
 * Source: docs/reference/stdlib/http/default_retry_predicate and …_non_idempotent,
 * docs/reference/stdlib/retry.
 */
export const STANDARD_PREDICATES: ReadonlyMap<string, Predicate> = new Map([
  ["http.default_retry_predicate", idempotent],
  ["http.default_retry_predicate_non_idempotent", nonIdempotent],
  ["retry.always", () => true],
  ["retry.never", () => false],
]);

/** Policies with everything in them. Source: docs/reference/stdlib/http/default_retry. */
export const STANDARD_RETRIES: ReadonlyMap<string, string> = new Map([
  ["http.default_retry", "http.default_retry_predicate"],
  ["http.default_retry_non_idempotent", "http.default_retry_predicate_non_idempotent"],
]);

const STANDARD = { maxRetries: 5, initialDelay: 1, maxDelay: 60, multiplier: 1.25 };

/** Seconds before a retry, from 0. */
export function standardDelay(retries: number): number {
  return Math.min(STANDARD.initialDelay * STANDARD.multiplier ** retries, STANDARD.maxDelay);
}

export interface RetryPolicy {
  readonly predicate: string;
  readonly maxRetries: number;
  /** Seconds. */
  readonly initialDelay: number;
  readonly maxDelay: number;
  readonly multiplier: number;
}

export async function retryPolicy(retry: Retry, value: (template: Template) => Promise<Value>): Promise<RetryPolicy> {
  if ("standard" in retry) return { ...STANDARD, predicate: STANDARD_RETRIES.get(retry.standard) ?? "" };
  const number = async (template: Template) => {
    const given = await value(template);
    if (!isNumber(given) || given < 0) throw raised("ValueError", "a retry policy's values are numbers from 0");
    return Number(given);
  };
  return {
    predicate: retry.predicate,
    maxRetries: await number(retry.maxRetries),
    initialDelay: await number(retry.initialDelay),
    maxDelay: await number(retry.maxDelay),
    multiplier: await number(retry.multiplier),
  };
}
