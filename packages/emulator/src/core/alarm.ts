import type { Clock } from "./clock";

/** Calls back at the earliest of the times that were set. It needs one timer for all of them. */
export class Alarm {
  private time = Number.POSITIVE_INFINITY;
  private disarm?: () => void;
  private stopped = false;

  constructor(
    private readonly clock: Clock,
    private readonly wake: () => void,
  ) {}

  set(time: number): void {
    if (this.stopped || time >= this.time) return;
    this.disarm?.();
    this.time = time;
    this.disarm = this.clock.at(time, () => {
      this.time = Number.POSITIVE_INFINITY;
      this.disarm = undefined;
      this.wake();
    });
  }

  /** Never calls back again. */
  stop(): void {
    this.stopped = true;
    this.disarm?.();
  }
}
