import { type Clock, holding } from "@cdktf-serverless-ml/emulator";

/**
 * Work at later times. A run is not over before it is done. The clock stands still meanwhile: a
 * delivery that comes late is over before the next attempt begins.
 */
export class DelayedWork {
  private readonly waiting = new Set<() => void>();
  private underWay = 0;

  constructor(private readonly clock: Clock) {}

  /** Work that is waiting or under way. */
  get pending(): number {
    return this.waiting.size + this.underWay;
  }

  /** @param delay milliseconds */
  in(delay: number, work: () => Promise<void>): void {
    const cancel = this.clock.at(this.clock.now() + delay, () => {
      this.waiting.delete(cancel);
      this.underWay++;
      void holding(this.clock, work).finally(() => {
        this.underWay--;
      });
    });
    this.waiting.add(cancel);
  }

  /** @param delay milliseconds */
  wait(delay: number): Promise<void> {
    return new Promise((resolve) => {
      this.in(delay, async () => resolve());
    });
  }

  /** Cancels all that waits. Promises of `wait` stay pending. */
  stop(): void {
    for (const cancel of this.waiting) cancel();
    this.waiting.clear();
  }
}
