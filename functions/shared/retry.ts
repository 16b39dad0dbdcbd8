import { setTimeout as sleep } from "node:timers/promises";
import { timeLeft } from "./deadline";
import { GoogleApiError } from "./errors";

/** How often and how patiently to ask again; milliseconds. */
export interface RetryPolicy {
  tries: number;
  minDelay: number;
  maxDelay: number;
}

export const defaultRetryPolicy: RetryPolicy = { tries: 4, minDelay: 200, maxDelay: 5_000 };

/** Reason of a try that was given up because no answer came in its time. */
export const TIMED_OUT = "TIMED_OUT";
/** Tries in all once one has timed out: what is slow is rarely quicker the next time, and the caller's queue tries again. */
const TRIES_AFTER_TIMEOUT = 2;

/** No answer, too many requests, and what a gateway says when a server is away. */
const PASSING = [0, 408, 429, 502, 503, 504];

/**
 * Does `work` again while it fails with a GoogleApiError that may pass and the invocation has time for another try. Only for
 * work that may be done twice.
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
      // Full jitter: anything up to the exponential delay, but no less than the server asked for.
      const exponential = Math.min(maxDelay, minDelay * 2 ** (attempt - 1));
      const delay = Math.max(Math.min(error.retryAfter, maxDelay), Math.random() * exponential);
      if (delay >= timeLeft()) throw error;
      await sleep(delay, undefined, { signal });
    }
  }
}
