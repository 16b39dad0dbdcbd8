import { counted } from "@cdktf-serverless-ml/cli";
import { describe } from "../run/print";
import type { FaultReport } from "./report";
import type { Progress } from "./run-faults";

/** How many reasons of dead letters are shown, and how many characters of each. */
const REASONS = 10;
const REASON = 240;

/** The faults that were injected and their results, for people. */
export function describeFaults(report: FaultReport): string {
  const { faults, attempts, deliveries, virtualSeconds, wallSeconds, redriven, stalls, deadLetters, violation } =
    report;
  return [
    ...table(Object.entries(faults).map(([kind, count = 0]) => [kind, count])),
    `${counted(attempts, "attempt")}, ${counted(deliveries, "delivery", "deliveries")}; ${virtualSeconds.toFixed(0)} s by the run's clock, ${wallSeconds.toFixed(1)} s in real time`,
    ...(redriven
      ? [`${counted(redriven.letters, "letter")} put back in ${redriven.seconds.toFixed(1)} s of real time`]
      : []),
    ...(stalls > 0 ? [`virtual time went on ${counted(stalls, "time")} although a request took longer than 10 s`] : []),
    ...reasons(deadLetters),
    describe({ ...report, deadLetters: [] }),
    ...(violation ? [`\n${violation.key} ${violation.why}:`, ...violation.trace] : []),
  ].join("\n");
}

/** One line of progress. */
export function describeProgress({ ended, accepted, seconds }: Progress): string {
  return `${ended} of ${counted(accepted, "item")} finished after ${seconds.toFixed(0)} s by the run's clock`;
}

function table(rows: [string, number][]): string[] {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return rows.sort(([, a], [, b]) => b - a).map(([name, count]) => `  ${name.padEnd(width)}  ${count}`);
}

/** The number of dead letters for each reason, without the parts that differ from item to item. */
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
