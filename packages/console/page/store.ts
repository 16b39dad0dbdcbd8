import type {
  CallLine,
  ConsoleEvent,
  Decision,
  ItemLine,
  LogLine,
  StackDetail,
  StackList,
  StackState,
  StackSummary,
  WatchEvent,
} from "../src/api-types";
import { get, pathOf } from "./api";
import { Ring } from "./ring";

/** How much of each kind the page keeps. The console keeps more. */
const KEPT = 10_000;

/** What the page knows of a stack. */
export class StackView {
  detail?: StackDetail;
  state?: StackState;
  /** By their ids; the newest come last. */
  readonly items = new Map<string, ItemLine>();
  readonly calls = new Ring<CallLine>(KEPT);
  readonly logs = new Ring<LogLine>(KEPT);
  readonly denials = new Ring<Decision>(KEPT);
  watch?: WatchEvent;

  constructor(public summary: StackSummary) {}

  /** Adds an item or a newer version of it. */
  addItem(item: ItemLine): void {
    this.items.set(item.id, item);
    if (this.items.size <= KEPT * 1.1) return;
    for (const id of this.items.keys()) {
      if (this.items.size <= KEPT) break;
      this.items.delete(id);
    }
  }

  addCall(call: CallLine): void {
    // A call that ends takes the place of the one that began, which is near the end.
    if (call.status === undefined || !this.calls.replace((each) => each.call === call.call, call)) {
      this.calls.push(call);
    }
  }
}

/**
 * What the page shows. Events are collected until the next frame, so that a thousand a second are
 * drawn as few times as the screen is.
 */
export class Store {
  readonly stacks = new Map<string, StackView>();
  connected = false;
  /** Why nothing can be shown at all. */
  error?: string;
  itemsInFull = KEPT;
  private readonly readers = new Set<() => void>();
  private readonly waiting: ConsoleEvent[] = [];
  private frame = 0;

  subscribe(reader: () => void): () => void {
    this.readers.add(reader);
    return () => this.readers.delete(reader);
  }

  /** Reads the stacks, and follows what happens. */
  async start(): Promise<void> {
    try {
      await this.readStacks();
    } catch (error) {
      this.error = (error as Error).message;
      this.changed();
      return;
    }
    const source = new EventSource("/api/events");
    source.onopen = () => this.setConnected(true);
    source.onerror = () => this.setConnected(false);
    source.onmessage = ({ data }) => this.receive(JSON.parse(data).events);
  }

  async readStacks(): Promise<void> {
    const { stacks, itemsInFull } = await get<StackList>("/api/stacks");
    this.itemsInFull = itemsInFull;
    for (const summary of stacks) this.setSummary(summary);
    await Promise.all(stacks.filter(({ state }) => state === "running").map(({ name }) => this.readStack(name)));
  }

  async readStack(name: string): Promise<void> {
    const detail = await get<StackDetail>(pathOf(name));
    const view = this.stacks.get(name) ?? new StackView(detail);
    this.stacks.set(name, view);
    view.detail = detail;
    view.state = detail.current;
    this.changed();
  }

  receive(events: readonly ConsoleEvent[]): void {
    this.waiting.push(...events);
    this.changed();
  }

  /** Readers are called once before the next frame. In a page that is hidden, soon. */
  changed(): void {
    if (this.frame !== 0) return;
    const flush = () => {
      this.frame = 0;
      for (const event of this.waiting.splice(0)) this.take(event);
      for (const reader of this.readers) reader();
    };
    this.frame = document.hidden ? window.setTimeout(flush, 250) : requestAnimationFrame(flush);
  }

  private setConnected(connected: boolean): void {
    if (this.connected === connected) return;
    this.connected = connected;
    this.changed();
  }

  private setSummary(summary: StackSummary): void {
    const view = this.stacks.get(summary.name);
    if (view) view.summary = summary;
    else this.stacks.set(summary.name, new StackView(summary));
  }

  private take(event: ConsoleEvent): void {
    if (event.kind === "stack") {
      this.setSummary(event.summary);
      if (event.summary.state === "running") void this.readStack(event.stack).catch(() => {});
      return;
    }
    const view = this.stacks.get(event.stack);
    // What the loop did may be about all stacks.
    if (event.kind === "watch") for (const each of view ? [view] : this.stacks.values()) each.watch = event.watch;
    if (event.kind === "gap") void this.readStacks().catch(() => {});
    if (!view) return;
    if (event.kind === "call") view.addCall(event.call);
    else if (event.kind === "item") view.addItem(event.item);
    else if (event.kind === "log") view.logs.push(event.log);
    else if (event.kind === "denied") view.denials.push(event.decision);
    else if (event.kind === "state") view.state = event.state;
  }
}
