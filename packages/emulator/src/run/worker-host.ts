import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ApiError } from "../core/api-error";
import type { Calls } from "../core/calls";
import type { Clock } from "../core/clock";
import type { Authorizer, EvaluatedResource, Invocation, InvocationResult, Invoker, RestReply } from "../core/emulator";
import { Log, type LogEntry } from "../core/log";
import { whenProcessEnds } from "../core/when-process-ends";
import { requireBuild } from "../functions/deployment";
import { functionProgram } from "../functions/program";
import { functionsOf, problemsOf } from "../functions/settings";
import type { Network, Service } from "../network";
import type { SecretReference, Secrets } from "../secrets";
import type { Traffic } from "./access";
import { containerProgram } from "./container-program";
import {
  CONTAINER_SERVICE,
  type ContainerServiceSettings,
  containerServiceOf,
  containerServiceProblems,
  type Place,
} from "./container-service";
import type { Program } from "./instance";
import { InstancePool, type PoolState } from "./instance-pool";
import { type LocalPrograms, missingCommand } from "./local-programs";
import { Missing } from "./missing";
import type { Objects } from "./mounts";
import { type HostedService, Router, type RouterOptions } from "./router";
import { requireSecrets, secretEnvironment } from "./secrets";
import type { ServiceSettings } from "./service-settings";
import { WORKER_POOL, WorkerPools, workerPoolProblems, workerPoolsOf } from "./worker-pools";

export interface WorkerHostOptions extends Place {
  /** All resources of the stack: the workers, and the bucket objects that are functions' sources. */
  readonly resources: readonly EvaluatedResource[];
  /** Of the stack: sources are relative to it. */
  readonly folder: string;
  readonly network: Network;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  /** Runs containers. */
  readonly programs: LocalPrograms;
  /** @default - none */
  readonly secrets?: Secrets;
  /** What the buckets hold that containers mount. @default - nothing */
  readonly objects?: Objects;
  /** Gets what workers write to their logs, and the calls that the writing process served. */
  readonly onLog?: (workerName: string, entry: LogEntry, serving?: readonly number[]) => void;
  /** Records calls. @default - nobody reads them */
  readonly calls?: () => Calls | undefined;
  /** Recognizes a delivery by its request. @default - none is recognized */
  readonly itemOf?: RouterOptions["itemOf"];
  /** Gets why a worker pool does not work. */
  readonly onFailure?: (why: string) => void;
  /** Gets what could not be done because a worker cannot run here, and what to do about it. */
  readonly onSkipped?: (why: string) => void;
  /** An interpreter for functions in Python. @default - the one on PATH */
  readonly python?: string;
  /** Which services start with their first request only. @default - none */
  readonly startsLater?: (workerName: string) => boolean;
  /** Gets what takes time at the start, and how long it took. */
  readonly onNotice?: (notice: string) => void;
  /**
   * The most processes of one service at a time. If the stack allows more instances, requests wait
   * here that the cloud would serve.
   *
   * @default - the number of cores, at least 2, at most 4
   */
  readonly maxProcesses?: number;
}

/** How busy a worker is. */
export interface WorkerState extends PoolState {
  readonly name: string;
  /** How many of the next calls will fail, as somebody asked. */
  readonly failNext: number;
}

type Stack = Pick<WorkerHostOptions, "project" | "projectNumber" | "region" | "resources">;

/**
 * Runs the functions and the container services of a stack as Cloud Run would, and sends requests as
 * Google's services do.
 */
export class WorkerHost implements Invoker {
  private readonly folder = mkdtempSync(join(tmpdir(), "local-functions-"));
  private readonly removeFolder = () => rmSync(this.folder, { recursive: true, force: true });
  private readonly forget = whenProcessEnds(this.removeFolder);
  private stopped = false;
  private revision = 1;
  private readonly failing = new Map<string, { count: number; readonly status: number }>();
  private readonly services: HostedService[] = [];

  /** They run while a run of the stack does. */
  readonly pools: WorkerPools;
  private readonly router: Router;

  constructor(private readonly options: WorkerHostOptions) {
    const { programs, onLog, onFailure = () => {}, objects = () => [] } = options;
    this.pools = new WorkerPools(workerPoolsOf(options.resources, options), {
      programs,
      onLog,
      onFailure,
      objects,
      folder: this.folder,
      secretsOf: (pool) => secretEnvironment(pool, options.secrets),
    });
    this.router = new Router({
      ...options,
      settings: settingsOf(options),
      services: this.services,
      failureOf: (name) => this.failureOf(name),
    });
  }

  /** Problems of the resources, each with its address. */
  static problems(stack: Stack): string[] {
    return [
      ...functionsOf(stack).flatMap(({ settings, file }) => problemsOf(settings, file)),
      ...stack.resources.filter(({ type }) => type === CONTAINER_SERVICE).flatMap(containerServiceProblems),
      ...stack.resources.filter(({ type }) => type === WORKER_POOL).flatMap(workerPoolProblems),
    ];
  }

