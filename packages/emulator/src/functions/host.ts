import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Clock, holding } from "../core/clock";
import { ConnectionLost } from "../core/connection-lost";
import type {
  Authorizer,
  CrashPoint,
  EvaluatedResource,
  Invocation,
  InvocationResult,
  Invoker,
  RestReply,
} from "../core/emulator";
import { whenProcessEnds } from "../core/when-process-ends";
import type { Network, Service } from "../network";
import { callerOf, refusalOf, rendered } from "../network/endpoint";
import type { Secrets } from "../secrets";
import { accessRefusal, type Traffic } from "./access";
import { requireBuild } from "./build";
import { notFound, tooLarge } from "./error-pages";
import { InstancePool } from "./instance-pool";
import { Log, type LogEntry } from "./log";
import { runtimeEnvironment, runtimeHeaders } from "./runtime";
import { requireSecrets, secretEnvironment } from "./secrets";
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
  /** Default: none. */
  readonly secrets?: Secrets;
  /** Told what functions write. */
  readonly onLog?: (functionName: string, entry: LogEntry) => void;
  /**
   * Processes of one function at once, where the stack allows more instances: then requests wait that would be served in the
   * cloud. Default: the number of cores, at least 2, at most 4.
   */
  readonly maxProcesses?: number;
}

interface HostedFunction {
  readonly settings: FunctionSettings;
  readonly log: Log;
  readonly pool: InstancePool;
}

/** HTTP/1 requests to Cloud Run. Source: https://docs.cloud.google.com/run/quotas */
const LARGEST_REQUEST = 32 * 1024 * 1024;

/** Runs the functions of a stack as Cloud Run would, and sends requests as Google's services do. */
export class FunctionHost implements Invoker {
  private readonly folder = mkdtempSync(join(tmpdir(), "local-functions-"));
  private readonly removeFolder = () => rmSync(this.folder, { recursive: true, force: true });
  private readonly forget = whenProcessEnds(this.removeFolder);
  private stopped = false;
  private readonly functions: HostedFunction[] = [];

  constructor(private readonly options: FunctionHostOptions) {}

  /** What in the resources cannot run here, each with its address. */
  static problems(options: Pick<FunctionHostOptions, "project" | "projectNumber" | "region" | "resources">): string[] {
    return functionsOf(options).flatMap(({ settings, file }) => problemsOf(settings, file));
  }

  /** Secrets that functions have in their environment. */
  static secrets(options: Pick<FunctionHostOptions, "project" | "projectNumber" | "region" | "resources">) {
    return functionsOf(options).flatMap(({ settings }) => settings.secrets);
  }

  /**
   * Unpacks all functions, starts an instance of each, and waits until all listen.
   * @throws Error for what cannot run here, for a build that its identity may not do, and for a function that does not start,
   *   with the last lines of its log
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

  /** Asks whether every function can be built, and may read its secrets. @throws ApiError PERMISSION_DENIED */
  requireDeployments(): void {
    for (const { settings } of functionsOf(this.options)) {
      requireBuild(settings, this.options);
      requireSecrets(settings, this.options);
    }
  }

  /** From one of Google's services or from the run's driver: internal traffic. */
  async invoke({ url, method, headers, body, deadline, crashPoint }: Invocation): Promise<InvocationResult> {
    const { clock } = this.options;
    const gone = new AbortController();
    let cancel = () => {};
    const tooLate = new Promise<InvocationResult>((resolve) => {
      cancel = clock.at(clock.now() + deadline, () => {
        gone.abort();
        resolve({ status: 0, headers: {}, body: Buffer.alloc(0), failure: "deadline" });
      });
    });
    try {
      return await Promise.race([
        holding(clock, () => this.answer({ url, method, headers: lowerCase(headers), body, crashPoint }, gone.signal)),
        tooLate,
      ]);
    } finally {
      cancel();
    }
  }

  /**
   * Answers for the functions' own URLs. Calls of functions come from the internet, unless all traffic of the function goes
   * through a VPC connector (https://docs.cloud.google.com/run/docs/securing/ingress). All other callers count as inside the
   * network.
   */
  service(): Service {
    const [internal, external] = [this.rest("internal"), this.rest("external")];
    const fromInternet = new Set(
      functionsOf(this.options).flatMap(({ settings }) => (settings.egressThroughVpc ? [] : [settings.identity])),
    );
    return {
      ...internal,
      handle: (request) => {
        const caller = this.options.network.options.tokens.verify(request.headers.authorization)?.email;
        return (caller !== undefined && fromInternet.has(caller) ? external : internal).handle(request);
      },
    };
  }

