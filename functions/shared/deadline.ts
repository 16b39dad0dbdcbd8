import { AsyncLocalStorage } from "node:async_hooks";

/** Seconds that Cloud Functions gives a function whose timeout nobody set. */
export const DEFAULT_TIMEOUT_SECONDS = 60;

interface Deadline {
  /** On the clock of `performance.now()`. */
  readonly answerAt: number;
  readonly resultAt: number;
}

const deadlines = new AsyncLocalStorage<Deadline>();

/**
 * Runs one invocation of a function. Calls to Google APIs that it makes, however deep inside, end before the function's time
 * is up, so that the caller gets an answer with a reason instead of Cloud Run's 504.
 *
 * @param timeoutSeconds the function's own timeout
 */
export function withDeadline<T>(timeoutSeconds: number, invocation: () => T): T {
  const now = performance.now();
  const timeout = timeoutSeconds * 1_000;
  // For the answer 2 % of the timeout, at most a second; for keeping what the work came to, before that, 8 %, at most five.
  const answerAt = now + timeout - Math.min(timeout * 0.02, 1_000);
  return deadlines.run({ answerAt, resultAt: answerAt - Math.min(timeout * 0.08, 5_000) }, invocation);
}

/** Milliseconds that a call may still take; Infinity outside of an invocation, below 0 when its time is up. */
export function timeLeft(): number {
  return (deadlines.getStore()?.answerAt ?? Number.POSITIVE_INFINITY) - performance.now();
}

/** The same for a call whose result must be kept afterwards, such as a prediction. */
export function timeLeftForWork(): number {
  return (deadlines.getStore()?.resultAt ?? Number.POSITIVE_INFINITY) - performance.now();
}
