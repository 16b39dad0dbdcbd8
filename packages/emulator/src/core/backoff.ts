export interface Backoff {
  /** Milliseconds. */
  readonly min: number;
  /** Milliseconds. */
  readonly max: number;
  readonly maxDoublings: number;
}

/**
 * How long Cloud Tasks and Cloud Scheduler wait after a number of failures in a row: `min`, doubled
 * `maxDoublings` times, then growing linearly, at most `max`. Source:
 * `RetryConfig.max_doublings` in google/cloud/tasks/v2/queue.proto and
 * google/cloud/scheduler/v1/job.proto (10, 20, 40, 80, 160, 240, 300, 300 s for 10 s, 300 s and 3).
 *
 * @param failures 1 or more
 * @returns milliseconds
 */
export function backoff(failures: number, { min, max, maxDoublings }: Backoff): number {
  const doubled = min * 2 ** Math.min(failures - 1, maxDoublings);
  const steps = Math.max(1, failures - maxDoublings);
  return Math.min(doubled * steps, max);
}
