import type { BoxState } from "../src/api-types";
import { bytes, clockTime, counted, duration, shortCount } from "./format";

/** Milliseconds from which the map says how long calls take. */
const SLOW = 500;

/** What a box of the map says of its state, in few words. */
export function badgeOf(kind: string, state: BoxState | undefined): string {
  if (!state) return "";
  const parts: string[] = [];
  if (state.paused) parts.push("paused");
  if (state.tasks !== undefined && (state.tasks > 0 || state.inFlight)) {
    parts.push(counted(state.tasks, "task"), `${state.inFlight ?? 0} in flight`);
  }
  if (state.underWay) parts.push(`${state.underWay} running`);
  else if (state.instances) parts.push(`${state.instances} idle`);
  if (state.waiting) parts.push(`${state.waiting} waiting`);
  if (state.median !== undefined && state.median >= SLOW) parts.push(`median ${duration(state.median)}`);
  if (state.failNext) parts.push(`fails next ${state.failNext}`);
  if (state.backlog)
    parts.push(kind === "dead-letter" ? counted(state.backlog, "dead letter") : `backlog ${state.backlog}`);
  if (state.objects) parts.push(`${counted(state.objects, "object")}, ${bytes(state.bytes ?? 0)}`);
  if (state.active) parts.push(`${state.active} active`);
  if (state.succeeded) parts.push(`${shortCount(state.succeeded)} succeeded`);
  if (state.failed) parts.push(`${shortCount(state.failed)} failed`);
  if (state.next !== undefined) parts.push(`next ${clockTime(state.next).slice(0, 8)}`);
  return parts.join(" · ");
}

/** How many failures a box has to show in red. */
export function alarmsOf(kind: string, state: BoxState | undefined): number {
  if (!state) return 0;
  return (
    (state.denied ?? 0) +
    (state.errors ?? 0) +
    (state.failed ?? 0) +
    (kind === "dead-letter" ? (state.backlog ?? 0) : 0)
  );
}
