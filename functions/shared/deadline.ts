import { AsyncLocalStorage } from "node:async_hooks";

/** Default timeout of Cloud Functions in seconds. */
export const DEFAULT_TIMEOUT_SECONDS = 60;

interface Deadline {
  /** On the clock of `performance.now()`. */
  readonly answerAt: number;
  readonly resultAt: number;
}

const deadlines = new AsyncLocalStorage<Deadline>();

/**
 * Runs one invocation of a function. All its calls to Google APIs end before the function's
 * timeout, so that the caller gets an answer with a reason instead of Cloud Run's 504.
 *
 * @param timeoutSeconds the function's own timeout
 */
export function withDeadline<T>(timeoutSeconds: number, invocation: () => T): T {
  const now = performance.now();
  const timeout = timeoutSeconds * 1_000;
  // The answer gets 2 % of the timeout, at most 1 s. Before that, storing the result gets 8 %, at
  // most 5 s.
  const answerAt = now + timeout - Math.min(timeout * 0.02, 1_000);
  return deadlines.run({ answerAt, resultAt: answerAt - Math.min(timeout * 0.08, 5_000) }, invocation);
}

/**
 * Milliseconds that a call may still take. Infinity outside of an invocation; below 0 after the
 * deadline.
 */
export function timeLeft(): number {
  return (deadlines.getStore()?.answerAt ?? Number.POSITIVE_INFINITY) - performance.now();
}

/** The same for a call whose result must be stored afterwards, such as a prediction. */
export function timeLeftForWork(): number {
  return (deadlines.getStore()?.resultAt ?? Number.POSITIVE_INFINITY) - performance.now();
}
