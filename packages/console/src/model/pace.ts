import type { CallEvent } from "@cdktf-serverless-ml/emulator";
import type { BoxState } from "../api-types";

/** Calls that are remembered. */
const LAST = 1_000;

/** How long the last calls of a worker took, and since when they fail. */
export class Pace {
  private readonly durations: number[] = [];
  private next = 0;
  private failing?: number;
  private known?: Pick<BoxState, "median" | "longest">;

  /**
   * @param time when the call began, by the stack's clock
   * @param isRefused IAM refused it, so that the worker did not see it
   */
  add(
    { status, realDuration }: Pick<CallEvent, "status" | "realDuration">,
    failed: boolean,
    time: number,
    isRefused: boolean,
  ): void {
    this.failing = failed ? (this.failing ?? time) : undefined;
    if (status === 0 || isRefused) return;
    this.durations[this.next] = realDuration;
    this.next = (this.next + 1) % LAST;
    this.known = undefined;
  }

  state(): Pick<BoxState, "median" | "longest" | "failing"> {
    this.known ??= this.measured();
    return { ...this.known, ...(this.failing !== undefined && { failing: this.failing }) };
  }

  private measured(): Pick<BoxState, "median" | "longest"> {
    const sorted = [...this.durations].sort((one, other) => one - other);
    const longest = sorted.at(-1);
    const median = sorted[Math.floor((sorted.length - 1) / 2)];
    return longest === undefined || median === undefined ? {} : { median: rounded(median), longest: rounded(longest) };
  }
}

/** To a tenth of a millisecond. */
function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
