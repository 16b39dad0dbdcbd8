import { type Clock, holding, RealClock } from "../core/clock";
import { type LocalPrograms, missingCommand } from "./local-programs";

/** What services with jobs need of the machine. */
export type Programs = Pick<LocalPrograms, "canRun" | "start">;
type ContainerProcess = Awaited<ReturnType<Programs["start"]>>;

/** Nothing stands for any container. */
export const NO_PROGRAMS: Programs = {
  canRun: () => false,
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

/** One run of a container, to its end. The run's clock stands still meanwhile, if it can. */
export class ContainerRun {
  readonly outcome: Promise<Outcome>;
  private process?: ContainerProcess;
  private stopped = false;
  private timedOut = false;

  /** @param timeout milliseconds after which it is stopped */
  constructor(
    private readonly start: () => Promise<ContainerProcess>,
    private readonly clock: Clock,
    timeout: number,
  ) {
    this.outcome = holding(clock, () => this.run(timeout));
  }

  stop(): void {
    this.stopped = true;
    void this.process?.stop();
  }

  kill(): void {
    this.stopped = true;
    this.process?.kill();
  }

  private async run(timeout: number): Promise<Outcome> {
    this.process = await this.start();
    if (this.stopped) this.process.kill();
    // A clock that is held says nothing of the time that a process takes.
    const clock = this.clock.hold ? new RealClock() : this.clock;
    const cancel = clock.at(clock.now() + timeout, () => {
      this.timedOut = true;
      this.stop();
    });
    const { code: exitCode } = await this.process.ended;
    cancel();
    const { timedOut } = this;
    return { succeeded: exitCode === 0 && !timedOut, exitCode, timedOut };
  }
}
