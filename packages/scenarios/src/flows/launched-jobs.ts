/** A task that asks for a job. */
export interface LaunchTask {
  readonly id: string;
  /** What its job shall read. */
  readonly input: string;
  /** Whether it ended in a dead letter, so that another task's job is less likely its own. */
  readonly isDead: boolean;
}

export interface LaunchedJob {
  readonly name: string;
  readonly input: string;
}

/**
 * Tells which job is which task's: names of jobs say it to the launcher alone. What was asked for says it, too; among tasks that
 * ask for the same it is enough that each has a job. Jobs of one name are the same task's.
 *
 * @returns name of a job -> id of its task; jobs beyond the tasks are missing
 */
export function tasksOfJobs(tasks: readonly LaunchTask[], jobs: readonly LaunchedJob[]): Map<string, string> {
  const waiting = new Map<string, string[]>();
  for (const { id, input } of [...tasks].sort((a, b) => Number(a.isDead) - Number(b.isDead))) {
    waiting.set(input, [...(waiting.get(input) ?? []), id]);
  }
  const found = new Map<string, string>();
  for (const { name, input } of jobs) {
    const id = found.has(name) ? undefined : waiting.get(input)?.shift();
    if (id !== undefined) found.set(name, id);
  }
  return found;
}
