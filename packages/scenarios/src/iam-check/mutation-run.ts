import {
  ApiError,
  cloudDataflow,
  type Denial,
  type Invoker,
  type Machine,
  RequestFailed,
  type RunningStack,
  type RunOptions,
  VirtualClock,
  waitUntilIdle,
} from "@cdktf-serverless-ml/emulator";
import { block, StackIndex } from "@cdktf-serverless-ml/terraform-json";
import { type Summary, summarise } from "../run/summary";
import { stuckText, submitAll } from "../run/workload";
import { FaultLog } from "../shared/fault-log";
import { injectPoison } from "../shared/inject-poison";
import { redriveAll } from "../shared/redrive";
import type { Scenario } from "../shared/scenario";
import { Failures } from "./failures";
import { KillSwitch } from "./kill-switch";

export interface MutationRunOptions extends Pick<RunOptions, "bindings" | "onAllowed"> {
  /**
   * Whether the run ends at a denial.
   * @default - it never does
   */
  readonly endsAt?: (denial: Denial) => boolean;
  /**
   * Whether each function fails at some items.
   * @default false
   */
  readonly withFailures?: boolean;
}

export interface MutationRunResult {
  /** Calls that no binding allowed, in their order. */
  readonly denials: readonly Denial[];
  /** Absent if the run could not start or ended at a denial. */
  readonly summary?: Summary;
  /** Buckets for temporary files of Dataflow jobs. */
  readonly temporary: readonly string[];
}

/** Work items: enough for one of each kind of poison. */
const ITEMS = 8;
/**
 * Milliseconds of real time without progress after which a run is stuck, and until it must be idle
 * after its end.
 */
const PATIENCE = 20_000;
const REST = 3_000;
/**
 * Milliseconds of virtual time without a new denial after which a run with denials ends, because
 * retries may go on for ever.
 */
const AFTERMATH = 30 * 60_000;

/**
 * A run in virtual time that uses all that a stack does. Generated items with poison go in, each
 * successful delivery is repeated, each function fails if that is wanted, and results and dead
 * letters are read. It leaves nothing on the machine.
 */
export class MutationRun {
  private readonly killSwitch = new KillSwitch();
  private readonly clock = new VirtualClock();
  private readonly index: StackIndex;
  private readonly denials: Denial[] = [];
  /** Time of the last denial of a new kind. */
  private lastNews = Number.POSITIVE_INFINITY;

  constructor(
    private readonly machine: Machine,
    private readonly scenario: Scenario,
    private readonly options: MutationRunOptions = {},
  ) {
    this.index = StackIndex.of(machine.stack);
  }

  /** @throws Error for a run that does not become idle */
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

  /** Undefined if the stack's own deployment lacks a permission. */
  private begin(): RunningStack | undefined {
    const { machine, scenario, killSwitch, clock, index } = this;
    const { bindings, onAllowed, endsAt, withFailures } = this.options;
    // Poison that kills a process only fails here: that is faster and needs the same permissions.
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
            service: (inner) =>
              killSwitch.service(injectPoison(inner, { poison, index, faultLog, crash: () => false })),
            invoker: (inner) => {
              const repeated = repeating(killSwitch.invoker(inner), (url) => index.workerAt(url) !== undefined);
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

  /** @returns undefined if the run ended at a denial */
  private async use(running: RunningStack): Promise<Summary | undefined> {
    const { killSwitch, scenario } = this;
    const run = scenario.create(running);
    let error = await this.failureOf(() => submitAll(run, scenario.generate(ITEMS)));
    error ??= await this.idle(running);
    // What keeps failing comes back to its dead letter, so that the verdict stays the same.
    error ??= await this.failureOf(() => redriveAll(running));
    error ??= await this.failureOf(async () => run.consume?.());
    error ??= await this.idle(running);
    if (killSwitch.isTriggered) return undefined;
    error ??= await this.failureOf(() => run.outputs());
    const { recorder, unsimulated } = running.parts;
    const seen = { outputs: {}, hops: recorder.hops.length, denials: this.denials, unsimulated };
    const summary = summarise({ stack: running.stack.name, result: run.result(), ...seen, error });
    await this.failureOf(() => readDeadLetters(running, this.index.deadLetterTopics()));
    return killSwitch.isTriggered ? undefined : summary;
  }

  /** The message of a request that failed. Undefined if all succeeded. */
  private async failureOf(work: () => Promise<unknown>): Promise<string | undefined> {
    try {
      await work();
      return undefined;
    } catch (failure) {
      if (failure instanceof RequestFailed || failure instanceof ApiError) return failure.message;
      throw failure;
    }
  }

  private async idle(running: RunningStack): Promise<string | undefined> {
    const end = await waitUntilIdle({
      pending: () => running.pending(),
      progress: () => running.parts.recorder.hops.length,
      working: () => running.isWorking(),
      failed: () => this.killSwitch.isTriggered || this.clock.now() - this.lastNews > AFTERMATH,
      patience: PATIENCE,
    });
    return end === "stuck" ? stuckText(running.pending(), PATIENCE) : undefined;
  }

  /**
   * Waits until nothing of the run is under way, and restarts workers that do not become idle.
   */
  private async rest({ parts: { workers, stack } }: RunningStack): Promise<void> {
    const atRest = () =>
      waitUntilIdle({ pending: () => workers.pending() + this.killSwitch.open, progress: () => 0, patience: REST });
    if ((await atRest()) === "idle") return;
    await workers.reset();
    if ((await atRest()) !== "idle") throw new Error(`Requests to workers of ${stack.name} do not end`);
  }
}

/** Whether the same binding would allow both. */
export function isAlike(one: Denial, other: Denial): boolean {
  return one.email === other.email && one.remedy === other.remedy;
}

/**
 * Repeats each successful delivery to a function, as queues and subscriptions may. The second
 * answer is dropped.
 *
 * @param isFunction whether a URL is a function's
 */
function repeating(inner: Invoker, isFunction: (url: string) => boolean): Invoker {
  return {
    invoke: async (invocation) => {
      const result = await inner.invoke(invocation);
      const succeeded = result.status >= 200 && result.status < 300;
      if (succeeded && isFunction(invocation.url)) await inner.invoke(invocation);
      return result;
    },
  };
}

/**
 * Pulls and acknowledges one dead letter of each subscription that keeps some, as each service
 * account that has the permission and is not a worker's: those read when they redrive.
 *
 * @param topics full names of the dead-letter topics
 * @throws RequestFailed
 */
async function readDeadLetters(running: RunningStack, topics: ReadonlySet<string>): Promise<void> {
  for (const { attributes } of running.named("google_pubsub_subscription")) {
    const { topic, name, project = running.stack.defaults.project } = attributes;
    const subscription = `projects/${project}/subscriptions/${name}`;
    if (block(attributes, "push_config") || !topics.has(topic)) continue;
    for (const reader of running.holdersOf("pubsub.subscriptions.consume", subscription)) {
      if (!running.index.isWorker(reader)) await readOne(running, reader, subscription);
    }
  }
}

async function readOne(running: RunningStack, reader: string, subscription: string): Promise<void> {
  const ask = <T>(method: string, body: object) =>
    running.client(reader).json<T>("POST", `https://pubsub.googleapis.com/v1/${subscription}:${method}`, body);
  const { receivedMessages = [] } = await ask<{ receivedMessages?: { ackId: string }[] }>("pull", { maxMessages: 1 });
  const ackIds = receivedMessages.map(({ ackId }) => ackId);
  if (ackIds.length > 0) await ask("acknowledge", { ackIds });
}
