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
import { submitAll } from "../run/workload";
import type { FaultLog } from "../shared/fault-log";
import type { Scenario, ScenarioResult } from "../shared/scenario";
import type { Kill } from "./crasher";
import { composed, FaultEngine } from "./engine";
import { type FaultReport, reportOf } from "./report";

export interface FaultOptions extends Pick<RunOptions, "write" | "colours"> {
  /** 0 to 2^32-1: the same seed lets the same faults befall the same deliveries. */
  readonly seed: number;
  /** Generated work items, 1 or more. */
  readonly inputs: number;
  /** Waits take their time. Default false: time jumps. */
  readonly realTime?: boolean;
  /** Told how far it is, about once a second. */
  readonly onProgress?: (progress: Progress) => void;
  /** Stands outside of the faults: between those who send and whatever befalls what they send. Default: nothing. */
  readonly outside?: Interceptors;
}

export interface Progress {
  readonly ended: number;
  readonly accepted: number;
  /** Since the run began, by its clock. */
  readonly seconds: number;
}

/** Wall milliseconds without anything happening after which a run is stuck: in virtual time, and where waits take their time. */
const PATIENCE = 90_000;
const REAL_PATIENCE = 2_000_000;
/** How often clients of the stack ask again. */
const CLIENT_RETRIES = 20;
/** Wall milliseconds between reports, and those in which functions of a run that ended early must have come to rest. */
const PROGRESS = 1_000;
const REST = 5_000;

/**
 * Runs generated items through a stack while faults befall its deliveries, calls and publishes, waits until all is quiet, and
 * says what became of each. May be called again on the same machine.
 */
export async function runFaults(machine: Machine, scenario: Scenario, options: FaultOptions): Promise<FaultReport> {
  const { seed, inputs, realTime = false, outside = {}, onProgress, write, colours } = options;
  const began = Date.now();
  const clock = realTime ? new RealClock() : new VirtualClock();
  const start = clock.now();
  let engine: FaultEngine | undefined;
  const running = machine.run({
    clock,
    write,
    colours,
    retries: CLIENT_RETRIES,
    intercept: (context) => {
      const kill: Kill = (name, port) => running.parts.functions.crash(name, port);
      engine = new FaultEngine({ ...context, seed, stack: machine.stack, poison: scenario.poison, kill });
      return composed(engine.interceptors, outside);
    },
  });
  if (!engine) throw new Error("nothing was interposed");
  if (clock instanceof VirtualClock) clock.run(() => running.pending() > 0);
  const flow = scenario.create(running);
  const tell = () => onProgress?.({ ...progressOf(flow.result()), seconds: (clock.now() - start) / 1000 });
  const progress = onProgress && setInterval(tell, PROGRESS);
  let error: string | undefined;
  try {
    await submitAll(flow, scenario.generate(inputs));
    error = await settled(running, engine.faultLog, realTime ? REAL_PATIENCE : PATIENCE);
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
    flow,
    faultLog: engine.faultLog,
    seed,
    inputs,
    error,
    virtualSeconds: (clock.now() - start) / 1000,
    wallSeconds: (Date.now() - began) / 1000,
    stalls: clock instanceof VirtualClock ? clock.stalls : 0,
  });
}

/** Waits until all is quiet, or it is clear that it never will be. @returns why the run ended early, if it did */
async function settled(running: RunningStack, faultLog: FaultLog, patience: number): Promise<string | undefined> {
  const { recorder, denials, unsimulated } = running.parts;
  const end = await waitUntilIdle({
    pending: () => running.pending(),
    progress: () => recorder.hops.length,
    failed: () => denials.length + unsimulated.length > 0 || faultLog.endless !== undefined,
    patience,
  });
  const { endless } = faultLog;
  if (endless) return `${endless.what} was attempted ${endless.attempts} times, and nobody gives it up`;
  if (end !== "stuck") return undefined;
  return `nothing happened for ${patience / 1000} s, and ${running.pending()} items are still pending`;
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

/** Nothing of a run that ended early goes on in the next one of the machine. */
async function ended(running: RunningStack, clock: Clock): Promise<void> {
  const { functions } = running.parts;
  await running.stop();
  if (clock instanceof VirtualClock) clock.stop();
  const deadline = Date.now() + REST;
  while (functions.pending() > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  if (functions.pending() === 0) return;
  for (const { attributes } of running.named("google_cloudfunctions2_function")) functions.crash(attributes.name);
}
