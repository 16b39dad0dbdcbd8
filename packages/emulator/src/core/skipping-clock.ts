import { type Clock, LONGEST_TIMER } from "./clock";
import { Heap, type Timed } from "./heap";

interface Event extends Timed {
  /** Undefined once it is cancelled. */
  work?: () => void;
}

/** Real time that can be made to skip what nobody wants to wait for. */
export class SkippingClock implements Clock {
  private readonly events = new Heap<Event>();
  private ahead = 0;
  private order = 0;
  private held = 0;
  private timer: NodeJS.Timeout | undefined;

  now(): number {
    return Date.now() + this.ahead;
  }

  at(time: number, work: () => void): () => void {
    const event: Event = { time, order: this.order++, work };
    this.events.push(event);
    if (this.events.peek() === event) this.wait();
    return () => {
      event.work = undefined;
      if (this.events.peek() === event) this.wait();
    };
  }

  hold(): () => void {
    let released = false;
    this.held++;
    return () => {
      if (!released) this.held--;
      released = true;
    };
  }

  /** Whether something is under way that takes real time. */
  get isHeld(): boolean {
    return this.held > 0;
  }

  /** Jumps to the next thing that is due, and does it. @returns false if nothing is due ever */
  skip(): boolean {
    const next = this.next();
    if (!next) return false;
    this.ahead += Math.max(0, next.time - this.now());
    this.doDue();
    return true;
  }

  /** Nothing falls due any more. */
  stop(): void {
    clearTimeout(this.timer);
    while (this.events.pop());
  }

  private next(): Event | undefined {
    while (this.events.size > 0 && this.events.peek()?.work === undefined) this.events.pop();
    return this.events.peek();
  }

  private doDue(): void {
    for (let next = this.next(); next && next.time <= this.now(); next = this.next()) {
      this.events.pop();
      next.work?.();
    }
    this.wait();
  }

  private wait(): void {
    clearTimeout(this.timer);
    const next = this.next();
    if (!next) return;
    const left = Math.min(Math.max(0, next.time - this.now()), LONGEST_TIMER);
    this.timer = setTimeout(() => this.doDue(), left);
  }
}
