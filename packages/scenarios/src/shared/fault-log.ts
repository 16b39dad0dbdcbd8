import type { Recorder } from "@cdktf-serverless-ml/emulator";
import type { FaultKind } from "./fault-kinds";

/** The faults that were injected into a run. Each is counted, and is a hop of its own. */
export class FaultLog {
  /** How often each kind was injected. */
  readonly faults: Partial<Record<FaultKind, number>> = {};
  /** Attempts of queues, push subscriptions and schedules. */
  attempts = 0;
  /** Requests that reached a target: none, one or several for each attempt. */
  deliveries = 0;
  /** An item that nothing gives up: it would be attempted for ever. */
  endless?: { readonly what: string; readonly attempts: number };
  /**
   * Pairs of texts that belong to one item, such as the id of a task and that of its dead letter's
   * message.
   */
  readonly links: [string, string][] = [];

  constructor(private readonly recorder: Recorder) {}

  fault(kind: FaultKind, hop: { to: string; what: string; attempt?: number; detail?: string }): void {
    this.faults[kind] = (this.faults[kind] ?? 0) + 1;
    this.recorder.hop({ from: "fault", ...hop, status: kind });
  }

  /** A later consequence of a fault. */
  note(status: string, hop: { to: string; what: string; attempt?: number }): void {
    this.recorder.hop({ from: "fault", ...hop, status });
  }

  link(one: string, other: string): void {
    this.links.push([one, other]);
  }
}
