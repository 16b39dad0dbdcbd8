import {
  ApiError,
  cloudDataflow,
  type Denial,
  type Machine,
  RequestFailed,
  type RunningStack,
  type RunOptions,
  VirtualClock,
  waitUntilIdle,
} from "@cdktf-serverless-ml/emulator";
import { StackIndex } from "@cdktf-serverless-ml/terraform-json";
import { type Summary, summarise } from "../run/summary";
import { submitAll } from "../run/workload";
import { FaultLog } from "../shared/fault-log";
import { poisoned } from "../shared/inject-poison";
import type { Scenario } from "../shared/scenario";
import { readDeadLetters } from "./dead-letters";
import { Failures } from "./failures";
import { KillSwitch } from "./kill-switch";
import { repeating } from "./repeat";

export interface MutationRunOptions extends Pick<RunOptions, "bindings" | "onAllowed"> {
  /** Whether a denial is what the run is for: then it ends at once. Default: it goes on. */
  readonly endsAt?: (denial: Denial) => boolean;
  /** Whether each function is made to fail at an item. Default false. */
  readonly withFailures?: boolean;
}

export interface MutationRunResult {
  /** Calls that no binding allowed, as they came. */
  readonly denials: readonly Denial[];
  /** Absent where the run could not begin, or ended at a denial. */
  readonly summary?: Summary;
  /** Buckets that jobs keep temporary files in. */
  readonly temporary: readonly string[];
}

/** Work items: enough for one of each poison among good ones. */
const ITEMS = 8;
/** Wall milliseconds without anything happening after which a run is stuck, and those in which it must come to rest. */
const PATIENCE = 20_000;
const REST = 3_000;
/** Virtual milliseconds without another kind of denial after which a run that was denied something ends: it may try for ever. */
const AFTERMATH = 30 * 60_000;

/**
 * A run of all that a pattern promises, in virtual time: generated items, poison among them; each delivery repeated after its
 * success; where it is asked for, failures of each function; results and dead letters read. Nothing of it is left on the machine afterwards.
 */
export class MutationRun {
  private readonly killSwitch = new KillSwitch();
  private readonly clock = new VirtualClock();
  private readonly index: StackIndex;
  private readonly denials: Denial[] = [];
  /** Of the last denial that said something new. */
  private lastNews = Number.POSITIVE_INFINITY;

  constructor(
    private readonly machine: Machine,
    private readonly scenario: Scenario,
    private readonly options: MutationRunOptions = {},
  ) {
    this.index = StackIndex.of(machine.stack);
  }

  /** @throws Error for a run that does not come to rest */
  async run(): Promise<MutationRunResult> {
    const { killSwitch, clock, denials } = this;
    const running = this.begin();
    if (!running) return { denials, temporary: [] };
    clock.run(() => running.pending() > 0);
    let summary: Summary | undefined;
    try {
      summary = await this.use(running);
    } finally {
      killSwitch.trigger();
      await running.stop();
      clock.stop();
      await this.rest(running);
    }
    const temporary = running.service(cloudDataflow).jobs.map(({ launch }) => launch.tempLocation.split("/")[2] ?? "");
    return { denials, summary, temporary };
  }

  /** Undefined where the stack's own deployment may not do something. */
  private begin(): RunningStack | undefined {
    const { machine, scenario, killSwitch, clock, index } = this;
    const { bindings, onAllowed, endsAt, withFailures } = this.options;
    // What would kill its process only fails: to permissions it makes no difference, and it is faster.
    const poison: Scenario["poison"] = (call) => scenario.poison(call) && "fail";
    try {
      return machine.run({
        clock,
        bindings,
        onAllowed,
        onDenied: (denial) => {
          if (killSwitch.isTriggered) return;
          if (!this.denials.some((other) => isAlike(other, denial))) this.lastNews = clock.now();
          this.denials.push(denial);
          if (endsAt?.(denial)) killSwitch.trigger();
        },
        intercept: ({ recorder }) => {
          const faultLog = new FaultLog(recorder);
          return {
            service: (inner) => killSwitch.service(poisoned(inner, { poison, index, faultLog, crash: () => false })),
            invoker: (inner) => {
              const repeated = repeating(killSwitch.invoker(inner), (url) => index.functionAt(url) !== undefined);
              return withFailures ? new Failures(index).invoker(repeated) : repeated;
            },
          };
        },
      });
    } catch (error) {
      if (error instanceof ApiError) return undefined;
      throw error;
    }
  }

  /** @returns undefined where it ended at a denial */
  private async use(running: RunningStack): Promise<Summary | undefined> {
    const { killSwitch, scenario } = this;
    const flow = scenario.create(running);
    let error = await this.failureOf(() => submitAll(flow, scenario.generate(ITEMS)));
    error ??= await this.quiet(running);
    if (killSwitch.isTriggered) return undefined;
    error ??= await this.failureOf(() => flow.outputs());
    const { recorder, unsimulated } = running.parts;
    const seen = { outputs: {}, hops: recorder.hops.length, denials: this.denials, unsimulated };
    const summary = summarise({ stack: running.stack.name, result: flow.result(), ...seen, error });
    await this.failureOf(() => readDeadLetters(running, this.index.deadLetterTopics()));
    return killSwitch.isTriggered ? undefined : summary;
  }

  /** What was refused, in a word; undefined where nothing was. */
  private async failureOf(work: () => Promise<unknown>): Promise<string | undefined> {
    try {
      await work();
      return undefined;
    } catch (failure) {
      if (failure instanceof RequestFailed || failure instanceof ApiError) return failure.message;
      throw failure;
    }
  }

  private async quiet(running: RunningStack): Promise<string | undefined> {
    const end = await waitUntilIdle({
      pending: () => running.pending(),
      progress: () => running.parts.recorder.hops.length,
      failed: () => this.killSwitch.isTriggered || this.clock.now() - this.lastNews > AFTERMATH,
      patience: PATIENCE,
    });
    return end === "stuck" ? `${running.pending()} items are still pending` : undefined;
  }

  /** Waits until nothing of the run is under way; what does not end by itself is ended. */
  private async rest({ parts: { functions, stack } }: RunningStack): Promise<void> {
    const atRest = () =>
      waitUntilIdle({ pending: () => functions.pending() + this.killSwitch.open, progress: () => 0, patience: REST });
    if ((await atRest()) === "idle") return;
    await functions.reset();
    if ((await atRest()) !== "idle") throw new Error(`Requests of ${stack.name} do not end`);
  }
}

/** Whether the same binding would have allowed both. */
export function isAlike(one: Denial, other: Denial): boolean {
  return one.email === other.email && one.remedy === other.remedy;
}
