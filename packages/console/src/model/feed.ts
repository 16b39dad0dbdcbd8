import type { ConsoleEvent } from "../api-types";

/** Events that are kept for clients that come back. */
const KEPT = 10_000;
/** Milliseconds between batches. */
const INTERVAL = 100;
/** Events of one batch. */
const MOST = 5_000;

export interface Numbered {
  readonly number: number;
  readonly event: ConsoleEvent;
}

export type FeedReader = (batch: readonly Numbered[]) => void;

/** Something that has events since it was last asked. */
export interface Source {
  /** Empties it. */
  take(): readonly ConsoleEvent[];
}

/** The events of all stacks, in batches, with numbers by which a client can come back. */
export class Feed {
  private readonly kept: Numbered[] = [];
  private readonly readers = new Set<FeedReader>();
  private readonly sources = new Set<Source>();
  private readonly own: ConsoleEvent[] = [];
  private readonly timer = setInterval(() => this.flush(), INTERVAL);
  private last = 0;

  constructor() {
    this.timer.unref();
  }

  add(source: Source): () => void {
    this.sources.add(source);
    return () => this.sources.delete(source);
  }

  send(event: ConsoleEvent): void {
    this.own.push(event);
  }

  /**
   * @param after the number of the last event that the reader has. @default - the last one there is
   * @returns a function that ends the reading
   */
  read(reader: FeedReader, after?: number): () => void {
    const missed = after === undefined ? [] : this.since(after);
    if (missed.length > 0) reader(missed);
    this.readers.add(reader);
    return () => this.readers.delete(reader);
  }

  stop(): void {
    clearInterval(this.timer);
    this.readers.clear();
  }

  /** Sends what has happened. */
  flush(): void {
    const events = [...this.own.splice(0), ...[...this.sources].flatMap((source) => source.take())];
    if (events.length === 0) return;
    const cut = events.length > MOST;
    const first = events[0] as ConsoleEvent;
    const sent = cut ? [{ stack: first.stack, kind: "gap" } as const, ...events.slice(-MOST)] : events;
    const batch = sent.map((event) => ({ number: ++this.last, event }));
    this.kept.push(...batch);
    if (this.kept.length > KEPT) this.kept.splice(0, this.kept.length - KEPT);
    for (const read of this.readers) read(batch);
  }

  private since(after: number): Numbered[] {
    const [oldest] = this.kept;
    const missed = this.kept.filter(({ number }) => number > after);
    // Of another server, or too old.
    const isWhole = after <= this.last && (oldest === undefined || after >= oldest.number - 1);
    return isWhole ? missed : [{ number: this.last, event: { stack: "", kind: "gap" } }];
  }
}
