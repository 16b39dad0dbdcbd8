/** Cloud Tasks keeps a task for 31 days (https://docs.cloud.google.com/tasks/docs/quotas). */
const TASK_LIFETIME = 31 * 24 * 3_600_000;

/**
 * The time by the clock of a task's queue, milliseconds since 1970.
 *
 * Everywhere but in a local run, that is the time of this machine: a task comes at or after its
 * schedule time, and not later than it lives. In a local run the queue's clock jumps over what
 * nobody waits for, so its schedule times are far from the time of this machine.
 *
 * @param scheduled the header `X-CloudTasks-TaskETA`: seconds since 1970 with a fraction
 * @param clock the time of this machine
 */
export function queueTime(scheduled: string | string[] | undefined, clock = Date.now()): number {
  if (typeof scheduled !== "string" || !/^\d{1,11}(\.\d{1,9})?$/.test(scheduled)) return clock;
  const time = Number(scheduled) * 1_000;
  return clock >= time && clock - time <= TASK_LIFETIME ? clock : Math.ceil(time);
}
