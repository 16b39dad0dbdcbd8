/** Time as the emulators see it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Does work at a time, or at once if the time is past. @returns a function that cancels it */
  at(time: number, work: () => void): () => void;
  /**
   * Stops a clock that jumps until the returned function is called, for work that takes real time.
   *
   * @param ahead milliseconds that the clock may go on before it stops. What falls due in them is done
   *   at the same time. @default 0
   */
  hold?(ahead?: number): () => void;
}

/** Does work that takes real time, for which a clock that jumps stops. @param ahead as of `hold` */
export async function holding<T>(clock: Clock | undefined, work: () => Promise<T>, ahead?: number): Promise<T> {
  const release = clock?.hold?.(ahead);
  try {
    return await work();
  } finally {
    release?.();
  }
}

/**
 * Milliseconds. A longer timer of Node fires at once:
 * https://nodejs.org/api/timers.html#settimeoutcallback-delay-args
 */
export const LONGEST_TIMER = 2 ** 31 - 1;

/** Real time. */
export class RealClock implements Clock {
  now(): number {
    return Date.now();
  }

  at(time: number, work: () => void): () => void {
    let timer: NodeJS.Timeout;
    const wait = () => {
      const left = Math.max(0, time - Date.now());
      timer = left > LONGEST_TIMER ? setTimeout(wait, LONGEST_TIMER) : setTimeout(work, left);
    };
    wait();
    return () => clearTimeout(timer);
  }
}

/**
 * The clock of the current run, for what stays from run to run. Timers of an earlier run never
 * fire.
 */
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

  hold(ahead?: number): () => void {
    return this.current.hold?.(ahead) ?? (() => {});
  }
}

/** Time that stands still until `advance`, for tests. */
export class ManualClock implements Clock {
  private readonly queue: { time: number; order: number; work: () => void }[] = [];
  private order = 0;

  constructor(private time = Date.UTC(2026, 0, 1)) {}

  now(): number {
    return this.time;
  }

  at(time: number, work: () => void): () => void {
    const entry = { time: Math.max(time, this.time), order: this.order++, work };
    this.queue.push(entry);
    return () => {
      const index = this.queue.indexOf(entry);
      if (index >= 0) this.queue.splice(index, 1);
    };
  }

  /**
   * Lets a number of milliseconds pass. Does what falls due, in its order, and awaits it.
   */
  async advance(milliseconds: number): Promise<void> {
    const end = this.time + milliseconds;
    for (;;) {
      await settle();
      const next = this.queue.filter(({ time }) => time <= end).sort((a, b) => a.time - b.time || a.order - b.order)[0];
      if (!next) break;
      this.queue.splice(this.queue.indexOf(next), 1);
      this.time = next.time;
      next.work();
    }
    this.time = end;
    await settle();
  }
}

/** Lets settled promises run their continuations. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
