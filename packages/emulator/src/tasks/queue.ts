import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { serviceAgent } from "@cdktf-serverless-ml/terraform-json";
import { Alarm } from "../core/alarm";
import { ApiError } from "../core/api-error";
import { backoff } from "../core/backoff";
import type { EmulatorContext } from "../core/emulator";
import { Heap } from "../core/heap";
import type { QueueSettings } from "./queue-settings";
import { QueuedTask } from "./queued-task";
import { identityOf, requestOf } from "./request";
import type { NewTask } from "./task";
import { TokenBucket } from "./token-bucket";

/**
 * How long the name of a task that has ended stays taken: the strictest of what Google documents (1
 * h, 24 h).
 */
const NAME_TAKEN = 24 * 3_600_000;

const ID_BYTES = 16;
/** Ids of one digest, which takes longer than all of them. */
const IDS_AT_ONCE = 64;

interface Outcome {
  /** HTTP status; 0 without an answer. */
  readonly status: number;
  readonly reason?: string;
  /** Nothing here can do the task. */
  readonly skipped?: boolean;
}

/** What waits in a queue. */
export interface QueueState {
  readonly id: string;
  /** Tasks that have not ended. */
  readonly tasks: number;
  /** Those of them that are dispatched now. */
  readonly running: number;
  readonly paused: boolean;
  /** When the next one is due, as far as the queue's rate allows: milliseconds since 1970. */
  readonly next?: number;
}

/**
 * Dispatches what is due, as fast as the queue's limits allow, until an attempt succeeds or the
 * attempts are spent.
 */
export class Queue {
  private readonly tasks = new Map<string, QueuedTask>();
  private readonly waiting = new Heap<QueuedTask>();
  /** Names of ended tasks with the time at which they are free again, the earliest first. */
  private readonly taken = new Map<string, number>();
  private readonly bucket: TokenBucket;
  private readonly alarm: Alarm;
  private last?: NewTask;
  private ids?: { readonly block: number; readonly bytes: Buffer };
  private running = 0;
  private created = 0;
  private stopped = false;
  private paused = false;

  constructor(
    private readonly context: EmulatorContext,
    readonly settings: QueueSettings,
  ) {
    this.bucket = new TokenBucket(settings.rate, settings.burst, context.clock.now());
    this.alarm = new Alarm(context.clock, () => this.dispatchDue());
  }

  /** Tasks that have not ended. */
  get size(): number {
    return this.tasks.size;
  }

  /** @throws ApiError ALREADY_EXISTS for a name that is or was taken within 24 hours */
  add(task: NewTask): QueuedTask {
    const now = this.context.clock.now();
    this.freeNames(now);
    const id = task.id ?? this.ownId();
    if (this.tasks.has(id) || this.taken.has(id))
      throw new ApiError("ALREADY_EXISTS", "Requested entity already exists");
    const queued = new QueuedTask(this.settings.id, id, this.created++, now, this.withShared(task));
    this.tasks.set(id, queued);
    this.waiting.push(queued);
    this.dispatchDue();
    return queued;
  }

  /** @throws ApiError NOT_FOUND */
  get(id: string): QueuedTask {
    const task = this.tasks.get(id);
    if (task) return task;
    this.freeNames(this.context.clock.now());
    if (!this.taken.has(id)) throw new ApiError("NOT_FOUND", "Requested entity was not found.");
    throw new ApiError(
      "NOT_FOUND",
      "The task no longer exists, though a task with this name existed recently. The task either successfully completed or was deleted.",
    );
  }

  /**
   * Deletes a task. An attempt that is under way continues, and its answer changes nothing.
   *
   * @throws ApiError NOT_FOUND
   */
  delete(id: string): void {
    this.end(this.get(id));
  }

  /** Tasks that were created after one with a number, oldest first. */
  *list(after: number): Generator<QueuedTask> {
    for (const task of this.tasks.values()) if (task.order > after) yield task;
  }

  /** A paused queue takes tasks and dispatches none. */
  setPaused(paused: boolean): void {
    this.paused = paused;
    this.dispatchDue();
  }

  state(): QueueState {
    const { settings, tasks, running, paused } = this;
    const next = this.waiting.peek()?.time;
    return { id: settings.id, tasks: tasks.size, running, paused, ...(next !== undefined && { next }) };
  }

  stop(): void {
    this.stopped = true;
    this.alarm.stop();
  }

  /** An id that is the same in every run, so that runs can be repeated. */
  private ownId(): string {
    const at = this.created % IDS_AT_ONCE;
    const block = this.created - at;
    if (this.ids?.block !== block) {
      const hash = createHash("shake256", { outputLength: IDS_AT_ONCE * ID_BYTES });
      this.ids = { block, bytes: hash.update(`${this.settings.name} ${block}`).digest() };
    }
    return this.ids.bytes.toString("hex", at * ID_BYTES, (at + 1) * ID_BYTES);
  }

