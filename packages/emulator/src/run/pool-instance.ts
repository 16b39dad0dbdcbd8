import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../core/log";
import { endingText, type StartedProcess } from "../core/process";
import type { BucketMount } from "./container";
import { type Mounted, mount, type Objects } from "./mounts";

export interface PoolInstanceOptions {
  readonly log: Log;
  readonly mounts: readonly BucketMount[];
  readonly environment: Readonly<Record<string, string>>;
  readonly objects: Objects;
  readonly folder: string;
  readonly start: (mounted: Mounted, onCalling: (port: number) => void) => Promise<StartedProcess>;
  /** Called each time that the program has ended. */
  readonly onEnd: () => void;
  readonly onFailure: (why: string) => void;
}

/** Milliseconds that a program has to run at least, to count as one that works. */
const SHORT = 3_000;
/** Ends within this time, one after the other, before the instance is given up. */
const MOST = 3;
/** Milliseconds before a start that follows a short one. */
const PAUSE = 500;

/** A program that is started again when it ends, until it is stopped. */
export class PoolInstance {
  private readonly ended: Promise<void>;
  private readonly gone = new AbortController();
  private readonly ports = new Set<number>();
  private current?: StartedProcess;
  private crashed = false;

  constructor(private readonly options: PoolInstanceOptions) {
    this.ended = this.run();
  }

  /**
   * @param port of a connection: only if this instance opened it.
   *
   * @returns whether it was killed
   */
  crash(port?: number): boolean {
    if (!this.current || (port !== undefined && !this.ports.has(port))) return false;
    this.crashed = true;
    this.current.kill();
    return true;
  }

  async stop(): Promise<void> {
    this.gone.abort();
    await this.current?.stop();
    await this.ended;
  }

  private async run(): Promise<void> {
    for (let short = 0; short < MOST && !this.gone.signal.aborted; ) {
      const begun = Date.now();
      const how = await this.once();
      if (this.gone.signal.aborted) return;
      if (this.crashed || Date.now() - begun >= SHORT) short = 0;
      else if (++short === MOST) this.giveUp(how);
      else await sleep(PAUSE, undefined, { signal: this.gone.signal }).catch(() => {});
      this.crashed = false;
    }
  }

  /** Runs the program to its end. @returns how it ended */
  private async once(): Promise<string> {
    const { mounts, environment, objects, folder, start } = this.options;
    const mounted = mount(mounts, environment, objects, folder);
    try {
      this.current = await start(mounted, (port) => this.ports.add(port));
      if (this.gone.signal.aborted) void this.current.stop();
      return endingText(await this.current.closed);
    } catch (error) {
      return (error as Error).message;
    } finally {
      this.current = undefined;
      this.ports.clear();
      mounted.remove();
      this.options.onEnd();
    }
  }

  private giveUp(how: string): void {
    const lines = this.options.log.last(20).map(({ message }) => `  ${message}`);
    this.options.onFailure(`it ended ${MOST} times as soon as it had started, with ${how}\n${lines.join("\n")}`);
  }
}
