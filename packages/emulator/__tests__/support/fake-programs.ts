import type { Programs } from "../../src/run/container-run";
import type { ContainerProgram } from "../../src/run/local-programs";
import type { RunTarget } from "../../src/run/run-commands";

type Variables = ContainerProgram["environment"];
type End = { readonly code?: number; readonly signal?: NodeJS.Signals };

/** A container that a test ends. */
export class FakeProcess {
  readonly ended: Promise<End>;
  /** `SIGTERM` and `SIGKILL`, as they came. */
  readonly signals: string[] = [];
  private resolve: (end: End) => void = () => {};

  constructor(readonly program: ContainerProgram) {
    this.ended = new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  get closed(): Promise<End> {
    return this.ended;
  }

  get variables(): Readonly<Record<string, string>> {
    return this.program.environment;
  }

  exit(code: number): void {
    this.resolve({ code });
  }

  async stop(): Promise<End> {
    this.signals.push("SIGTERM");
    this.resolve({ signal: "SIGTERM" });
    return this.ended;
  }

  kill(): void {
    this.signals.push("SIGKILL");
    this.resolve({ signal: "SIGKILL" });
  }
}

/** Runs all containers, or none; each waits for the test. */
export class FakePrograms implements Programs {
  readonly processes: FakeProcess[] = [];

  constructor(private readonly able = true) {}

  canRun(): boolean {
    return this.able;
  }

  variablesOf(_target: RunTarget, own: Variables, moved: Variables): Variables {
    return this.able ? moved : own;
  }

  // biome-ignore lint/suspicious/noExplicitAny: a process of a test has no output.
  async start(program: ContainerProgram): Promise<any> {
    const process = new FakeProcess(program);
    this.processes.push(process);
    return process;
  }

  /** The one that was started last. */
  last(): FakeProcess {
    const process = this.processes.at(-1);
    if (!process) throw new Error("nothing has been started");
    return process;
  }
}