  /** Tasks with the same URL or headers as the one before share them: a queue may hold very many. */
  private withShared(task: NewTask): NewTask {
    const { last } = this;
    this.last = task;
    if (!last) return task;
    this.last = {
      ...task,
      url: task.url === last.url ? last.url : task.url,
      headers: isDeepStrictEqual(task.headers, last.headers) ? last.headers : task.headers,
      identity: isDeepStrictEqual(task.identity, last.identity) ? last.identity : task.identity,
    };
    return this.last;
  }

  private dispatchDue(): void {
    const now = this.context.clock.now();
    while (!this.stopped && !this.paused && this.running < this.settings.maxConcurrent) {
      const task = this.waiting.peek();
      if (!task) return;
      const due = task.deleted ? now : task.time > now ? task.time : this.bucket.take(now);
      if (due > now) {
        this.alarm.set(due);
        return;
      }
      this.waiting.pop();
      if (!task.deleted) void this.dispatch(task, now);
    }
  }

  private async dispatch(task: QueuedTask, now: number): Promise<void> {
    this.running++;
    task.running = true;
    task.dispatchCount++;
    task.firstDispatch ||= now;
    task.lastDispatch = now;
    const outcome = await this.attempt(task, now);
    this.running--;
    task.running = false;
    if (this.stopped) return;
    if (!task.deleted) this.settle(task, outcome);
    this.dispatchDue();
  }

  private async attempt(task: QueuedTask, start: number): Promise<Outcome> {
    const { clock, recorder } = this.context;
    let to = task.url;
    const send = async (): Promise<Outcome> => {
      this.requireMinting(task);
      const request = requestOf(task, this.settings, this.context.tokens);
      to = request.url;
      const { status, failure, skipped } = await this.context.invoker.invoke(request);
      return { status, skipped, reason: failure && (failure === "deadline" ? "DEADLINE_EXCEEDED" : "UNAVAILABLE") };
    };
    let detail: string | undefined;
    const outcome = await send().catch((error: Error): Outcome => {
      detail = error.message;
      return { status: 0, reason: error instanceof ApiError ? error.code : "INVALID_ARGUMENT" };
    });
    recorder.hop({
      from: `queue ${this.settings.id}`,
      to,
      what: `task ${task.id}`,
      attempt: task.dispatchCount,
      status: outcome.status ? String(outcome.status) : String(outcome.reason),
      duration: clock.now() - start,
      detail,
    });
    return outcome;
  }

  /**
   * The service's own account makes the token: "you must grant the Service Account User role to the
   * Cloud Tasks primary service agent"
   * (https://docs.cloud.google.com/tasks/docs/creating-http-target-tasks).
   */
  private requireMinting(task: QueuedTask): void {
    const identity = identityOf(task, this.settings.target);
    if (!identity) return;
    const { authorizer, project, projectNumber } = this.context;
    const item = `queue ${this.settings.id} task ${task.id}`;
    const agent = { email: serviceAgent(projectNumber, "gcp-sa-cloudtasks"), item };
    authorizer.require(agent, "iam.serviceAccounts.actAs", `projects/${project}/serviceAccounts/${identity.email}`);
  }

  private settle(task: QueuedTask, { status, skipped }: Outcome): void {
    const now = this.context.clock.now();
    task.lastStatus = status;
    task.lastResponse = status ? now : 0;
    if (status) task.responseCount++;
    if (status && status < 500) task.executionCount++;
    if (status >= 200 && status < 300) {
      this.end(task);
    } else if (skipped) {
      this.drop(task, "SKIPPED", "Its worker cannot run here; Cloud Tasks would dispatch it again");
    } else if (this.isSpent(task, now)) {
      const { maxAttempts } = this.settings;
      this.drop(task, "DROPPED", `All ${maxAttempts} attempts failed; Cloud Tasks has no dead letters`);
    } else {
      task.time = now + backoff(task.dispatchCount, this.settings.backoff);
      this.waiting.push(task);
    }
  }

  /**
   * Both limits must be reached, and -1 attempts never are: `RetryConfig.max_retry_duration` in
   * queue.proto.
   */
  private isSpent({ dispatchCount, firstDispatch }: QueuedTask, now: number): boolean {
    const { maxAttempts, maxRetryDuration } = this.settings;
    return maxAttempts !== -1 && dispatchCount >= maxAttempts && now - firstDispatch >= maxRetryDuration;
  }

  private drop(task: QueuedTask, status: "DROPPED" | "SKIPPED", detail: string): void {
    this.end(task);
    this.context.recorder.hop({
      from: `queue ${this.settings.id}`,
      to: "nowhere",
      what: `task ${task.id}`,
      attempt: task.dispatchCount,
      status,
      detail,
    });
  }

  private end(task: QueuedTask): void {
    task.deleted = true;
    this.tasks.delete(task.id);
    this.taken.set(task.id, this.context.clock.now() + NAME_TAKEN);
  }

  private freeNames(now: number): void {
    for (const [id, until] of this.taken) {
      if (until > now) return;
      this.taken.delete(id);
    }
  }
}
