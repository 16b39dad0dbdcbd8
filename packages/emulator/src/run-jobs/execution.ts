import { randomBytes, randomUUID } from "node:crypto";
import { availableParallelism } from "node:os";
import type { Charge } from "../core/billing";
import type { EmulatorContext } from "../core/emulator";
import type { Programs } from "../run/container-run";
import { missingCommand } from "../run/local-programs";
import { type Condition, type ExecutionView, executionResource } from "./resources";
import type { JobSettings, Template } from "./settings";
import { Task, type TaskOptions } from "./task";

/** Milliseconds until tasks start. On Cloud Run it takes seconds to minutes. */
const STARTING = 1_000;
/** Letters and digits after a job's id in an execution's: five, as Cloud Run draws them. */
const SUFFIX = 5;
const LETTERS = "bcdfghjklmnpqrstvwxz2456789";
/** Processes of an execution at a time, however many tasks may run: as of a function. */
const MAX_PROCESSES = Math.min(4, Math.max(2, availableParallelism()));

export interface ExecutionOptions {
  readonly context: EmulatorContext;
  readonly programs: Programs;
  readonly job: JobSettings;
  readonly template: Template;
  /** Who runs it. */
  readonly creator: string;
  /**
   * Makes a task's environment.
   *
   * @throws Error, such as for a secret that its account may not read
   */
  readonly environment: () => Readonly<Record<string, string>>;
  readonly log: TaskOptions["log"];
  readonly mount?: TaskOptions["mount"];
  /** Gets why the job cannot run here. */
  readonly onSkipped: (why: string) => void;
}

/** One execution of a job. */
export class Execution implements ExecutionView {
  readonly id: string;
  readonly uid = randomUUID();
  readonly created: number;
  started?: number;
  completed?: number;
  condition: Condition;
  private tasks: readonly Task[] = [];
  private cancelTimer: () => void;

  constructor(readonly options: ExecutionOptions) {
    const { context, job } = options;
    const { clock } = context;
    this.id = `${job.id}-${suffix()}`;
    this.created = clock.now();
    this.condition = { state: "CONDITION_PENDING", time: this.created };
    this.hop("created");
    this.cancelTimer = clock.at(this.created + STARTING, () => void this.run());
  }

  /** `projects/P/locations/L/jobs/J/executions/E` */
  get name(): string {
    return `${this.options.job.name}/executions/${this.id}`;
  }

  get active(): boolean {
    return this.completed === undefined;
  }

  get cancelling(): boolean {
    return this.condition.executionReason === "CANCELLING";
  }

  /** How many tasks have a state. */
  count(state: Task["state"]): number {
    return this.tasks.filter((task) => task.state === state).length;
  }

  /** Instances are billed by size and time. */
  charges(): readonly Charge[] {
    const { cpus, memory } = this.options.job.size;
    const seconds = this.tasks.reduce((sum, { billedSeconds }) => sum + billedSeconds, 0);
    return [
      { metered: "run.jobTasks", quantity: this.tasks.filter(({ billedSeconds }) => billedSeconds > 0).length },
      { metered: "run.jobCpuSeconds", quantity: cpus * seconds },
      { metered: "run.jobMemorySeconds", quantity: memory * seconds },
    ];
  }

  /** How many tasks have been retried. */
  get retried(): number {
    return this.tasks.filter(({ retries }) => retries > 0).length;
  }

  /** @returns false for one that has ended */
  cancel(): boolean {
    if (!this.active) return false;
    if (this.cancelling) return true;
    const { clock } = this.context;
    this.become({ state: "CONDITION_RECONCILING", executionReason: "CANCELLING" });
    for (const task of this.tasks) task.cancel();
    if (this.started !== undefined) return true;
    this.cancelTimer();
    this.cancelTimer = clock.at(clock.now(), () => this.end());
    return true;
  }

  /** Ends its processes at once, at the end of a run. */
  stop(): void {
    this.cancelTimer();
    for (const task of this.tasks) task.kill();
    this.completed ??= this.context.clock.now();
  }

  resource(): object {
    return executionResource(this);
  }

  private get context(): EmulatorContext {
    return this.options.context;
  }

  private async run(): Promise<void> {
    const { context, programs, job, template, log, mount, onSkipped } = this.options;
    this.started = context.clock.now();
    this.become({ state: "CONDITION_RECONCILING" });
    const target = { name: job.id, address: job.address, image: template.image };
    if (!programs.canRun(target)) {
      onSkipped(missingCommand(target));
      return this.end(missingCommand(target));
    }
    let environment: Readonly<Record<string, string>>;
    try {
      environment = this.options.environment();
    } catch (error) {
      return this.end((error as Error).message);
    }
    const common = { context, programs, job, template, execution: this.id, environment, log, mount };
    this.tasks = Array.from({ length: template.taskCount }, (_, index) => new Task({ ...common, index }));
    const lanes = Math.min(template.parallelism, template.taskCount, MAX_PROCESSES);
    await Promise.all(Array.from({ length: lanes }, () => this.runTasks()));
    this.end(this.failed && `Task ${this.failed.name} failed with message: ${this.failed.failure}`);
  }

  private get failed(): Task | undefined {
    return this.tasks.find(({ state }) => state === "failed");
  }

  /** Runs tasks one after the other, until none waits. */
  private async runTasks(): Promise<void> {
    for (let task = this.next(); task; task = this.next()) {
      await task.run();
      // Once a task has failed for good, the others are cancelled: an execution of a public report
      // has a failed task and six cancelled ones,
      // https://github.com/GoogleCloudPlatform/workflows-demos/issues/40
      if (this.failed) for (const other of this.tasks) other.cancel();
    }
  }

  private next(): Task | undefined {
    return this.tasks.find(({ state }) => state === "waiting");
  }

  private end(failure?: string): void {
    if (!this.active) return;
    const { clock } = this.context;
    const cancelled = this.cancelling;
    this.completed = clock.now();
    const seconds = (this.completed - (this.started ?? this.completed)) / 1000;
    if (cancelled) {
      this.become({ state: "CONDITION_FAILED", executionReason: "CANCELLED", message: "The execution was cancelled." });
    } else if (failure !== undefined) {
      const executionReason = this.failed?.exited ? "NON_ZERO_EXIT_CODE" : undefined;
      this.become({ state: "CONDITION_FAILED", executionReason, message: failure });
    } else {
      this.become({ state: "CONDITION_SUCCEEDED", message: `Execution completed successfully in ${seconds}s.` });
    }
    const { state, message } = this.condition;
    this.hop(cancelled ? "cancelled" : state === "CONDITION_SUCCEEDED" ? "OK" : `failed: ${message}`);
  }

  private become(condition: Omit<Condition, "time">): void {
    this.condition = { ...condition, time: this.context.clock.now() };
  }

  private hop(status: string): void {
    const { context, creator, job } = this.options;
    const duration = this.completed === undefined ? undefined : this.completed - this.created;
    context.recorder.hop({ from: creator, to: "Cloud Run", what: `job ${job.id}`, status, duration });
  }
}

function suffix(): string {
  return [...randomBytes(SUFFIX)].map((byte) => LETTERS[byte % LETTERS.length]).join("");
}
