export interface IdleOptions {
  /** Work that is due, waiting or under way. */
  readonly pending: () => number;
  /** A number that changes with each event. */
  readonly progress: () => number;
  /** Whether a process works of which nothing is heard. Then no run is stuck. @default - never */
  readonly working?: () => boolean;
  /** Ends the waiting. */
  readonly failed?: () => boolean;
  /** Wall milliseconds without progress after which the run counts as stuck. @default 90000 */
  readonly patience?: number;
}

/**
 * Wall milliseconds between checks. Two checks in a row must find nothing, since a caller acts a
 * moment after its answer.
 */
const INTERVAL = 20;

/** Waits until nothing is left to do. */
export async function waitUntilIdle(options: IdleOptions): Promise<"idle" | "failed" | "stuck"> {
  const { pending, progress, working = () => false, failed = () => false, patience = 90_000 } = options;
  let [before, since, idle] = [progress(), Date.now(), 0];
  while (idle < 2) {
    if (failed()) return "failed";
    await new Promise((resolve) => setTimeout(resolve, INTERVAL));
    const now = progress();
    if (now !== before || working()) [before, since] = [now, Date.now()];
    else if (Date.now() - since > patience) return "stuck";
    idle = pending() === 0 ? idle + 1 : 0;
  }
  return failed() ? "failed" : "idle";
}