  /** Secrets that workers have in their environment. */
  static secrets(stack: Stack): SecretReference[] {
    return [...settingsOf(stack), ...workerPoolsOf(stack.resources, stack)].flatMap(({ secrets }) => secrets);
  }

  /**
   * Starts an instance of each service, but for those that start later, and waits until all listen.
   *
   * @throws Error for what cannot run here, for what its identity may not do when it is deployed, and
   *   for a service that does not start, with the last lines of its log
   */
  async start(onProgress: (workerName: string) => void = () => {}): Promise<void> {
    const problems = WorkerHost.problems(this.options);
    if (problems.length > 0) throw new Error(problems.join("\n"));
    this.requireDeployments();
    const { network, python, onNotice, startsLater = () => false } = this.options;
    const functions = functionsOf(this.options).map(({ settings, file = "" }) =>
      this.host(settings, (secrets) => {
        const folder = join(this.folder, `${settings.region}-${settings.name}`);
        mkdirSync(folder);
        const zip = resolve(this.options.folder, file);
        return functionProgram({ settings, zip, secrets, folder, network, python, onProgress: onNotice });
      }),
    );
    const containers = containersOf(this.options).map((settings) => this.hostContainer(settings));
    const made = await Promise.all([...functions, ...containers]);
    const first = made.filter(({ settings }) => !startsLater(settings.name));
    const started = first.map(async (hosted) => {
      await startOf(hosted);
      onProgress(hosted.settings.name);
    });
    for (const result of await Promise.allSettled(started)) if (result.status === "rejected") throw result.reason;
  }

  /** Why workers cannot run here, and what to do about it. Known once they have started. */
  missing(): string[] {
    const services = this.services.flatMap(({ pool }) => (pool instanceof Missing ? [pool.why] : []));
    return [...services, ...this.pools.missing()];
  }

  /**
   * Checks whether every function can be built, and whether every worker may read its secrets and
   * the buckets that it mounts.
   *
   * @throws ApiError PERMISSION_DENIED
   */
  requireDeployments(): void {
    const { options } = this;
    for (const { settings } of functionsOf(options)) requireBuild(settings, options);
    const pools = workerPoolsOf(options.resources, options);
    for (const settings of [...settingsOf(options), ...pools]) requireSecrets(settings, options);
    for (const { identity, container } of [...containersOf(options), ...pools]) {
      requireMounts(identity, container.mounts, options);
    }
  }

  /**
   * Sends a request of one of Google's services, or of the run's client. Both count as inside the
   * network.
   */
  invoke(invocation: Invocation): Promise<InvocationResult> {
    return this.router.invoke(invocation);
  }

  /**
   * Answers for the services' own URLs.
   *
   * @param traffic of all requests.
   * By default the caller says where its request comes from
   */
  service(traffic?: Traffic): Service {
    return traffic === undefined ? this.router.service() : this.router.rest(traffic);
  }

  /** Last lines of a worker's log, oldest first. */
  log(workerName: string): readonly LogEntry[] {
    return this.find(workerName)?.log.last() ?? [];
  }

  /** The calls that the instance of a service serves which opened the connection from a port. */
  servedAt(port: number): readonly number[] {
    for (const { pool } of this.services) {
      const calls = pool.servedAt(port);
      if (calls.length > 0) return calls;
    }
    return [];
  }

  /**
   * Kills instances of a worker, as if each had crashed.
   *
   * @param port `RestRequest.port` of a call: only the instance that made it.
   * @default - all instances
   * @returns how many there were; 0 for a worker that does not run
   */
  crash(workerName: string, port?: number): number {
    return (this.find(workerName)?.pool.crash(port) ?? 0) + this.pools.crash(workerName, port);
  }

  /** Kills the busiest instance of a worker, as if it had crashed. @returns whether there was one */
  killOne(workerName: string): boolean {
    return this.find(workerName)?.pool.crashOne() || this.pools.crashOne(workerName);
  }

  /**
   * The next calls of a service that may pass get an answer instead of reaching its code.
   *
   * @param count 0 ends it. @throws ApiError NOT_FOUND
   */
  failNext(workerName: string, count: number, status: number): void {
    if (!this.find(workerName)) throw new ApiError("NOT_FOUND", `There is no service ${workerName}`);
    this.failing.set(workerName, { count, status });
  }

  /** Of the services, and of the worker pools. */
  states(): WorkerState[] {
    const services = this.services.map(({ settings: { name }, pool }) => ({
      name,
      ...pool.state(),
      failNext: this.failing.get(name)?.count ?? 0,
    }));
    const pools = this.pools.states().map((state) => ({ ...state, underWay: 0, waiting: 0, failNext: 0 }));
    return [...services, ...pools];
  }

