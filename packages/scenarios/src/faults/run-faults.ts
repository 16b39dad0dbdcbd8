import { counted } from "@cdktf-serverless-ml/cli";
import {
  ApiError,
  type Clock,
  type Interceptors,
  type Machine,
  RealClock,
  RequestFailed,
  type RunningStack,
  type RunOptions,
  VirtualClock,
  waitUntilIdle,
} from "@cdktf-serverless-ml/emulator";
import { StackIndex } from "@cdktf-serverless-ml/terraform-json";
import { stuckText, submitAll } from "../run/workload";
import type { FaultLog } from "../shared/fault-log";
import type { Scenario, ScenarioResult } from "../shared/scenario";
import type { Kill } from "./crasher";
import { composed, FaultEngine } from "./engine";
import { Outage } from "./outage";
import { type Redriven, redriveFirst } from "./redrive-first";
import { type FaultReport, reportOf } from "./report";

export interface FaultOptions extends Pick<RunOptions, "write" | "colours"> {
  /** 0 to 2^32-1. The same seed injects the same faults into the same deliveries. */
  readonly seed: number;
  /** Generated work items, 1 or more. */
  readonly inputs: number;
  /**
   * Whether waits take real time instead of virtual time.
   * @default false
   */
  readonly realTime?: boolean;
  /**
   * Whether a dependency is out at first, so that all items that need it go to their dead letters,
   * and then mended, and the letters are put back. Needs `Scenario.outage`.
   * @default false
   */
  readonly redrive?: boolean;
  /**
   * Whether Beam YAML pipelines run, each of which takes seconds to start. Faults do not reach
   * them: the retries of a work item are Dataflow's.
   * @default false
   */
  readonly beam?: boolean;
  /** Called about once a second. */
  readonly onProgress?: (progress: Progress) => void;
  /**
   * Interceptors outside of the faults, so that they see requests before faults do.
   * @default - none
   */
  readonly outside?: Interceptors;
}

export interface Progress {
  readonly ended: number;
  readonly accepted: number;
  /** Since the run began, by its clock. */
  readonly seconds: number;
}

/**
 * Milliseconds of real time without progress after which a run is stuck, in virtual and in real
 * time.
 */
const PATIENCE = 90_000;
const REAL_PATIENCE = 2_000_000;
/** Retries of the stack's clients. */
const CLIENT_RETRIES = 20;
/**
 * Milliseconds of real time between reports of progress, and until functions of a run that ended
 * early must be idle.
 */
const PROGRESS = 1_000;
const REST = 5_000;

/**
 * Runs generated items through a stack, injects faults into its deliveries, calls and publishes,
 * waits until the stack is idle, and reports what became of the items. A machine can be used for
 * several runs.
 */
export async function runFaults(machine: Machine, scenario: Scenario, options: FaultOptions): Promise<FaultReport> {
  const { seed, inputs, realTime = false, redrive = false, beam = false, outside = {} } = options;
  const { onProgress, write, colours } = options;
  const began = Date.now();
  const clock = realTime ? new RealClock() : new VirtualClock();
  const start = clock.now();
  let engine: FaultEngine | undefined;
  const outage = redrive && scenario.outage ? new Outage(StackIndex.of(machine.stack), scenario.outage) : undefined;
  const running = machine.run({
    clock,
    write,
    colours,
    retries: CLIENT_RETRIES,
    withoutBeam: !beam,
    intercept: (context) => {
      const kill: Kill = (name, port) => running.parts.workers.crash(name, port);
      engine = new FaultEngine({ ...context, seed, stack: machine.stack, poison: scenario.poison, kill });
      return composed(outage?.interceptors ?? {}, engine.interceptors, outside);
    },
  });
  if (!engine) throw new Error("The run has no interceptors");
  if (clock instanceof VirtualClock) clock.run(() => running.pending() > 0);
  const run = scenario.create(running);
  const report = () => onProgress?.({ ...progressOf(run.result()), seconds: (clock.now() - start) / 1000 });
  const progress = onProgress && setInterval(report, PROGRESS);
  let error: string | undefined;
  let redriven: Redriven | undefined;
  try {
    await submitAll(run, scenario.generate(inputs));
    const { faultLog } = engine;
    const idle = () => settled(running, faultLog, realTime ? REAL_PATIENCE : PATIENCE);
    error = await idle();
    if (outage && error === undefined) {
      outage.mend();
      ({ error, ...redriven } = await redriveFirst(running, run, idle));
    }
  } catch (failure) {
    if (!(failure instanceof RequestFailed || failure instanceof ApiError)) throw failure;
    error = failure.message;
  } finally {
    clearInterval(progress);
    engine.stop();
    await ended(running, clock);
  }
  return reportOf({
    running,
    run,
    faultLog: engine.faultLog,
    seed,
    inputs,
    error,
    redriven,
    virtualSeconds: (clock.now() - start) / 1000,
    wallSeconds: (Date.now() - began) / 1000,
    stalls: clock instanceof VirtualClock ? clock.stalls : 0,
  });
}

/**
 * Waits until the stack is idle, or clearly never will be.
 *
 * @returns why the run ended early, if it did
 */
async function settled(running: RunningStack, faultLog: FaultLog, patience: number): Promise<string | undefined> {
  const { recorder, denials, unsimulated } = running.parts;
  const end = await waitUntilIdle({
    pending: () => running.pending(),
    progress: () => recorder.hops.length,
    working: () => running.isWorking(),
    failed: () => denials.length + unsimulated.length > 0 || faultLog.endless !== undefined,
    patience,
  });
  const { endless } = faultLog;
  if (endless) return `${endless.what} was attempted ${counted(endless.attempts, "time")}, and nothing gives it up`;
  if (end !== "stuck") return undefined;
  return stuckText(running.pending(), patience);
}

function progressOf({
  accepted,
  effects,
  deadLetters,
  notReached = [],
}: ScenarioResult): Pick<Progress, "ended" | "accepted"> {
  const ended = new Set([...effects, ...deadLetters.map(({ key }) => key), ...notReached]);
  return { ended: ended.size, accepted: new Set(accepted).size };
}

/** Stops everything of a run that ended early, so that nothing reaches the machine's next run. */
async function ended(running: RunningStack, clock: Clock): Promise<void> {
  const { workers } = running.parts;
  await running.stop();
  if (clock instanceof VirtualClock) clock.stop();
  const deadline = Date.now() + REST;
  while (workers.pending() > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  if (workers.pending() === 0) return;
  for (const { name } of running.index.workers()) workers.crash(name);
}
