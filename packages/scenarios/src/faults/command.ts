import { randomInt } from "node:crypto";
import { counted, FlagError, wholeFlag } from "@cdktf-serverless-ml/cli";
import { ApiError, type HostOptions, type Machine } from "@cdktf-serverless-ml/emulator";
import { describe } from "../run/print";
import { requireAll, startMachine } from "../run/start";
import { exitCodeOf, refusedAtStart, type Summary } from "../run/summary";
import type { Scenario } from "../shared/scenario";
import { describeFaults, describeProgress } from "./describe";
import { MAX_SEED } from "./hash";
import { type Progress, runFaults } from "./run-faults";

/** Flags of the command line, as given. */
export interface FaultFlags {
  readonly faults?: boolean;
  readonly seed?: string;
  readonly inputs?: string;
  readonly "real-time"?: boolean;
  readonly redrive?: boolean;
}

export interface FaultSettings {
  readonly seed: number;
  readonly inputs: number;
  readonly realTime: boolean;
  readonly redrive: boolean;
}

const DEFAULT_INPUTS = 100;
const MAX_INPUTS = 100_000;

/**
 * The settings of `--faults`, with a random seed if none is given.
 *
 * @returns undefined without `--faults`
 * @throws FlagError
 */
export function faultSettings({
  faults,
  seed,
  inputs,
  "real-time": realTime,
  redrive,
}: FaultFlags): FaultSettings | undefined {
  if (!faults) {
    const [alone] = Object.entries({ seed, inputs, "real-time": realTime, redrive }).filter(
      ([, value]) => value !== undefined,
    );
    if (alone) throw new FlagError(`--${alone[0]} needs --faults`);
    return undefined;
  }
  if (redrive && realTime) throw new FlagError("--redrive and --real-time cannot be combined");
  return {
    seed: seed === undefined ? randomInt(MAX_SEED + 1) : wholeFlag("seed", seed, 0, MAX_SEED),
    inputs: inputs === undefined ? DEFAULT_INPUTS : wholeFlag("inputs", inputs, 1, MAX_INPUTS),
    realTime: realTime ?? false,
    redrive: redrive ?? false,
  };
}

export interface FaultCommand extends FaultSettings {
  readonly host: HostOptions;
  readonly scenario: Scenario;
  /** Folder with `cdk.tf.json`. */
  readonly folder: string;
  /** Name of the stack, and the arguments that named it: `async-batch`, or `--terraform <dir>`. */
  readonly stack: string;
  readonly given: string;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** The most items for which hops are printed. */
const HOPS_UP_TO = 50;
/** Milliseconds between lines of progress outside of a terminal. */
const BETWEEN_LINES = 10_000;

/**
 * Runs a stack, injects faults, and prints the report.
 *
 * @returns the exit code
 * @throws as `Machine.start`
 */
export async function faultsCommand(command: FaultCommand): Promise<number> {
  const { folder, scenario, stack, given, json, quiet, host, ...settings } = command;
  const { seed, inputs, realTime, redrive } = settings;
  const repeat = `npm run local -- ${given} --faults --seed ${seed} --inputs ${inputs}${realTime ? " --real-time" : ""}${redrive ? " --redrive" : ""}`;
  console.log(`${counted(inputs, "input")}, seed ${seed}. To repeat this run: ${repeat}`);
  let machine: Machine;
  try {
    machine = await startMachine(folder, host);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return end(describe(refusedAtStart(stack, error.message)), refusedAtStart(stack, error.message), json);
  }
  try {
    requireAll(machine);
    const hops = !quiet && inputs <= HOPS_UP_TO;
    const progress = progressOn(process.stderr);
    const report = await runFaults(machine, scenario, {
      ...settings,
      beam: host.python !== undefined,
      ...(hops && { write: console.log, colours: process.stdout.isTTY && !process.env.NO_COLOR }),
      ...(!quiet && !hops && { onProgress: progress.show }),
    });
    progress.clear();
    return end(describeFaults(report), report, json);
  } finally {
    await machine.stop();
  }
}

function end(text: string, summary: Summary, json: boolean): number {
  console.log(text);
  if (json) console.log(JSON.stringify(summary));
  return exitCodeOf(summary);
}

/** On a terminal one line that changes, elsewhere a line from time to time. */
function progressOn(stream: NodeJS.WriteStream): { show(progress: Progress): void; clear(): void } {
  let last = Date.now();
  return {
    show: (progress) => {
      const text = describeProgress(progress);
      if (stream.isTTY) stream.write(`\r\x1b[2K${text}`);
      else if (Date.now() - last >= BETWEEN_LINES) {
        last = Date.now();
        stream.write(`${text}\n`);
      }
    },
    clear: () => {
      if (stream.isTTY) stream.write("\r\x1b[2K");
    },
  };
}
