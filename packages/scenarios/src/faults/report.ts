import { counted } from "@cdktf-serverless-ml/cli";
import type { HopEvent, RunningStack } from "@cdktf-serverless-ml/emulator";
import { type Summary, summarise, violationsOf } from "../run/summary";
import type { FaultLog } from "../shared/fault-log";
import type { ScenarioResult, ScenarioRun } from "../shared/scenario";
import type { Redriven } from "./redrive-first";
import { traceOf } from "./trace";

/** An item that was lost, repeated, or ended in two ways. */
export interface Violation {
  readonly key: string;
  readonly why: string;
  /** Lines of its hops, oldest first. */
  readonly trace: readonly string[];
}

export interface FaultReport extends Summary {
  readonly seed: number;
  readonly inputs: number;
  /** How often each kind of fault was injected. */
  readonly faults: FaultLog["faults"];
  /** Requests of queues, push subscriptions and schedules that reached their target. */
  readonly deliveries: number;
  /** Their attempts. One makes none, one or several deliveries. */
  readonly attempts: number;
  /** Seconds by the run's clock, and in real time. */
  readonly virtualSeconds: number;
  readonly wallSeconds: number;
  /** Present if dead letters were put back. */
  readonly redriven?: Redriven;
  /** How often virtual time went on although a request took longer than 10 s of real time. */
  readonly stalls: number;
  /** Absent if there is no violation. */
  readonly violation?: Violation;
}

export interface FaultEnding
  extends Pick<FaultReport, "seed" | "inputs" | "error" | "redriven" | "virtualSeconds" | "wallSeconds" | "stalls"> {
  readonly running: RunningStack;
  readonly run: ScenarioRun;
  readonly faultLog: FaultLog;
}

export function reportOf({ running, run, faultLog, error, ...figures }: FaultEnding): FaultReport {
  const { stack, parts } = running;
  const { recorder, denials, unsimulated } = parts;
  const result = run.result();
  // A refusal ends the run, so that items are lost for that reason.
  const refused = denials.length + unsimulated.length > 0;
  const violation = refused ? undefined : faultLog.endless ? endless(faultLog.endless.what) : worst(result);
  const marks = !violation ? [] : faultLog.endless ? [violation.key] : run.marks(violation.key);
  const summary = summarise({
    stack: stack.name,
    result,
    outputs: {},
    hops: recorder.hops.length,
    denials,
    unsimulated,
    error,
    // Generated inputs contain poison.
    expectsFailures: true,
  });
  return {
    ...summary,
    ...figures,
    faults: faultLog.faults,
    deliveries: faultLog.deliveries,
    attempts: faultLog.attempts,
    ...(violation && {
      violation: {
        ...violation,
        trace: lines(traceOf(recorder.hops, marks, faultLog.links), (hop) => recorder.line(hop)),
      },
    }),
  };
}

/** The item to show: a lost one before one that was repeated. */
function worst(result: ScenarioResult): Pick<Violation, "key" | "why"> | undefined {
  const { lost, unexpected, repeated } = violationsOf(result);
  const [one, other, third] = [lost[0], unexpected[0], repeated[0]];
  if (one !== undefined) return { key: one, why: "was accepted and has neither an effect nor a dead letter" };
  if (other !== undefined && result.accepted.includes(other))
    return { key: other, why: "has an effect and a dead letter" };
  if (other !== undefined) return { key: other, why: "has an effect or a dead letter but was never accepted" };
  return third === undefined ? undefined : { key: third, why: "has its effect more than once" };
}

function endless(key: string): Pick<Violation, "key" | "why"> {
  return { key, why: "is attempted again and again" };
}

/** Hops of a long trace that are shown at its start and at its end. */
const SHOWN = 40;
/** Milliseconds between hops from which a wait gets a line. */
const WAIT = 100;

/** Hops, and the waits between them. */
function lines(hops: readonly HopEvent[], line: (hop: HopEvent) => string): string[] {
  let before: number | undefined;
  const left = hops.length - 2 * SHOWN;
  if (left > 0) {
    const middle = `             … ${counted(left, "more hop")}`;
    return [...lines(hops.slice(0, SHOWN), line), middle, ...lines(hops.slice(-SHOWN), line)];
  }
  return hops.flatMap((hop) => {
    const waited = before === undefined ? 0 : hop.time - before;
    before = hop.time;
    return [...(waited >= WAIT ? [`             … ${waited / 1000} s`] : []), line(hop)];
  });
}
