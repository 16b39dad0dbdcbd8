import type { RunningStack } from "@cdktf-serverless-ml/emulator";
import type { Input, Scenario, ScenarioRun } from "@cdktf-serverless-ml/scenarios";

/** A stack that runs, and how it is used. */
export interface OpenedStack {
  readonly running: RunningStack;
  /** Absent for a stack of no pattern. */
  readonly scenario?: Scenario;
  readonly run?: ScenarioRun;
  /** The sample, or the file that was given instead. */
  readonly input?: Input;
  /** What the start said. */
  readonly notices: readonly string[];
}
