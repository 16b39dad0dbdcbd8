import { block, defaultComputeAccount } from "@cdktf-serverless-ml/terraform-json";
import type { Clock } from "../core/clock";
import type { EvaluatedResource } from "../core/emulator";
import { Log, type LogEntry } from "../core/log";
import { type ContainerSettings, containerOf, containerProblems } from "./container";
import type { Place } from "./container-service";
import { type LocalPrograms, missingCommand } from "./local-programs";
import type { Objects } from "./mounts";
import { PoolInstance } from "./pool-instance";

export const WORKER_POOL = "google_cloud_run_v2_worker_pool";

/**
 * Milliseconds of real time for which a clock that jumps stands still for a message. An instance
 * whose answer to a pull was lost does not know that it has one.
 */
const PATIENCE = 10_000;

/** A worker pool as the stack's JSON has it. */
export interface WorkerPoolSettings {
  readonly address: string;
  readonly name: string;
  readonly identity: string;
  readonly instances: number;
  readonly container: ContainerSettings;
  readonly secrets: ContainerSettings["secrets"];
}

export interface WorkerPoolsOptions {
  readonly programs: LocalPrograms;
  readonly objects: Objects;
  /** For copies of mounted buckets. */
  readonly folder: string;
  /** Values of a pool's secrets. */
  readonly secretsOf: (pool: WorkerPoolSettings) => Readonly<Record<string, string>>;
  readonly onLog?: (poolName: string, entry: LogEntry) => void;
  /** Gets why a pool does not work: its instances end as soon as they have started. */
  readonly onFailure: (why: string) => void;
}

/** The worker pools of a stack: programs that run as long as a run of the stack does. */
export class WorkerPools {
  private running: { readonly pool: WorkerPoolSettings; readonly instance: PoolInstance }[] = [];
  /** What lets clocks go on, by the service account that they stand still for. */
  private readonly holds = new Map<string, Set<() => void>>();

  constructor(
    private readonly pools: readonly WorkerPoolSettings[],
    private readonly options: WorkerPoolsOptions,
  ) {}

  /** Why pools cannot run here, and what to do about it. */
  missing(): string[] {
    return this.notRunning().map((pool) => missingCommand(targetOf(pool)));
  }

  /** Those that work here. */
  working(): readonly WorkerPoolSettings[] {
    return this.pools.filter((pool) => pool.instances > 0 && this.canRun(pool));
  }

  /** Those that would work, but that nothing stands for here. */
  notRunning(): readonly WorkerPoolSettings[] {
    return this.pools.filter((pool) => pool.instances > 0 && !this.canRun(pool));
  }

  /**
   * What keeps a clock that jumps still while an instance has a message; undefined for an account
   * that no pool runs as. When an instance ends, or takes longer than {@link PATIENCE}, the clock
   * goes on: what it had is delivered again when its time is over.
   */
  holdFor(email: string | undefined, clock: Clock): (() => () => void) | undefined {
    if (email === undefined || !this.working().some(({ identity }) => identity === email)) return undefined;
    const holds = this.holds.get(email) ?? new Set();
    this.holds.set(email, holds);
    return () => {
      const release = clock.hold?.() ?? (() => {});
      const end = () => {
        clearTimeout(timer);
        holds.delete(end);
        release();
      };
      const timer = setTimeout(end, PATIENCE);
      timer.unref();
      holds.add(end);
      return end;
    };
  }

  /** Starts all instances. */
  start(): void {
    this.running = this.working().flatMap((pool) =>
      Array.from({ length: pool.instances }, () => ({ pool, instance: this.instanceOf(pool) })),
    );
  }

  /**
   * Kills instances of a pool, as if each had crashed. They start again.
   *
   * @param port of a connection to Google's hosts: only the instance that opened it. @default - all
   * @returns how many there were
   */
  crash(name: string, port?: number): number {
    return this.running.filter(({ pool, instance }) => pool.name === name && instance.crash(port)).length;
  }

  /** Kills one instance of a pool. @returns whether there was one */
  crashOne(name: string): boolean {
    return this.running.some(({ pool, instance }) => pool.name === name && instance.crash());
  }

  /** How many instances each pool has. */
  states(): { readonly name: string; readonly instances: number }[] {
    return this.pools.map(({ name }) => ({
      name,
      instances: this.running.filter(({ pool }) => pool.name === name).length,
    }));
  }

  /** Ends all instances as Cloud Run does: SIGTERM, and SIGKILL after ten seconds. */
  async stop(): Promise<void> {
    await Promise.all(this.running.splice(0).map(({ instance }) => instance.stop()));
  }

  private canRun(pool: WorkerPoolSettings): boolean {
    return this.options.programs.canRun(targetOf(pool));
  }

  private instanceOf(pool: WorkerPoolSettings): PoolInstance {
    const { programs, objects, folder, secretsOf, onLog, onFailure } = this.options;
    const log = new Log((entry) => onLog?.(pool.name, entry));
    const { container, identity: account, name, address } = pool;
    // The name is believed to be that of the container contract.
    const own = { ...container.environment, CLOUD_RUN_WORKER_POOL: name };
    return new PoolInstance({
      log,
      mounts: container.mounts,
      environment: own,
      objects,
      folder,
      start: ({ folders, environment }, onCalling) =>
        programs.start({
          target: targetOf(pool),
          command: container.command,
          args: container.args,
          account,
          environment: {
            ...programs.variablesOf(targetOf(pool), own, environment),
            ...secretsOf(pool),
          },
          folders,
          log,
          onCalling,
        }),
      onEnd: () => {
        for (const release of this.holds.get(account) ?? []) release();
      },
      onFailure: (why) => onFailure(`${address} does not work: ${why}`),
    });
  }
}

function targetOf({ name, address, container }: WorkerPoolSettings) {
  return { name, address, image: container.image };
}

/** The worker pools of a stack. */
export function workerPoolsOf(resources: readonly EvaluatedResource[], stack: Place): WorkerPoolSettings[] {
  return resources
    .filter(({ type }) => type === WORKER_POOL)
    .map(({ address, attributes }) => {
      const { name, project = stack.project } = attributes;
      const template = block(attributes, "template");
      const container = containerOf(template, project);
      return {
        address,
        name,
        identity: template?.service_account ?? defaultComputeAccount(stack.projectNumber),
        instances: Number(block(attributes, "scaling")?.manual_instance_count ?? 1),
        container,
        secrets: container.secrets,
      };
    });
}

/** Why a worker pool cannot run here; empty if it can. */
export function workerPoolProblems({ address, attributes }: EvaluatedResource): string[] {
  const mode = block(attributes, "scaling")?.scaling_mode ?? "MANUAL";
  return [
    ...containerProblems(address, block(attributes, "template")),
    ...(mode === "MANUAL" ? [] : [`${address}: scaling.scaling_mode: given ${mode}; simulated: MANUAL`]),
  ];
}
