import type { Clock } from "./clock";
import { Heap, type Timed } from "./heap";

interface Event extends Timed {
  /** Undefined once it is cancelled. */
  work?: () => void;
}

export interface VirtualClockOptions {
  /** Milliseconds since 1970. @default - 2026-01-01T00:00:00Z, so that runs are alike */
  readonly start?: number;
  /**
   * Wall milliseconds without any real work beginning or ending, after which time goes on all the
   * same.
   *
   * @default 10000
   */
  readonly guard?: number;
}

/**
 * Turns of the event loop without any event before time goes on. By then promises have run their
 * continuations.
 */
const CALM_TURNS = 3;

/**
 * Time that jumps to the next thing that is due as soon as nothing takes real time, so that minutes
 * of waiting are over at once.
 *
 * It stands still while it is held, except for the time that a hold lets it go on, and while nothing is wanted: time does not go on for what falls
 * due on an idle machine, such as the end of idle instances.
 */
export class VirtualClock implements Clock {
  /** How often the guard let time go on though something was still under way. */
  stalls = 0;
  private readonly events = new Heap<Event>();
  private time: number;
  private order = 0;
  /** When each hold stops the clock. */
  private readonly holds = new Set<{ readonly until: number }>();
  private ignoring = false;
  private stopped = false;
  private wanted: () => boolean = () => false;
  private wake: () => void = () => {};
  private readonly guard: number;

  constructor({ start = Date.UTC(2026, 0, 1), guard = 10_000 }: VirtualClockOptions = {}) {
    this.time = start;
    this.guard = guard;
  }

  now(): number {
    return this.time;
  }

  at(time: number, work: () => void): () => void {
    const event: Event = { time: Math.max(time, this.time), order: this.order++, work };
    this.events.push(event);
    this.wake();
    return () => {
      event.work = undefined;
    };
  }

  hold(ahead = 0): () => void {
    const hold = { until: this.time + ahead };
    this.holds.add(hold);
    this.ignoring = false;
    this.wake();
    return () => {
      if (!this.holds.delete(hold)) return;
      this.ignoring = false;
      this.wake();
    };
  }

  /** Lets time pass from now on. @param wanted whether a caller waits for what is due */
  run(wanted: () => boolean): void {
    this.wanted = wanted;
    void this.loop();
  }

  /** Nothing falls due any more. */
  stop(): void {
    this.stopped = true;
    this.wake();
  }

  private async loop(): Promise<void> {
    while (!this.stopped) {
      if (this.limit() <= this.time) {
        await this.released();
      } else if (await this.isCalm()) {
        const next = this.wanted() ? this.next() : undefined;
        if (!next) await this.change();
        else if (next.time > this.limit()) await this.released();
        else {
          this.events.pop();
          this.time = next.time;
          next.work?.();
        }
      }
    }
  }

  /** The time at which the clock has to stop. */
  private limit(): number {
    let limit = Number.POSITIVE_INFINITY;
    if (this.ignoring) return limit;
    for (const { until } of this.holds) limit = Math.min(limit, until);
    return limit;
  }

  private next(): Event | undefined {
    while (this.events.peek()?.work === undefined && this.events.size > 0) this.events.pop();
    return this.events.peek();
  }

  private async isCalm(): Promise<boolean> {
    for (let turn = 0; turn < CALM_TURNS; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.limit() <= this.time) return false;
    }
    return true;
  }

  /** Something was held, released or set, or the clock was stopped. */
  private change(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }

  /** Waits for a change, at most as long as the guard says. Then time goes on. */
  private async released(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const stalled = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.ignoring = true;
        this.stalls++;
        resolve();
      }, this.guard);
    });
    await Promise.race([this.change(), stalled]);
    clearTimeout(timer);
  }
}
