import { spawnSync } from "node:child_process";

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
