import { setTimeout as sleep } from "node:timers/promises";
import { timeLeft } from "./deadline";
import { GoogleApiError } from "./errors";

/** Number of tries, and limits of the delay between them in milliseconds. */
export interface RetryPolicy {
  tries: number;
  minDelay: number;
  maxDelay: number;
}

export const defaultRetryPolicy: RetryPolicy = { tries: 4, minDelay: 200, maxDelay: 5_000 };

/** Reason of a try that timed out. */
export const TIMED_OUT = "TIMED_OUT";
/**
 * Most tries once one has timed out. A slow request is rarely quicker the next time, and the
 * caller's queue tries again.
 */
const TRIES_AFTER_TIMEOUT = 2;

/** No answer, too many requests, and a gateway's answers when a server is unavailable. */
const PASSING = [0, 408, 429, 502, 503, 504];

/**
 * Repeats `work` while it fails with a GoogleApiError that may pass and the invocation has time for
 * another try. Use it only for idempotent work.
 *
 * @throws the last error.
 */
export async function withRetries<T>(
  { tries, minDelay, maxDelay }: RetryPolicy,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  let most = tries;
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const mayPass = error instanceof GoogleApiError && PASSING.includes(error.status);
      if (mayPass && error.reason === TIMED_OUT) most = Math.min(most, TRIES_AFTER_TIMEOUT);
      if (!mayPass || signal?.aborted || attempt >= most) throw error;
      // Full jitter: a random part of the exponential delay, but at least as long as the server
      // asked for.
      const exponential = Math.min(maxDelay, minDelay * 2 ** (attempt - 1));
      const delay = Math.max(Math.min(error.retryAfter, maxDelay), Math.random() * exponential);
      if (delay >= timeLeft()) throw error;
      await sleep(delay, undefined, { signal });
    }
  }
}