  /**
   * Gives a function new code. Requests under way end on the old code, the next one gets the new.
   *
   * @param zip as it would be uploaded.
   * @throws ApiError NOT_FOUND, Error if the new code does not run. Then the old one stays
   */
  async replaceFunction(functionName: string, zip: string): Promise<void> {
    const hosted = this.find(functionName);
    const found = functionsOf(this.options).find(({ settings }) => settings.name === functionName);
    if (!hosted || !found) throw new ApiError("NOT_FOUND", `There is no function ${functionName}`);
    const { settings } = found;
    const { network, python } = this.options;
    const folder = join(this.folder, `${settings.region}-${settings.name}-${++this.revision}`);
    mkdirSync(folder);
    const secrets = secretEnvironment(settings, this.options.secrets);
    const program = await functionProgram({ settings, zip, secrets, folder, network, python });
    if (typeof program === "string") throw new Error(program);
    await hosted.pool.replace(program);
  }

  /**
   * Ends all requests and all instances. A service starts again with its next request.
   */
  async reset(): Promise<void> {
    await Promise.all(this.services.map(({ pool }) => pool.reset()));
  }

  /** Requests that wait or are under way. */
  pending(): number {
    let count = 0;
    for (const { pool } of this.services) count += pool.pending();
    return count;
  }

  async stop(): Promise<void> {
    await this.pools.stop();
    await Promise.all(this.services.map(({ pool }) => pool.stop()));
    this.stopped = true;
    this.removeFolder();
    this.forget();
  }

  private failureOf(name: string): RestReply | undefined {
    const failing = this.failing.get(name);
    if (!failing || failing.count === 0) return undefined;
    failing.count--;
    return { status: failing.status, body: "This call fails because somebody asked for it.\n" };
  }

  private find(workerName: string): HostedService | undefined {
    return this.services.find(({ settings }) => settings.name === workerName);
  }

  private hostContainer(settings: ContainerServiceSettings): Promise<HostedService> {
    const { programs, objects = () => [] } = this.options;
    const target = { name: settings.name, address: settings.address, image: settings.container.image };
    return this.host(settings, (secrets) =>
      programs.canRun(target)
        ? containerProgram({ settings, programs, secrets, objects, folder: this.folder })
        : missingCommand(target),
    );
  }

  /** @param programOf what runs the service, or why it cannot run here */
  private async host(
    settings: ServiceSettings,
    programOf: (secrets: Readonly<Record<string, string>>) => Program | string | Promise<Program | string>,
  ): Promise<HostedService> {
    const { network, clock, onLog, onSkipped = () => {} } = this.options;
    const { maxProcesses = Math.min(4, Math.max(2, availableParallelism())) } = this.options;
    const log = new Log((entry, serving) => {
      // Of a process that a function started.
      if (typeof entry.fields?.refusedHost === "string") network.refused(entry.fields.refusedHost);
      // What a process wrote last may be read after its end.
      if (!this.stopped) onLog?.(settings.name, entry, serving);
    });
    const program = await programOf(secretEnvironment(settings, this.options.secrets));
    const pool =
      typeof program === "string"
        ? new Missing(program, onSkipped)
        : new InstancePool({ settings, instance: { program, log }, clock, maxProcesses });
    const hosted = { settings, log, pool };
    this.services.push(hosted);
    return hosted;
  }
}

function containersOf({ resources, ...stack }: Stack): ContainerServiceSettings[] {
  return resources
    .filter(({ type }) => type === CONTAINER_SERVICE)
    .map((resource) => containerServiceOf(resource, stack));
}

/** Of all services. */
function settingsOf(stack: Stack): ServiceSettings[] {
  return [...functionsOf(stack).map(({ settings }) => settings), ...containersOf(stack)];
}

/**
 * A container does not start if it may not read a bucket that it mounts. Source:
 * https://docs.cloud.google.com/run/docs/configuring/services/cloud-storage-volume-mounts
 *
 * @throws ApiError PERMISSION_DENIED
 */
function requireMounts(
  email: string,
  mounts: ContainerServiceSettings["container"]["mounts"],
  { authorizer }: Pick<WorkerHostOptions, "authorizer">,
): void {
  for (const { bucket } of mounts)
    authorizer.require({ email }, "storage.objects.list", `projects/_/buckets/${bucket}`);
}

async function startOf({ settings, log, pool }: HostedService): Promise<void> {
  try {
    await pool.start();
  } catch (error) {
    const lines = log.last(20).map(({ message }) => `  ${message}`);
    throw new Error(`${settings.address} does not start: ${(error as Error).message}\n${lines.join("\n")}`);
  }
}
