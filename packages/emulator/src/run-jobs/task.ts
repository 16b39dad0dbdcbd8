import type { EmulatorContext } from "../core/emulator";
import type { Log } from "../core/log";
import { ContainerRun, type ContainerRunOptions, type Programs } from "../run/container-run";
import type { JobSettings, Template } from "./settings";

export type TaskState = "waiting" | "running" | "succeeded" | "failed" | "cancelled";

export interface TaskOptions {
  readonly context: EmulatorContext;
  readonly programs: Programs;
  readonly job: JobSettings;
  readonly template: Template;
  /** The execution's id. */
  readonly execution: string;
  readonly index: number;
  /** Variables of the container, secrets included. */
  readonly environment: Readonly<Record<string, string>>;
  /** Makes the log of one attempt. */
  readonly log: () => Log;
  readonly mount?: ContainerRunOptions["mount"];
}

/** "with a minimum of 1 minute": https://cloud.google.com/run/pricing , "Cloud Run jobs". */
const MINIMUM_SECONDS = 60;

/** One task of an execution: attempts until one succeeds or there are no more. */
export class Task {
  state: TaskState = "waiting";
  /** Attempts after the first. */
  retries = 0;
  /** Why the last attempt failed, in the words of Cloud Run. */
  failure = "";
  /** Whether the container ended by itself, with another code than 0. */
  exited = false;
  /** Real time of all attempts, seconds; of each at least the minute that is billed. */
  billedSeconds = 0;
  private current?: ContainerRun;

  constructor(private readonly options: TaskOptions) {}

  /** `J-abcde-task0` */
  get name(): string {
    return `${this.options.execution}-task${this.options.index}`;
  }

  async run(): Promise<void> {
    const { maxRetries } = this.options.template;
    this.state = "running";
    for (let attempt = 0; this.state === "running"; attempt++) {
      this.retries = attempt;
      if (await this.succeeds(attempt)) this.end("succeeded");
      else if (attempt >= maxRetries) this.end("failed");
    }
  }

  /** Stops it as Cloud Run does: SIGTERM, and SIGKILL after ten seconds. */
  cancel(): void {
    if (this.state !== "waiting" && this.state !== "running") return;
    this.state = "cancelled";
    this.current?.stop();
  }

  kill(): void {
    this.cancel();
    this.current?.kill();
  }

  private async succeeds(attempt: number): Promise<boolean> {
    const { context, programs, job, template, index, environment, execution, mount } = this.options;
    const { clock, recorder } = context;
    const started = clock.now();
    const log = this.options.log();
    const target = { name: job.id, address: job.address, image: template.image };
    // Source: cloud.google.com/run/docs/container-contract#jobs-env-vars
    const variables = {
      ...environment,
      CLOUD_RUN_JOB: job.id,
      CLOUD_RUN_EXECUTION: execution,
      CLOUD_RUN_TASK_INDEX: String(index),
      CLOUD_RUN_TASK_COUNT: String(template.taskCount),
      CLOUD_RUN_TASK_ATTEMPT: String(attempt),
    };
    const { command, args, serviceAccount: account, timeout } = template;
    const program = { target, command, args, account, environment: variables, log };
    this.current = new ContainerRun({ programs, program, clock, timeout, mount });
    const began = performance.now();
    const { succeeded, exitCode, timedOut } = await this.current.outcome;
    this.billedSeconds += Math.max(MINIMUM_SECONDS, (performance.now() - began) / 1000);
    this.exited = exitCode !== undefined && !timedOut;
    // As executions of public projects word it: https://github.com/googlecodelabs/feedback/issues/1369
    this.failure = timedOut ? "The configured timeout was reached." : "The container exited with an error.";
    recorder.hop({
      from: `job ${job.id}`,
      to: `task ${index}`,
      what: execution,
      attempt: attempt + 1,
      status: succeeded ? "OK" : this.state === "cancelled" ? "cancelled" : `failed: ${endOf(exitCode, timedOut)}`,
      // Cloud Logging has the rest.
      detail: succeeded ? undefined : log.tail(1) || undefined,
      duration: clock.now() - started,
    });
    return succeeded;
  }

  private end(state: TaskState): void {
    if (this.state === "running") this.state = state;
  }
}

function endOf(exitCode: number | undefined, timedOut: boolean): string {
  if (timedOut) return "timeout";
  return exitCode === undefined ? "ended by a signal" : `exit code ${exitCode}`;
}
