import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type FaultReport, runFaults } from "../local/faults";
import { flowOf } from "../local/run/flows";
import { Machine } from "../local/run/machine";
import { isGood } from "../local/run/summary";
import { load } from "./load";
import { printTable, verdict } from "./measure";

// `npm run soak`: much of what `npm test` does a little of. docs/reliability.md has the figures of the last one.

const USAGE = `usage: npm run soak -- [faults] [fuzz] [load] [options]

Runs all three parts, or those that are named:
  faults  generated items through each stack while faults befall it; each must end in one effect or one dead letter
  fuzz    hostile requests at the door of each function
  load    sustained rates, delay, and how exactly a queue keeps to its rate and burst

options:
  --stack <name>  of faults, one of cdktf.out/stacks (npm run synth writes them); default: all
  --inputs <n>    of faults, items a run, 1 to 100000; default 10000
  --seeds <n>     of faults, runs a stack, each with a seed of its own; default 1
  --seed <n>      of faults, the first seed, 0 to 4294967295; default 1. Of fuzz, its seed; default: by the time
  --requests <n>  of fuzz, requests a function; default 10000
  --help          this text`;
const STACKS = join("cdktf.out", "stacks");
const PARTS = ["faults", "fuzz", "load"] as const;
const MAX_SEED = 2 ** 32 - 1;
/** Wall milliseconds between lines of progress. */
const BETWEEN_LINES = 30_000;

class UsageError extends Error {}

type Part = (typeof PARTS)[number];

async function main(): Promise<boolean> {
  const { values, positionals } = read();
  if (values.help) {
    console.log(USAGE);
    return true;
  }
  const unknown = positionals.find((part) => !PARTS.includes(part as Part));
  if (unknown) throw new UsageError(`Given ${unknown}; allowed: ${PARTS.join(", ")}`);
  const wanted = (part: Part) => positionals.length === 0 || positionals.includes(part);
  const inputs = whole("inputs", values.inputs, 10_000, 1, 100_000);
  const count = whole("seeds", values.seeds, 1, 1, 1_000);
  const first = whole("seed", values.seed, 1, 0, MAX_SEED);
  const requests = whole("requests", values.requests, 10_000, 1, 1_000_000);
  const seeds = Array.from({ length: count }, (_, index) => (first + index) % (MAX_SEED + 1));
  const stacks = wanted("faults") ? stacksOf(values.stack) : [];

  const results: boolean[] = [];
  if (stacks.length > 0) results.push(await faults(stacks, seeds, inputs));
  if (wanted("fuzz")) results.push(fuzz(requests, values.seed));
  if (wanted("load")) results.push(await load());
  return results.every(Boolean);
}

async function faults(stacks: readonly string[], seeds: readonly number[], inputs: number): Promise<boolean> {
  const reports: FaultReport[] = [];
  for (const stack of stacks) {
    const machine = await Machine.start(join(STACKS, stack));
    try {
      const type = flowOf(machine.stack);
      if (!type) throw new UsageError(`${stack} is none of the five architectures`);
      for (const seed of seeds) {
        const report = await runFaults(machine, type, { seed, inputs, onProgress: progressOf(stack, seed) });
        reports.push(report);
        if (!isGood(report)) console.log(failure(report));
      }
    } finally {
      await machine.stop();
    }
  }
  const columns = ["accepted", "done", "deadLettered", "lost", "unexpected", "repeatedEffects"] as const;
  printTable(
    ["stack", "seed", ...columns, "deliveries", "faults", "virtual", "wall", "nothing lost"],
    reports.map((report) => [
      report.stack,
      String(report.seed),
      ...columns.map((column) => String(report[column])),
      String(report.deliveries),
      String(sum(Object.values(report.faults))),
      `${(report.virtualSeconds / 60).toFixed(0)} min`,
      `${report.wallSeconds.toFixed(0)} s`,
      isGood(report) ? "ok" : "MISSED",
    ]),
  );
  const kinds = [...new Set(reports.flatMap(({ faults }) => Object.keys(faults)))] as (keyof FaultReport["faults"])[];
  const totals = kinds.map((kind) => [kind, sum(reports.map(({ faults }) => faults[kind] ?? 0))] as const);
  printTable(
    ["faults injected, all runs", "count"],
    totals.sort(([, a], [, b]) => b - a).map(([kind, count]) => [kind, String(count)]),
  );
  return reports.every(isGood);
}

function failure({ stack, seed, inputs, error, refused, offence }: FaultReport): string {
  return [
    `FAILED  ${stack}; the same again: npm run local -- ${stack} --faults --seed ${seed} --inputs ${inputs}`,
    ...(error === undefined ? [] : [`  error: ${error}`]),
    ...refused.map((what) => `  refused: ${what}`),
    ...(offence ? [`  ${offence.key} ${offence.why}:`, ...offence.trace] : []),
  ].join("\n");
}

function progressOf(stack: string, seed: number) {
  let last = Date.now();
  return ({ ended, accepted, seconds }: { ended: number; accepted: number; seconds: number }) => {
    if (Date.now() - last < BETWEEN_LINES) return;
    last = Date.now();
    console.error(`${stack}, seed ${seed}: ${ended} of ${accepted} items have ended, ${seconds.toFixed(0)} s`);
  };
}

/** The property tests of `npm test`, with more requests. */
function fuzz(requests: number, seed: string | undefined): boolean {
  const begin = performance.now();
  const { status } = spawnSync(process.execPath, [join("node_modules", "jest", "bin", "jest.js"), "functions/fuzz"], {
    env: { ...process.env, FUZZ_RUNS: String(requests), ...(seed !== undefined && { FUZZ_SEED: seed }) },
    stdio: ["ignore", "inherit", "inherit"],
  });
  printTable(
    [`${requests} hostile requests a function`, "time", "all withstood"],
    [["", `${((performance.now() - begin) / 1000).toFixed(0)} s`, verdict(status ?? 1, (code) => code === 0)]],
  );
  return status === 0;
}

function read() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        stack: { type: "string" },
        inputs: { type: "string" },
        seeds: { type: "string" },
        seed: { type: "string" },
        requests: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${USAGE}`);
  }
}

function whole(flag: string, given: string | undefined, otherwise: number, min: number, max: number): number {
  if (given === undefined) return otherwise;
  const value = Number(given);
  if (/^\d{1,15}$/.test(given) && value >= min && value <= max) return value;
  throw new UsageError(`Given --${flag} ${JSON.stringify(given)}; allowed: a whole number from ${min} to ${max}`);
}

function stacksOf(given: string | undefined): string[] {
  const all = existsSync(STACKS) ? readdirSync(STACKS).sort() : [];
  if (all.length === 0) throw new UsageError(`There is nothing synthesized in ${STACKS} yet. Run: npm run synth`);
  if (given === undefined) return all;
  if (all.includes(given)) return [given];
  throw new UsageError(`There is no stack ${given}. Stacks: ${all.join(", ")}`);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

main().then(
  (good) => {
    process.exitCode = good ? 0 : 1;
  },
  (error: Error) => {
    process.exitCode = 2;
    console.error(error instanceof UsageError ? error.message : error);
  },
);
