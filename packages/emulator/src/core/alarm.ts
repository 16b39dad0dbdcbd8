import type { Clock } from "./clock";

/** Wakes somebody at the earliest of the times it was set to: one timer, however much waits. */
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

  /** Wakes nobody any more, whatever is set. */
  stop(): void {
    this.stopped = true;
    this.disarm?.();
  }
}
