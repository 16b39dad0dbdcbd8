import type { Recorder } from "@cdktf-serverless-ml/emulator";
import type { FaultKind } from "../faults/schedule";

/** What was done to a run: each fault a hop of its own, and counted. */
export class FaultLog {
  /** How often each kind was injected. */
  readonly faults: Partial<Record<FaultKind, number>> = {};
  /** Attempts of queues, push subscriptions and schedules. */
  attempts = 0;
  /** Requests that reached a target: an attempt makes none, one, or several. */
  deliveries = 0;
  /** An item that is attempted again and again, and will be for ever. */
  endless?: { readonly what: string; readonly attempts: number };
  /** Pairs of texts, such as ids of a task and of the message that is its dead letter, that belong to one item. */
  readonly links: [string, string][] = [];

  constructor(private readonly recorder: Recorder) {}

  fault(kind: FaultKind, hop: { to: string; what: string; attempt?: number; detail?: string }): void {
    this.faults[kind] = (this.faults[kind] ?? 0) + 1;
    this.recorder.hop({ from: "fault", ...hop, status: kind });
  }

  /** What comes of a fault later. */
  note(status: string, hop: { to: string; what: string; attempt?: number }): void {
    this.recorder.hop({ from: "fault", ...hop, status });
  }

  link(one: string, other: string): void {
    this.links.push([one, other]);
  }
}
