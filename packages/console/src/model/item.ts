import type { Decision, HopLine, ItemKind, ItemLine, ItemState, LogLine } from "../api-types";
import type { CallRecord } from "./call-record";
import { kindOf, titleOf } from "./item-id";

/** Calls of one item that are kept. */
const MOST_CALLS = 1_000;
const MOST_HOPS = 1_000;

/** What a client or a service began, and all that is known of it. */
export class Item {
  readonly kind: ItemKind;
  parent?: string;
  /** The call that made it. */
  madeBy?: number;
  title: string;
  state: ItemState;
  ended?: number;
  attempts = 0;
  /** All that there were. */
  callCount = 0;
  denied = 0;
  reason?: string;
  box?: string;
  /** It went to a dead letter during a call of it. */
  isDeadLettered = false;
  readonly calls: CallRecord[] = [];
  readonly hops: HopLine[] = [];
  /** Of Google's own agents. */
  readonly decisions: Decision[] = [];
  readonly logs: LogLine[] = [];
  readonly made: { readonly time: number; readonly made: string; readonly call?: number }[] = [];
  readonly children = new Set<string>();

  constructor(
    readonly id: string,
    readonly began: number,
  ) {
    this.kind = kindOf(id);
    this.title = titleOf(id);
    this.state = this.kind === "task" || this.kind === "delivery" ? "waiting" : "done";
    if (this.kind === "execution" || this.kind === "request") this.state = "running";
  }

  /** @returns the calls that are no longer kept */
  addCall(call: CallRecord): CallRecord[] {
    this.calls.push(call);
    this.callCount++;
    return this.calls.length > MOST_CALLS ? this.calls.splice(0, 1) : [];
  }

  addHop(hop: HopLine): void {
    this.hops.push(hop);
    if (this.hops.length > MOST_HOPS) this.hops.shift();
  }

  end(state: ItemState, time: number, reason?: string): void {
    this.state = state === "done" && this.isDeadLettered ? "dead-lettered" : state;
    this.ended = time;
    if (reason !== undefined) this.reason = reason;
  }

  line(root: string): ItemLine {
    const { id, kind, title, parent, state, began, ended, attempts, callCount: calls, denied, reason, box } = this;
    return {
      id,
      kind,
      title,
      ...(parent !== undefined && { parent }),
      root,
      state,
      began,
      ...(ended !== undefined && { ended }),
      attempts,
      calls,
      denied,
      ...(reason !== undefined && { reason }),
      ...(box !== undefined && { box }),
    };
  }
}
