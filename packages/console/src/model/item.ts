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
  /** The last decision of the last attempt that refused a call. */
  denial?: Decision;
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
    if (reason !== undefined) this.reason = this.withDenial(reason);
  }

  /** It went to a dead letter. @param why the sentence of the letter */
  giveUp(why = this.reason): void {
    if (why !== undefined) this.reason = this.withDenial(why);
  }

  /** A status alone does not say that a binding was missing; nor does a worker's own sentence. */
  private withDenial(reason: string): string {
    const { denial } = this;
    if (!denial || reason.includes(denial.permission)) return reason;
    const sentence = `${denial.email} lacks ${denial.permission} on ${denial.resource}`;
    if (/^\d{1,3}$|^[A-Z_]+$/.test(reason)) return sentence;
    // A workflow may have caught the refusal, and failed later for another reason.
    return this.kind === "execution" ? reason : `${reason}: ${sentence}`;
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
