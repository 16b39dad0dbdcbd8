import { Duration } from "../core/duration";
import { inRange, type Rule } from "../core/validation";

/** How often, and after which waits, a task is attempted. */
export interface TaskRetry {
  /**
   * Attempts at a task: 1 to 1000. With a dead letter, the worker counts them and then sends the
   * task there. Without one, the queue counts them and then drops the task. By default the last
   * attempt comes 18 minutes after the first: quotas per minute, endpoints that scale up and new
   * grants take up to ten.
   * @default 12
   */
  readonly maxAttempts?: number;
  /**
   * Wait after the first failure: above 0, to 1 hour.
   * @default Duration.seconds(1)
   */
  readonly minBackoff?: Duration;
  /**
   * Longest wait: above 0, to 1 hour.
   * @default Duration.minutes(5)
   */
  readonly maxBackoff?: Duration;
  /**
   * How often the wait doubles before it grows linearly: 0 to 16.
   * @default 16
   */
  readonly maxDoublings?: number;
}

/** The retries of a queue, with its defaults. */
export function withDefaults(retry: TaskRetry): Required<TaskRetry> {
  return {
    maxAttempts: retry.maxAttempts ?? 12,
    minBackoff: retry.minBackoff ?? Duration.seconds(1),
    maxBackoff: retry.maxBackoff ?? Duration.minutes(5),
    maxDoublings: retry.maxDoublings ?? 16,
  };
}

/** Rules of Cloud Tasks for retries. */
export function retryRules({ maxAttempts, minBackoff, maxBackoff, maxDoublings }: Required<TaskRetry>): Rule[] {
  return [
    inRange("maxAttempts", maxAttempts, { min: 1, max: 1000, integer: true }),
    inRange("minBackoff", minBackoff.toSeconds(), { min: 0.001, max: 3600, unit: "seconds" }),
    inRange("maxBackoff", maxBackoff.toSeconds(), { min: 0.001, max: 3600, unit: "seconds" }),
    inRange("maxDoublings", maxDoublings, { min: 0, max: 16, integer: true }),
    {
      code: "OutOfRange",
      broken: minBackoff.isLongerThan(maxBackoff),
      message: `minBackoff is ${minBackoff}, longer than maxBackoff, which is ${maxBackoff}`,
    },
  ];
}
