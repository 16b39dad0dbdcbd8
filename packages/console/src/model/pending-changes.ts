import type { ConsoleEvent, Decision, HopLine, LogLine } from "../api-types";
import type { CallRecord } from "./call-record";
import type { Changes } from "./recording";

/** Changes since the last batch. Of a call and of an item only the last state counts. */
export class PendingChanges implements Changes {
  private readonly calls = new Set<CallRecord>();
  private readonly items = new Set<string>();
  private readonly others: ConsoleEvent[] = [];

  constructor(
    private readonly stack: string,
    private readonly itemEvent: (id: string) => ConsoleEvent | undefined,
  ) {}

  hop(hop: HopLine): void {
    this.others.push({ stack: this.stack, kind: "hop", hop });
  }

  call(call: CallRecord): void {
    this.calls.add(call);
  }

  denied(decision: Decision): void {
    this.others.push({ stack: this.stack, kind: "denied", decision });
  }

  log(log: LogLine): void {
    this.others.push({ stack: this.stack, kind: "log", log });
  }

  item(id: string): void {
    this.items.add(id);
  }

  take(): ConsoleEvent[] {
    const { stack } = this;
    const calls = [...this.calls].map((call): ConsoleEvent => ({ stack, kind: "call", call: call.line() }));
    const items = [...this.items].flatMap((id) => this.itemEvent(id) ?? []);
    this.calls.clear();
    this.items.clear();
    return [...calls, ...this.others.splice(0), ...items];
  }
}
