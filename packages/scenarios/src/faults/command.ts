import { counted } from "@cdktf-serverless-ml/cli";
import { ApiError, type Machine, type MachineOptions } from "@cdktf-serverless-ml/emulator";
import { describe } from "../run/print";
import { startMachine } from "../run/start";
import { exitCodeOf, refusedAtStart, type Summary } from "../run/summary";
import type { Scenario } from "../shared/scenario";
import { describeFaults, describeProgress } from "./describe";
import type { FaultSettings } from "./options";
import { type Progress, runFaults } from "./run-faults";

export interface FaultCommand extends FaultSettings, Pick<MachineOptions, "secrets" | "onNotice"> {
  readonly scenario: Scenario;
  /** Holds `cdk.tf.json`. */
  readonly folder: string;
  /** Of the stack, and how the command line named it: `async-batch`, or `--terraform <dir>`. */
  readonly stack: string;
  readonly given: string;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** With more items than these, hops are not printed. */
const HOPS_UP_TO = 50;
/** Milliseconds between lines of progress where no terminal shows one that changes. */
const BETWEEN_LINES = 10_000;

/** Runs a stack while faults befall it, and prints what came of it. @returns the exit code @throws as `Machine.start` */
export async function faults(command: FaultCommand): Promise<number> {
  const { folder, scenario, stack, given, json, quiet, secrets, onNotice, ...settings } = command;
  const { seed, inputs, realTime } = settings;
  const again = `npm run local -- ${given} --faults --seed ${seed} --inputs ${inputs}${realTime ? " --real-time" : ""}`;
  console.log(`${counted(inputs, "input")}, seed ${seed}; the same again: ${again}`);
  let machine: Machine;
  try {
    machine = await startMachine(folder, { secrets, onNotice });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return end(describe(refusedAtStart(stack, error.message)), refusedAtStart(stack, error.message), json);
  }
  try {
    const hops = !quiet && inputs <= HOPS_UP_TO;
    const progress = progressOn(process.stderr);
    const report = await runFaults(machine, scenario, {
      ...settings,
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

/** On a terminal one line that changes, elsewhere one now and then. */
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
