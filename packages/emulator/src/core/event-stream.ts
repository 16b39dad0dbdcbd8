import type { Clock } from "./clock";
import type { Caller, Hop, Recorder } from "./emulator";
import type { EventKind, EventReader, Events } from "./events";

type Fresh<Kind extends EventKind> = Omit<Events[Kind], "kind" | "number" | "time">;

/** Calls, and what has the number of one. */
const OF_CALLS: readonly EventKind[] = ["begin", "call", "decision", "made"];

/**
 * All that happens in a run, for whoever reads it. An event of a kind that nobody reads is not
 * made: what takes more than a few instructions asks `wants` first.
 */
export class EventStream implements Recorder {
  private readonly start: number;
  private readonly readers: { readonly [Kind in EventKind]: Set<(event: Events[Kind]) => void> } = {
    hop: new Set(),
    begin: new Set(),
    call: new Set(),
    decision: new Set(),
    made: new Set(),
    log: new Set(),
  };
  private last = 0;
  private calls = 0;
  private ended = false;
  private readsCalls = false;

  constructor(private readonly clock: Pick<Clock, "now">) {
    this.start = clock.now();
  }

  /** @returns a function that ends the subscription */
  subscribe(reader: EventReader): () => void {
    const kinds = Object.keys(reader) as EventKind[];
    for (const kind of kinds) this.setOf(kind).add(reader[kind] as never);
    this.readersChanged();
    return () => {
      for (const kind of kinds) this.setOf(kind).delete(reader[kind] as never);
      this.readersChanged();
    };
  }

  /** Whether somebody reads events of a kind. */
  wants(kind: EventKind): boolean {
    return !this.ended && this.readers[kind].size > 0;
  }

  /** Whether somebody reads calls, or what refers to them. Each request asks. */
  get wantsCalls(): boolean {
    return this.readsCalls;
  }

  emit<Kind extends EventKind>(kind: Kind, event: Fresh<Kind>): void {
    if (!this.wants(kind)) return;
    const full = { kind, number: ++this.last, time: this.now(), ...event } as unknown as Events[Kind];
    for (const read of this.setOf(kind)) read(full as never);
  }

  hop(hop: Hop): void {
    this.emit("hop", hop);
  }

  made(made: string, { call, item }: Caller): void {
    this.emit("made", { made, ...(call !== undefined && { call }), ...(item !== undefined && { item }) });
  }

  /** A number for a call. */
  nextCall(): number {
    return ++this.calls;
  }

  /** Milliseconds since the run began, by its clock. */
  now(): number {
    return this.clock.now() - this.start;
  }

  /** Ends the run. Nothing is emitted afterwards. */
  end(): void {
    this.ended = true;
    this.readersChanged();
  }

  private readersChanged(): void {
    this.readsCalls = OF_CALLS.some((kind) => this.wants(kind));
  }

  private setOf(kind: EventKind): Set<(event: never) => void> {
    return this.readers[kind] as Set<(event: never) => void>;
  }
}
