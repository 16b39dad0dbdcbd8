/** Longest wait between two questions, milliseconds, unless the interval itself is longer. */
const LONGEST_WAIT = 5 * 60_000;

/**
 * When to ask again for the state of a job: after a tenth of the time that it has taken, at most 5
 * minutes, but not before the interval is over.
 *
 * @param time now, milliseconds since 1970
 * @param since when the job started, milliseconds since 1970
 * @param intervalSeconds the function's `POLL_INTERVAL_SECONDS`
 * @returns milliseconds since 1970
 */
export function nextPoll(time: number, since: number, intervalSeconds: number): number {
  const grown = Math.min((time - since) / 10, LONGEST_WAIT);
  return time + Math.max(intervalSeconds * 1_000, grown);
}
