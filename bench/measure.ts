import { spawnSync } from "node:child_process";
import { appendFileSync } from "node:fs";

/** What a figure has to keep. */
export type Goal = { readonly atMost: number } | { readonly atLeast: number };

/** One figure of a benchmark. */
export interface Result {
  /**
   * The same in every run, since a figure is compared with the one of this name in the last table.
   */
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  /** Against what was measured in turns with it, so that other load on the machine affects both. */
  readonly ratio?: number;
  /** Of the ratio where there is one, else of the value. @default - none: less is better */
  readonly goal?: Goal;
}

/** The variable that names the file in which `npm run bench` collects results. */
export const RESULTS_FILE = "BENCH_RESULTS";

/** Hands over the figures of a benchmark. Without `npm run bench` nobody asks for them. */
export function report(results: readonly Result[]): void {
  const file = process.env[RESULTS_FILE];
  if (file) appendFileSync(file, results.map((result) => `${JSON.stringify(result)}\n`).join(""));
}

/** Wall time of a command in milliseconds. */
export function time(command: string, args: readonly string[], env: Record<string, string> = {}): number {
  const begin = performance.now();
  const { status, stderr } = spawnSync(command, args, { env: { ...process.env, ...env }, encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed:\n${stderr}`);
  return performance.now() - begin;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Prints rows below headings, with aligned columns. */
export function printTable(headings: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  for (const row of [headings, widths.map((width) => "-".repeat(width)), ...rows]) {
    console.log(
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(widths[column] as number),
        )
        .join("  "),
    );
  }
  console.log();
}

/** Whether a measured value keeps its limit, as text. */
export function verdict(value: number, holds: (value: number) => boolean): string {
  return holds(value) ? "ok" : "MISSED";
}
