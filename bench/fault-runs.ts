import { join } from "node:path";
import { counted } from "@cdktf-serverless-ml/cli";
import {
  type FaultReport,
  forEachConcurrently,
  isGood,
  readStackWithOutputs,
  runFaults,
  type Scenario,
  scenarioOf,
  startMachine,
} from "@cdktf-serverless-ml/scenarios";
import { printTable } from "./measure";

/** Milliseconds of real time between progress lines of one run. */
const BETWEEN_LINES = 30_000;

/** A stack without a scenario, which cannot run. */
export class NotAnArchitecture extends Error {}

export interface FaultRunsOptions {
  /** Folder of all stacks. */
  readonly folder: string;
  readonly stacks: readonly string[];
  /** Each stack runs once with each seed. */
  readonly seeds: readonly number[];
  /** Generated items of one run. */
  readonly inputs: number;
  /** Number of concurrent runs. Each has its own function processes. */
  readonly atOnce: number;
}

interface Run {
  readonly stack: string;
  readonly scenario: Scenario;
  readonly seed: number;
}

/**
 * Runs each stack with the faults of each seed. Prints a line for each run that ended, and a table
 * at the end.
 *
 * @returns whether no item was lost, unexpected or repeated
 * @throws NotAnArchitecture before the first run; other errors as `Machine.start`
 */
export async function faultRuns({ folder, stacks, seeds, inputs, atOnce }: FaultRunsOptions): Promise<boolean> {
  const runs = longestFirst(folder, stacks).flatMap((each) => seeds.map((seed) => ({ ...each, seed })));
  const reports: FaultReport[] = [];
  await forEachConcurrently(runs, atOnce, async (run) => {
    const report = await faultRun(folder, run, inputs);
    reports.push(report);
    console.log(isGood(report) ? success(report) : failure(report));
  });
  printAll(reports.sort((a, b) => a.stack.localeCompare(b.stack) || seeds.indexOf(a.seed) - seeds.indexOf(b.seed)));
  return reports.every(isGood);
}

/** Stacks with more functions take longer. They run first, so that the last run is a short one. */
function longestFirst(folder: string, names: readonly string[]): Omit<Run, "seed">[] {
  const stacks = names.map((name) => {
    const stack = readStackWithOutputs(join(folder, name));
    const scenario = scenarioOf(stack);
    if (!scenario) throw new NotAnArchitecture(`${name} is none of the five architectures`);
    return { stack: name, scenario, functions: stack.resources.filter(isFunction).length };
  });
  return stacks.sort((a, b) => b.functions - a.functions);
}

const isFunction = ({ type }: { readonly type: string }) => type === "google_cloudfunctions2_function";

async function faultRun(folder: string, { stack, scenario, seed }: Run, inputs: number): Promise<FaultReport> {
  const machine = await startMachine(join(folder, stack));
  try {
    return await runFaults(machine, scenario, { seed, inputs, onProgress: progressOf(stack, seed) });
  } finally {
    await machine.stop();
  }
}

function progressOf(stack: string, seed: number) {
  let last = Date.now();
  return ({ ended, accepted, seconds }: { ended: number; accepted: number; seconds: number }) => {
    if (Date.now() - last < BETWEEN_LINES) return;
    last = Date.now();
    console.error(`${stack}, seed ${seed}: ${ended} of ${counted(accepted, "item")} finished, ${seconds.toFixed(0)} s`);
  };
}

function success({ stack, seed, accepted, done, deadLettered, wallSeconds }: FaultReport): string {
  const numbers = `accepted ${accepted}, done ${done}, deadLettered ${deadLettered}`;
  return `OK  ${stack}, seed ${seed}: ${numbers}, ${wallSeconds.toFixed(0)} s`;
}

function failure({ stack, seed, inputs, error, refused, violation }: FaultReport): string {
  return [
    `FAILED  ${stack}, seed ${seed}. To repeat this run: npm run local -- ${stack} --faults --seed ${seed} --inputs ${inputs}`,
    ...(error === undefined ? [] : [`  error: ${error}`]),
    ...refused.map((what) => `  refused: ${what}`),
    ...(violation ? [`  ${violation.key} ${violation.why}:`, ...violation.trace] : []),
  ].join("\n");
}

function printAll(reports: readonly FaultReport[]): void {
  const columns = ["accepted", "done", "deadLettered", "notReached", "lost", "unexpected", "repeatedEffects"] as const;
  console.log();
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
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