  /** Answers for the functions' own URLs, for traffic that all comes from one side. */
  rest(traffic: Traffic): Service {
    return {
      hosts: functionsOf(this.options).flatMap(({ settings }) => urlsOf(settings).map(({ host }) => host)),
      authenticates: true,
      handle: ({ method, host, path, query, headers, body }) => {
        const search = query.size > 0 ? `?${query}` : "";
        return this.serve(host, { method, path: path + search, headers, body }, traffic);
      },
    };
  }

  /** Last lines of a function's log, oldest first. */
  log(functionName: string): readonly LogEntry[] {
    return this.named(functionName).log.last();
  }

  /**
   * Kills instances of a function, as if each had crashed.
   *
   * @param port `RestRequest.port` of a call of its: only the instance that calls. Default: all
   * @returns how many there were
   */
  crash(functionName: string, port?: number): number {
    return this.named(functionName).pool.crash(port);
  }

  /** Ends all that waits or is under way, and the instances with it; functions start again with the next request. */
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
    const instance = {
      folder,
      entryPoint: settings.entryPoint,
      environment,
      log,
      onRefused: (host: string) => network.refused(host),
    };
    const hosted = { settings, log, pool: new InstancePool({ settings, instance, clock, maxProcesses }) };
    this.functions.push(hosted);
    return hosted;
  }

  private async answer(
    { url, method, headers, body, crashPoint }: Omit<Invocation, "deadline">,
    gone: AbortSignal,
  ): Promise<InvocationResult> {
    const { host, pathname: path, search, searchParams: query } = new URL(url);
    const request = { method, host, path, query, headers, body };
    let reply: RestReply;
    if (this.at(host, path)) {
      reply = await this.serve(host, { method, path: path + search, headers, body, crashPoint }, "internal", gone);
    } else {
      const { network } = this.options;
      const service = network.services.rest(host);
      if (!service) {
        network.refused(host);
        return { status: 0, headers: {}, body: Buffer.from(`${host} is not simulated`), failure: "connection" };
      }
      try {
        reply = await service.handle({ ...request, caller: callerOf(headers.authorization, network.options.tokens) });
      } catch (error) {
        if (error instanceof ConnectionLost) {
          return { status: 0, headers: {}, body: Buffer.from(error.message), failure: "connection" };
        }
        reply = refusalOf(error);
      }
    }
    return { status: reply.status, ...rendered(reply) };
  }

  private async serve(
    host: string,
    {
      crashPoint,
      ...request
    }: {
      method: string;
      path: string;
      headers: Readonly<Record<string, string>>;
      body: Buffer;
      crashPoint?: CrashPoint;
    },
    traffic: Traffic,
    gone?: AbortSignal,
  ): Promise<RestReply> {
    const found = this.at(host, request.path);
    if (!found) return notFound();
    const { hosted, path } = found;
    const { network, authorizer } = this.options;
    const { authorization } = request.headers;
    const at = { path, authorization, traffic };
    const refusal = accessRefusal(hosted.settings, at, { tokens: network.options.tokens, authorizer });
    if (refusal) return refusal;
    if (request.body.length > LARGEST_REQUEST) return tooLarge();
    return hosted.pool.handle({ ...request, path, headers: runtimeHeaders(host, request.headers) }, gone, crashPoint);
  }

  /** The function that a URL is of, and the path that is left for it: Cloud Functions' URLs have its name first. */
  private at(host: string, path: string): { hosted: HostedFunction; path: string } | undefined {
    for (const hosted of this.functions) {
      for (const url of urlsOf(hosted.settings)) {
        const base = url.pathname.replace(/\/$/, "");
        const rest = host === url.host && path.startsWith(base) ? path.slice(base.length) : undefined;
        if (rest === "" || rest?.startsWith("?")) return { hosted, path: `/${rest}` };
        if (rest?.startsWith("/")) return { hosted, path: rest };
      }
    }
    return undefined;
  }
}

function urlsOf({ url, aliases }: FunctionSettings): URL[] {
  return [url, ...aliases].map((each) => new URL(each));
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

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
