import { counted } from "@cdktf-serverless-ml/cli";
import { describe } from "../run/print";
import type { FaultReport } from "./report";
import type { Progress } from "./run-faults";

/** Reasons for dead letters that are shown, and characters of each. */
const REASONS = 10;
const REASON = 240;

/** What was injected and what came of it, for people. */
export function describeFaults(report: FaultReport): string {
  const { faults, attempts, deliveries, virtualSeconds, wallSeconds, stalls, deadLetters, offence } = report;
  return [
    ...table(Object.entries(faults).map(([kind, count = 0]) => [kind, count])),
    `${counted(attempts, "attempt")} made ${counted(deliveries, "delivery", "deliveries")}, in ${virtualSeconds.toFixed(0)} s of the run's time and ${wallSeconds.toFixed(1)} s here`,
    ...(stalls > 0 ? [`the clock went on ${counted(stalls, "time")} though something took longer than 10 s`] : []),
    ...reasons(deadLetters),
    describe({ ...report, deadLetters: [] }),
    ...(offence ? [`\n${offence.key} ${offence.why}:`, ...offence.trace] : []),
  ].join("\n");
}

/** One line, to be overwritten by the next. */
export function describeProgress({ ended, accepted, seconds }: Progress): string {
  return `${ended} of ${accepted} items have ended, after ${seconds.toFixed(0)} s of the run's time`;
}

function table(rows: [string, number][]): string[] {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return rows.sort(([, a], [, b]) => b - a).map(([name, count]) => `  ${name.padEnd(width)}  ${count}`);
}

/** How many dead letters there are for each reason, leaving out what differs from item to item. */
function reasons(deadLetters: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const letter of new Set(deadLetters)) {
    const reason = letter.replace(/^\S+: /, "").slice(0, REASON);
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  const all = [...counts].sort(([, a], [, b]) => b - a);
  const more = all.length - REASONS;
  return [
    ...all.slice(0, REASONS).map(([reason, count]) => `  ${counted(count, "dead letter")}: ${reason}`),
    ...(more > 0 ? [`  and ${counted(more, "other reason")}`] : []),
  ];
}
