import { setTimeout as sleep } from "node:timers/promises";
import { timeLeftForWork } from "../shared/deadline";
import { LONGEST_LEASE } from "./kept-letters";

/** Milliseconds for the last letters of a call. A short timeout gives a fifth of itself. */
const MARGIN = 10_000;

/** Spreads work evenly, and ends it in time for the answer and before leases end. */
export class Pace {
  private readonly end: number;
  private next = 0;

  constructor(private readonly perSecond: number) {
    const left = Math.min(timeLeftForWork(), LONGEST_LEASE * 1_000);
    this.end = performance.now() + left - Math.min(MARGIN, left / 5);
  }

  get isOver(): boolean {
    return performance.now() >= this.end;
  }

  /** Waits for the turn of one letter. @returns false when its turn is too late for this call. */
  async turn(): Promise<boolean> {
    const now = performance.now();
    const at = Math.max(now, this.next);
    if (at >= this.end) return false;
    this.next = at + 1_000 / this.perSecond;
    if (at > now) await sleep(at - now);
    return true;
  }
}
