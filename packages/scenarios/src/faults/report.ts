import type { RunningStack, TimedHop } from "@cdktf-serverless-ml/emulator";
import { type Summary, summarise, violationsOf } from "../run/summary";
import type { FaultLog } from "../shared/fault-log";
import type { ScenarioResult, ScenarioRun } from "../shared/scenario";
import { traceOf } from "./trace";

/** One item that ended otherwise than it should. */
export interface Violations {
  readonly key: string;
  readonly why: string;
  /** Its hops, oldest first, as lines. */
  readonly trace: readonly string[];
}

export interface FaultReport extends Summary {
  readonly seed: number;
  readonly inputs: number;
  /** How often each kind of fault was injected. */
  readonly faults: FaultLog["faults"];
  /** Requests of queues, push subscriptions and schedules that reached their target. */
  readonly deliveries: number;
  /** Their attempts; some made no delivery, some several. */
  readonly attempts: number;
  /** How long it took by the run's clock, and by the wall's. */
  readonly virtualSeconds: number;
  readonly wallSeconds: number;
  /** How often the run's clock went on though something took longer than ten seconds on the wall. */
  readonly stalls: number;
  /** Absent where all is well. */
  readonly offence?: Violations;
}

export interface FaultEnding
  extends Pick<FaultReport, "seed" | "inputs" | "error" | "virtualSeconds" | "wallSeconds" | "stalls"> {
  readonly running: RunningStack;
  readonly flow: ScenarioRun;
  readonly faultLog: FaultLog;
}

export function reportOf({ running, flow, faultLog, error, ...figures }: FaultEnding): FaultReport {
  const { stack, parts } = running;
  const { recorder, denials, unsimulated } = parts;
  const result = flow.result();
  // Once something is refused the run ends, and what is lost is lost to that.
  const refused = denials.length + unsimulated.length > 0;
  const offence = refused ? undefined : faultLog.endless ? endless(faultLog.endless.what) : worst(result);
  const marks = !offence ? [] : faultLog.endless ? [offence.key] : flow.marks(offence.key);
  const summary = summarise({
    stack: stack.name,
    result,
    outputs: {},
    hops: recorder.hops.length,
    denials,
    unsimulated,
    error,
    // Generated inputs hold what cannot be worked on.
    expectsFailures: true,
  });
  return {
    ...summary,
    ...figures,
    faults: faultLog.faults,
    deliveries: faultLog.deliveries,
    attempts: faultLog.attempts,
    ...(offence && {
      offence: {
        ...offence,
        trace: lines(traceOf(recorder.hops, marks, faultLog.links), (hop) => recorder.line(hop)),
      },
    }),
  };
}

/** The item to begin with: a lost one before one that has too much. */
function worst(result: ScenarioResult): Pick<Violations, "key" | "why"> | undefined {
  const { lost, unexpected, repeated } = violationsOf(result);
  const [one, other, third] = [lost[0], unexpected[0], repeated[0]];
  if (one !== undefined) return { key: one, why: "was accepted, and has neither an effect nor a dead letter" };
  if (other !== undefined && result.accepted.includes(other))
    return { key: other, why: "has an effect and a dead letter" };
  if (other !== undefined) return { key: other, why: "has an effect or a dead letter, and was never accepted" };
  return third === undefined ? undefined : { key: third, why: "has its effect more than once" };
}

function endless(key: string): Pick<Violations, "key" | "why"> {
  return { key, why: "is attempted again and again" };
}

/** Hops of a long trace that are shown of its beginning and of its end. */
const SHOWN = 40;
/** Milliseconds between hops that are worth a line of their own. */
const WAIT = 100;

/** With the waits between them. */
function lines(hops: readonly TimedHop[], line: (hop: TimedHop) => string): string[] {
  let before: number | undefined;
  const left = hops.length - 2 * SHOWN;
  if (left > 0) {
    const middle = `             … ${left} hops more`;
    return [...lines(hops.slice(0, SHOWN), line), middle, ...lines(hops.slice(-SHOWN), line)];
  }
  return hops.flatMap((hop) => {
    const waited = before === undefined ? 0 : hop.time - before;
    before = hop.time;
    return [...(waited >= WAIT ? [`             … ${waited / 1000} s`] : []), line(hop)];
  });
}
