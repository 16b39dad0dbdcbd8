import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Clock } from "../core/clock";
import type { Authorizer, EvaluatedResource, Invocation, InvocationResult, Invoker } from "../core/emulator";
import { Log, type LogEntry } from "../core/log";
import { whenProcessEnds } from "../core/when-process-ends";
import type { Network, Service } from "../network";
import type { Secrets } from "../secrets";
import type { Traffic } from "./access";
import { requireBuild, requireSecrets, secretEnvironment } from "./deployment";
import { InstancePool } from "./instance-pool";
import { nodeFunction } from "./node-function";
import { type HostedFunction, Router } from "./router";
import { runtimeEnvironment } from "./runtime";
import { type FunctionSettings, problemsOf, settingsOf } from "./settings";
import { unpack } from "./source";

export interface FunctionHostOptions {
  readonly project: string;
  readonly projectNumber: string;
  readonly region: string;
  /** All resources of the stack: the functions, and the bucket objects that are their sources. */
  readonly resources: readonly EvaluatedResource[];
  /** Of the stack: sources are relative to it. */
  readonly folder: string;
  readonly network: Network;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  /** @default - none */
  readonly secrets?: Secrets;
  /** Gets what functions write to their logs. */
  readonly onLog?: (functionName: string, entry: LogEntry) => void;
  /**
   * The most processes of one function at a time. If the stack allows more instances, requests wait
   * here that the cloud would serve.
   *
   * @default - the number of cores, at least 2, at most 4
   */
  readonly maxProcesses?: number;
}

/** Runs the functions of a stack as Cloud Run would, and sends requests as Google's services do. */
export class FunctionHost implements Invoker {
  private readonly folder = mkdtempSync(join(tmpdir(), "local-functions-"));
  private readonly removeFolder = () => rmSync(this.folder, { recursive: true, force: true });
  private readonly forget = whenProcessEnds(this.removeFolder);
  private stopped = false;
  private readonly functions: HostedFunction[] = [];

  private readonly router: Router;

  constructor(private readonly options: FunctionHostOptions) {
    const settings = functionsOf(options).map((each) => each.settings);
    this.router = new Router({ ...options, settings, functions: this.functions });
  }

  /** Problems of the resources, each with its address. */
  static problems(options: Pick<FunctionHostOptions, "project" | "projectNumber" | "region" | "resources">): string[] {
    return functionsOf(options).flatMap(({ settings, file }) => problemsOf(settings, file));
  }

  /** Secrets that functions have in their environment. */
  static secrets(options: Pick<FunctionHostOptions, "project" | "projectNumber" | "region" | "resources">) {
    return functionsOf(options).flatMap(({ settings }) => settings.secrets);
  }

  /**
   * Unpacks all functions, starts an instance of each, and waits until all listen.
   *
   * @throws Error for what cannot run here, for a build that its identity may not do, and for a
   *   function that does not start, with the last lines of its log
   */
  async start(onProgress: (functionName: string) => void = () => {}): Promise<void> {
    const problems = FunctionHost.problems(this.options);
    if (problems.length > 0) throw new Error(problems.join("\n"));
    this.requireDeployments();
    const all = functionsOf(this.options);
    const made = await Promise.all(all.map(({ settings, file }) => this.host(settings, file ?? "")));
    const started = made.map(async (hosted) => {
      await startOf(hosted);
      onProgress(hosted.settings.name);
    });
    for (const result of await Promise.allSettled(started)) if (result.status === "rejected") throw result.reason;
  }

  /**
   * Checks whether every function can be built and may read its secrets.
   *
   * @throws ApiError PERMISSION_DENIED
   */
  requireDeployments(): void {
    for (const { settings } of functionsOf(this.options)) {
      requireBuild(settings, this.options);
      requireSecrets(settings, this.options);
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
   * Answers for the functions' own URLs.
   *
   * @param traffic of all requests.
   * By default the caller says where its request comes from
   */
  service(traffic?: Traffic): Service {
    return traffic === undefined ? this.router.service() : this.router.rest(traffic);
  }

  /** Last lines of a function's log, oldest first. */
  log(functionName: string): readonly LogEntry[] {
    return this.named(functionName).log.last();
  }

  /**
   * Kills instances of a function, as if each had crashed.
   *
   * @param port `RestRequest.port` of a call: only the instance that made it.
   * @default - all instances
   * @returns how many there were
   */
  crash(functionName: string, port?: number): number {
    return this.named(functionName).pool.crash(port);
  }

  /**
   * Ends all requests and all instances. A function starts again with its next request.
   */
  async reset(): Promise<void> {
    await Promise.all(this.functions.map(({ pool }) => pool.reset()));
  }

  /** Requests that wait or are under way. */
  pending(): number {
    let count = 0;
    for (const { pool } of this.functions) count += pool.pending();
    return count;
  }

  async stop(): Promise<void> {
    await Promise.all(this.functions.map(({ pool }) => pool.stop()));
    this.stopped = true;
    this.removeFolder();
    this.forget();
  }

  private named(functionName: string): HostedFunction {
    const found = this.functions.find(({ settings }) => settings.name === functionName);
    if (!found) throw new Error(`there is no function ${functionName}`);
    return found;
  }

  private async host(settings: FunctionSettings, file: string): Promise<HostedFunction> {
    const { network, clock, onLog, maxProcesses = Math.min(4, Math.max(2, availableParallelism())) } = this.options;
    const folder = join(this.folder, `${settings.region}-${settings.name}`);
    mkdirSync(folder);
    unpack(resolve(this.options.folder, file), folder);
    const log = new Log((entry) => {
      // Of a process that the function started.
      if (typeof entry.fields?.refusedHost === "string") network.refused(entry.fields.refusedHost);
      // What a process wrote last may be read after its end.
      if (!this.stopped) onLog?.(settings.name, entry);
    });
    const secrets = secretEnvironment(settings, this.options.secrets);
    const environment = runtimeEnvironment({ ...settings, secrets }, await network.environment(settings.identity));
    const { entryPoint } = settings;
    const onRefused = (host: string) => network.refused(host);
    const instance = { program: nodeFunction({ folder, entryPoint, environment, log, onRefused }), log };
    const hosted = { settings, log, pool: new InstancePool({ settings, instance, clock, maxProcesses }) };
    this.functions.push(hosted);
    return hosted;
  }
}

function functionsOf({
  resources,
  ...stack
}: Pick<FunctionHostOptions, "project" | "projectNumber" | "region" | "resources">) {
  return resources
    .filter(({ type }) => type === "google_cloudfunctions2_function")
    .map((resource) => {
      const settings = settingsOf(resource, stack);
      const { bucket, object } = settings.source;
      const source = resources.find(
        ({ type, attributes }) =>
          type === "google_storage_bucket_object" && attributes.bucket === bucket && attributes.name === object,
      );
      return { settings, file: source?.attributes.source as string | undefined };
    });
}

async function startOf({ settings, log, pool }: HostedFunction): Promise<void> {
  try {
    await pool.start();
  } catch (error) {
    const lines = log.last(20).map(({ message }) => `  ${message}`);
    throw new Error(`${settings.address} does not start: ${(error as Error).message}\n${lines.join("\n")}`);
  }
}
