import { cpus, totalmem } from "node:os";
import type { Goal, Result } from "./measure";

// The table of `npm run bench`: written, read again, and compared. The format is Markdown, so that
// GitHub shows it; a test reads what is written.

/** How many times as bad as the last figure a figure is marked at. */
const WORSE = 1.25;

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  /** GiB. */
  readonly memory: number;
  /** Version of Node.js, without the v. */
  readonly node: string;
}

/** What one run of `npm run bench` has measured. */
export interface Table {
  /** Such as 2026-11-26. */
  readonly date: string;
  readonly machine: Machine;
  readonly results: readonly Result[];
}

/** A figure beside the one of an earlier table. */
export interface Compared {
  readonly result: Result;
  /** 1 is as good as the last, 2 twice as bad. Undefined where the two cannot be compared. */
  readonly timesWorse?: number;
}

export function thisMachine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? "unknown",
    cores: all.length,
    memory: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
  };
}

/** Whether a figure keeps its goal. Undefined without one. */
export function keepsGoal(result: Result): boolean | undefined {
  const { goal } = result;
  if (!goal) return undefined;
  return "atMost" in goal ? judged(result) <= goal.atMost : judged(result) >= goal.atLeast;
}

/**
 * Compares each figure with the newest one of its name. A ratio is compared with any, because what
 * it was measured against was as slow as the machine. Other figures are compared with those of the
 * same kind of machine alone.
 *
 * @param earlier tables, the newest first
 */
export function compare({ machine, results }: Table, earlier: readonly Table[]): Compared[] {
  return results.map((result) => {
    for (const table of earlier) {
      const last = table.results.find(({ name }) => name === result.name);
      if (!last) continue;
      const ratios = result.ratio !== undefined && last.ratio !== undefined;
      if (!ratios && !isAlike(machine, table.machine)) continue;
      const [now, before] = ratios ? [result.ratio, last.ratio as number] : [result.value, last.value];
      if (now === 0 || before === 0) return { result };
      const isMoreBetter = result.goal !== undefined && "atLeast" in result.goal;
      return { result, timesWorse: isMoreBetter ? before / now : now / before };
    }
    return { result };
  });
}

export function isWorse({ timesWorse }: Compared): boolean {
  return timesWorse !== undefined && timesWorse >= WORSE;
}

/** What the goal holds for. */
function judged({ ratio, value }: Result): number {
  return ratio ?? value;
}

function isAlike(one: Machine, other: Machine): boolean {
  const major = ({ node }: Machine) => node.split(".")[0];
  return one.cpu === other.cpu && one.cores === other.cores && major(one) === major(other);
}

const HEADINGS = ["benchmark", "figure", "ratio", "goal", "kept", "times as bad as the last"];

export function writeTable({ date, machine }: Table, compared: readonly Compared[]): string {
  const { cpu, cores, memory, node } = machine;
  const rows = compared.map((each) => {
    const { name, unit, value, ratio, goal } = each.result;
    const kept = keepsGoal(each.result);
    const times = each.timesWorse?.toFixed(2) ?? "";
    return [
      name,
      `${digits(value)} ${unit}`.trim(),
      ratio === undefined ? "" : digits(ratio),
      goal === undefined ? "" : textOf(goal),
      kept === undefined ? "" : kept ? "ok" : "MISSED",
      isWorse(each) ? `WORSE ${times}` : times,
    ];
  });
  return [
    "# Benchmarks",
    "",
    `- date: ${date}`,
    `- machine: ${cpu}, ${cores} cores, ${memory} GiB`,
    `- Node.js: ${node}`,
    "",
    ...[HEADINGS, HEADINGS.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`),
    "",
  ].join("\n");
}

/** @throws Error for a text that {@link writeTable} did not write */
export function readTable(text: string): Table {
  const field = (name: string) => new RegExp(`^- ${name}: (.*)$`, "m").exec(text)?.[1] ?? fail(`no line "- ${name}: "`);
  const machine = /^(.*), (\d+) cores, (\d+) GiB$/.exec(field("machine")) ?? fail("the machine is not readable");
  const [, cpu = "", cores, memory] = machine;
  const rows = text.split("\n").filter((line) => line.startsWith("| "));
  return {
    date: field("date"),
    machine: { cpu, cores: Number(cores), memory: Number(memory), node: field("Node.js") },
    results: rows.slice(2).map(readRow),
  };
}

function readRow(line: string): Result {
  const [name = "", figure = "", ratio, goal] = line.slice(2, -2).split(" | ");
  const [, value, unit = ""] = /^(\S+)(?: (.*))?$/.exec(figure) ?? fail(`no figure in ${line}`);
  const limit = /^at (most|least) (\S+)$/.exec(goal ?? "");
  return {
    name,
    unit,
    value: number(value, line),
    ...(ratio && { ratio: number(ratio, line) }),
    ...(limit && { goal: { [limit[1] === "most" ? "atMost" : "atLeast"]: number(limit[2], line) } as unknown as Goal }),
  };
}

function number(text: string | undefined, line: string): number {
  const value = Number(text);
  return Number.isFinite(value) ? value : fail(`${text} in ${line} is not a number`);
}

function textOf(goal: Goal): string {
  return "atMost" in goal ? `at most ${goal.atMost}` : `at least ${goal.atLeast}`;
}

/** Three digits are as exact as a measurement. */
function digits(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function fail(message: string): never {
  throw new Error(`not a table of npm run bench: ${message}`);
}
