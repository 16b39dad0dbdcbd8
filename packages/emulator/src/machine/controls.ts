import { setImmediate as turn } from "node:timers/promises";
import type { StackIndex } from "@cdktf-serverless-ml/terraform-json";
import { ApiError } from "../core/api-error";
import type { Clock } from "../core/clock";
import type { InvocationResult, Tokens } from "../core/emulator";
import type { EventStream } from "../core/event-stream";
import type { EmulatorOf, Service } from "../core/service";
import { SkippingClock } from "../core/skipping-clock";
import type { BindingAuthorizer } from "../iam";
import { pubSub, type SubscriptionState } from "../pubsub";
import type { WorkerHost, WorkerState } from "../run/worker-host";
import { cloudScheduler, type Upcoming } from "../scheduler";
import { type BucketState, cloudStorage } from "../storage";
import { cloudTasks, type QueueState } from "../tasks";
import { cloudWorkflows, type ExecutionState } from "../workflows";

/** What waits and what is under way, service by service. */
export interface MachineState {
  readonly queues: readonly QueueState[];
  readonly workers: readonly WorkerState[];
  readonly subscriptions: readonly SubscriptionState[];
  readonly buckets: readonly BucketState[];
  readonly executions: readonly ExecutionState[];
  readonly schedules: readonly Upcoming[];
}

/** A request that is sent again, or made up. */
export interface Sent {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** E-mail of a service account; empty for a request without a token. */
  readonly as: string;
}

/** The stack that is controlled. */
interface Controlled {
  readonly index: StackIndex;
  service<S extends Service>(service: S): EmulatorOf<S>;
}

interface ControlledParts {
  readonly workers: WorkerHost;
  readonly authorizer: BindingAuthorizer;
  readonly tokens: Tokens;
  readonly events: EventStream;
  readonly clock: Clock;
}

/** Jumps over what shows nothing, such as the end of idle instances. */
const MOST_JUMPS = 1_000;
/** Milliseconds after which whoever sends a request gives up, as a Cloud Run service does at most. */
const DEADLINE = 3_600_000;

/** What a person does to a running stack, as no client of it can. */
export class Controls {
  constructor(
    private readonly running: Controlled,
    private readonly parts: ControlledParts,
  ) {}

  state(): MachineState {
    const { running, parts } = this;
    return {
      queues: running.service(cloudTasks).states(),
      workers: parts.workers.states(),
      subscriptions: running.service(pubSub).states(),
      buckets: running.service(cloudStorage).states(),
      executions: running.service(cloudWorkflows).states(),
      schedules: running.service(cloudScheduler).upcoming(),
    };
  }

  /** A paused queue takes tasks and dispatches none. @throws ApiError NOT_FOUND */
  pauseQueue(id: string): void {
    this.running.service(cloudTasks).setPaused(id, true);
  }

  /** @throws ApiError NOT_FOUND */
  resumeQueue(id: string): void {
    this.running.service(cloudTasks).setPaused(id, false);
  }

  /** Takes a binding away. @param address its Terraform address. @throws ApiError NOT_FOUND */
  withhold(address: string): void {
    this.parts.authorizer.withhold(address);
  }

  /** Puts a binding back. */
  restore(address: string): void {
    this.parts.authorizer.restore(address);
  }

  /** Addresses of the bindings that were taken away. */
  get withheld(): ReadonlySet<string> {
    return this.parts.authorizer.withheld;
  }

  /**
   * The next calls of a worker that may pass get an answer instead of reaching its code.
   *
   * @param count 0 ends it. @throws ApiError NOT_FOUND
   */
  failNext(worker: string, count: number, status = 500): void {
    this.parts.workers.failNext(worker, count, status);
  }

  /** Kills the busiest instance of a worker, as if it had crashed. @returns whether there was one */
  killInstance(worker: string): boolean {
    return this.parts.workers.killOne(worker);
  }

  /**
   * Gives a function new code. Requests under way end on the old code, the next one gets the new.
   *
   * @param zip a file, as it would be uploaded
   * @throws ApiError NOT_FOUND, Error if the new code does not run. Then the old code stays
   */
  async replaceFunction(functionName: string, zip: string): Promise<void> {
    await this.parts.workers.replaceFunction(functionName, zip);
  }

  /** Replaces what a dead letter, or another message that waits, holds. @throws ApiError NOT_FOUND */
  editMessage(subscription: string, messageId: string, data: Buffer): void {
    this.running.service(pubSub).edit(subscription, messageId, data);
  }

  /**
   * Does something while a subscription delivers one message alone. Others, and what comes
   * meanwhile, wait.
   *
   * @throws ApiError NOT_FOUND for a message that is not there, FAILED_PRECONDITION for one that is
   *   being delivered
   */
  async withOnly<T>(subscription: string, messageId: string, work: () => Promise<T>): Promise<T> {
    const release = this.running.service(pubSub).isolate(subscription, messageId);
    try {
      return await work();
    } finally {
      release();
    }
  }

  /**
   * Sends a request to a worker or to a Google API over REST, with a new token of an account. Workers
   * see it as one from inside the network.
   */
  async send({ url, method, headers, body, as }: Sent): Promise<InvocationResult> {
    const { tokens, workers, events, clock } = this.parts;
    const worker = this.running.index.workerAt(url);
    const { origin, pathname } = new URL(url);
    const token = worker ? tokens.idToken(as, worker.uri ?? origin) : tokens.accessToken(as);
    const authorization: Record<string, string> = as === "" ? {} : { authorization: `Bearer ${token}` };
    const start = clock.now();
    const result = await workers.invoke({
      url,
      method,
      headers: { ...headers, ...authorization },
      body,
      deadline: DEADLINE,
    });
    const status = result.failure ?? String(result.status);
    events.hop({
      from: as || "nobody",
      to: origin,
      what: `${method} ${pathname}`,
      status,
      duration: clock.now() - start,
    });
    return result;
  }

  /**
   * Time jumps to the next thing that is due and shows in the run.
   *
   * @returns the milliseconds that it jumped
   * @throws ApiError FAILED_PRECONDITION while requests are under way, or if nothing is due
   */
  async jump(): Promise<number> {
    const { events } = this.parts;
    const clock = this.skippingClock();
    const before = clock.now();
    let shown = false;
    const stop = events.subscribe({
      hop: () => {
        shown = true;
      },
      begin: () => {
        shown = true;
      },
    });
    try {
      for (let jumps = 0; jumps < MOST_JUMPS && !shown; jumps++) {
        if (!clock.skip()) break;
        // What falls due may do its work in a continuation.
        for (let turns = 0; turns < 3; turns++) await turn();
      }
    } finally {
      stop();
    }
    if (!shown) throw new ApiError("FAILED_PRECONDITION", "Nothing is due");
    return clock.now() - before;
  }

  private skippingClock(): SkippingClock {
    const { clock }: { clock: Clock } = this.parts;
    if (!(clock instanceof SkippingClock)) throw new ApiError("FAILED_PRECONDITION", "This run's clock cannot jump");
    if (clock.isHeld) throw new ApiError("FAILED_PRECONDITION", "Requests are under way, which would time out");
    return clock;
  }
}
