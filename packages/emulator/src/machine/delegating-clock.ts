import { type Clock, RealClock } from "../core/clock";

/** The clock of whatever run there is: what outlives a run is told the time by it. Timers of an earlier run never fire. */
export class DelegatingClock implements Clock {
  private current: Clock = new RealClock();

  delegateTo(clock: Clock): void {
    this.current = clock;
  }

  now(): number {
    return this.current.now();
  }

  at(time: number, work: () => void): () => void {
    const { current } = this;
    return current.at(time, () => {
      if (this.current === current) work();
    });
  }

  hold(): () => void {
    return this.current.hold?.() ?? (() => {});
  }
}
