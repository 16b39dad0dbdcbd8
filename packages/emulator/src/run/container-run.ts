import { type Clock, holding, RealClock } from "../core/clock";
import type { StartedProcess } from "../core/process";
import { type ContainerProgram, type LocalPrograms, missingCommand } from "./local-programs";
import type { Mounted } from "./mounts";

/** What services with jobs need of the machine. */
export type Programs = Pick<LocalPrograms, "canRun" | "variablesOf" | "start">;

/** Nothing stands for any container. */
export const NO_PROGRAMS: Programs = {
  canRun: () => false,
  variablesOf: (_target, own) => own,
  start: async ({ target }) => {
    throw new Error(missingCommand(target));
  },
};

/** How a container ended. */
export interface Outcome {
  readonly succeeded: boolean;
  /** Undefined for one that a signal ended, or that did not start. */
  readonly exitCode?: number;
  readonly timedOut: boolean;
}

export interface ContainerRunOptions {
  readonly programs: Programs;
  readonly program: ContainerProgram;
  readonly clock: Clock;
  /** Milliseconds after which it is stopped. */
  readonly timeout: number;
  /** Copies the buckets that the container sees as folders. @default - it has none */
  readonly mount?: (environment: ContainerProgram["environment"]) => Mounted;
}

/** One run of a job's container, to its end. The run's clock stands still meanwhile, if it can. */
export class ContainerRun {
  readonly outcome: Promise<Outcome>;
  private process?: StartedProcess;
  private stopped = false;
  private timedOut = false;

  constructor(private readonly options: ContainerRunOptions) {
    this.outcome = holding(options.clock, () => this.run());
  }

  /** SIGTERM, and SIGKILL after ten seconds. */
  stop(): void {
    this.stopped = true;
    void this.process?.stop();
  }

  kill(): void {
    this.stopped = true;
    this.process?.kill();
  }

  private async run(): Promise<Outcome> {
    const { program, timeout } = this.options;
    try {
      this.process = await this.start();
    } catch (error) {
      program.log.write((error as Error).message);
      return { succeeded: false, timedOut: false };
    }
    if (this.stopped) this.process.kill();
    // A clock that is held says nothing of the time that a process takes.
    const clock = this.options.clock.hold ? new RealClock() : this.options.clock;
    const cancel = clock.at(clock.now() + timeout, () => {
      this.timedOut = true;
      this.stop();
    });
    // By then its output was read, of which the last lines say why it failed.
    const { code: exitCode } = await this.process.closed;
    cancel();
    const { timedOut } = this;
    return { succeeded: exitCode === 0 && !timedOut, exitCode, timedOut };
  }

  private async start(): Promise<StartedProcess> {
    const { programs, program, mount } = this.options;
    if (!mount) return programs.start(program);
    const { folders, environment: moved, remove } = mount(program.environment);
    const environment = programs.variablesOf(program.target, program.environment, moved);
    const process = await programs.start({ ...program, folders, environment });
    void process.ended.then(remove);
    return process;
  }
}
