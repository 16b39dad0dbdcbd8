import { countsLine } from "../cost/table";
import type { Summary } from "./summary";

/**
 * A run's numbers, refusals and outputs, for people. Rare numbers are shown only if they are not 0.
 */
export function describe(summary: Summary): string {
  const { stack, verdict, usage, outputs, deadLetters, failedRecords, refused, missing, error } = summary;
  const { accepted, done, partial, deadLettered, notReached, skipped, lost, unexpected, repeatedEffects, hops } =
    summary;
  const numbers = Object.entries({
    accepted,
    done,
    ...(partial > 0 && { partial }),
    deadLettered,
    ...(notReached > 0 && { notReached }),
    ...(skipped > 0 && { skipped }),
    lost,
    unexpected,
    repeatedEffects,
    hops,
  });
  return [
    `${verdict}  ${stack}  ${numbers.map(([name, value]) => `${name} ${value}`).join(", ")}`,
    ...missing.map((why) => `  not run: ${why}`),
    ...refused.map((what) => `  refused: ${what}`),
    ...deadLetters.map((letter) => `  dead letter: ${letter}`),
    ...failedRecords.map((records) => `  failed records: ${records}`),
    ...(error === undefined ? [] : [`  error: ${error}`]),
    ...(usage && usage.items > 0 ? [`  billed for each ${usage.item}: ${countsLine(usage)}`] : []),
    ...Object.entries(outputs).flatMap(([name, value]) => lines(name, value)),
  ].join("\n");
}

function lines(name: string, value: unknown): string[] {
  if (Array.isArray(value)) return [`  ${name}:`, ...value.map((item) => `    ${plain(item)}`)];
  return [`  ${name}: ${plain(value)}`];
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
