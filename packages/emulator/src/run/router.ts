import { ConnectionLost } from "../core/api-error";
import type { Arrival, Calls } from "../core/calls";
import { type Clock, holding } from "../core/clock";
import type { Authorizer, CrashPoint, Invocation, InvocationResult, RestReply } from "../core/emulator";
import type { Log } from "../core/log";
import type { Item } from "../core/service";
import type { Network, Service } from "../network";
import { callerOf, refusalOf, rendered } from "../network/endpoint";
import { accessError, type Traffic } from "./access";
import { type Ending, RequestEnd } from "./ending";
import { notFound, tooLarge } from "./error-pages";
import type { InstanceRequest, Program } from "./instance";
import type { PoolState } from "./instance-pool";
import { runtimeHeaders } from "./runtime";
import type { ServiceSettings } from "./service-settings";

/** What takes the requests of a service. */
export interface Requests {
  /**
   * @param abandoned aborts when the caller has gone
   * @param crashPoint where the instance crashes that serves the request
   */
  handle(request: InstanceRequest, abandoned?: Ending, crashPoint?: CrashPoint): Promise<RestReply>;
  /** Starts what must be ready before the first request. */
  start(): Promise<void>;
  /** Requests that wait or are under way. */
  pending(): number;
  /** The calls that the instance serves which opened the connection from a port. */
  servedAt(port: number): readonly number[];
  /** Kills instances, see `WorkerHost.crash`. */
  crash(port?: number): number;
  /** Kills the busiest one. @returns whether there was one */
  crashOne(): boolean;
  state(): PoolState;
  /** See `InstancePool.replace`. */
  replace(program: Program): Promise<void>;
  reset(): Promise<void>;
  stop(): Promise<void>;
}

/** A service that runs here. */
export interface HostedService {
  readonly settings: ServiceSettings;
  readonly log: Log;
  readonly pool: Requests;
}

export interface RouterOptions {
  /** Settings of all services of the stack, whether they run yet or not. */
  readonly settings: readonly ServiceSettings[];
  /** The services that run. */
  readonly services: readonly HostedService[];
  readonly network: Network;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  /** The answer that a service gives instead of its code's. @default - none */
  readonly failureOf?: (serviceName: string) => RestReply | undefined;
  /** Records calls. @default - nobody reads them */
  readonly calls?: () => Calls | undefined;
  /** Recognizes a delivery by its request. @default - none is recognized */
  readonly itemOf?: (request: Pick<Invocation, "headers" | "body">) => Item | undefined;
}

/** A request to a service, and where it comes from. */
interface ServiceRequest extends Omit<InstanceRequest, "call"> {
  readonly crashPoint?: CrashPoint;
  readonly port?: number;
  readonly item?: string;
  readonly attempt?: number;
}

/** HTTP/1 requests to Cloud Run. Source: https://docs.cloud.google.com/run/quotas */
const LARGEST_REQUEST = 32 * 1024 * 1024;

/**
 * Milliseconds of virtual time that a request to a worker may take. In the cloud it takes time, too.
 * What falls due meanwhile is done at the same time: a queue dispatches its next tasks, rather than
 * one after the other. Never so long that the request itself is late.
 */
const WORK = 1_000;

/** Finds the service or the emulated API that a URL belongs to, and passes requests on. */
export class Router {
  /** The last URL that was called: a queue calls the same one again and again, and parsing takes time. */
  private last?: { readonly given: string; readonly url: URL };

  constructor(private readonly options: RouterOptions) {}

  /**
   * Sends a request from inside the network: of one of Google's services or of the run's client.
   */
  async invoke(invocation: Invocation): Promise<InvocationResult> {
    const { method, headers, body, deadline, crashPoint } = invocation;
    const url = this.parsed(invocation.url);
    const { clock } = this.options;
    const origin = this.originOf(invocation);
    const gone = new RequestEnd();
    let cancel = () => {};
    const tooLate = new Promise<InvocationResult>((resolve) => {
      cancel = clock.at(clock.now() + deadline, () => {
        gone.abort();
        resolve({ status: 0, headers: {}, body: Buffer.alloc(0), failure: "deadline" });
      });
    });
    try {
      return await Promise.race([
        holding(
          clock,
          () => this.answer(url, { method, headers: lowerCase(headers), body, crashPoint, ...origin }, gone),
          this.aheadOf(url, deadline),
        ),
        tooLate,
      ]);
    } finally {
      cancel();
    }
  }

  /**
   * Answers for the services' own URLs. Calls of services come from the internet, unless all traffic
   * of the service goes through a VPC network
   * (https://docs.cloud.google.com/run/docs/securing/ingress). All other callers count as inside
   * the network.
   */
  service(): Service {
    const [internal, external] = [this.rest("internal"), this.rest("external")];
    const fromInternet = new Set(
      this.options.settings.flatMap(({ egressThroughVpc, identity }) => (egressThroughVpc ? [] : [identity])),
    );
    return {
      ...internal,
      handle: (request) => {
        const caller = this.options.network.options.tokens.verify(request.headers.authorization)?.email;
        return (caller !== undefined && fromInternet.has(caller) ? external : internal).handle(request);
      },
    };
  }

  /** The same for requests that all come from one side. */
  rest(traffic: Traffic): Service {
    return {
      hosts: this.options.settings.flatMap((settings) => urlsOf(settings).map(({ host }) => host)),
      authenticates: true,
      handle: ({ method, host, path, query, headers, body, port }) => {
        const search = query.size > 0 ? `?${query}` : "";
        return this.serve(host, { method, path: path + search, headers, body, port }, traffic);
      },
    };
  }

  /** @throws TypeError */
  private parsed(given: string): URL {
    if (this.last?.given !== given) this.last = { given, url: new URL(given) };
    return this.last.url;
  }

  /** How far a clock that jumps may go on before the answer. */
  private aheadOf({ host, pathname }: URL, deadline: number): number {
    if (!this.options.clock.hold) return 0;
    const worker = this.at(host, pathname)?.hosted;
    return worker ? Math.min(WORK, deadline / 2, worker.settings.timeout / 2) : 0;
  }

  /** The item of a delivery, and which attempt it is. */
  private originOf(invocation: Invocation): Pick<ServiceRequest, "item" | "attempt"> {
    if (!this.options.calls?.()?.wanted) return {};
    const found = this.options.itemOf?.(invocation);
    const item = invocation.item ?? (found && eventItem(found));
    const attempt = found?.attempt ?? found?.message?.attempt;
    return { ...(item !== undefined && { item }), ...(attempt !== undefined && { attempt }) };
  }

  private async answer(
    { host, pathname: path, search }: URL,
    { method, headers, body, crashPoint, item, attempt }: Omit<ServiceRequest, "path">,
    gone: Ending,
  ): Promise<InvocationResult> {
    let reply: RestReply;
    if (this.at(host, path)) {
      const delivery = { method, path: path + search, headers, body, crashPoint, item, attempt };
      reply = await this.serve(host, delivery, "internal", gone);
    } else {
      const { network } = this.options;
      const service = network.services.rest(host);
      if (!service) {
        network.refused(host);
        return { status: 0, headers: {}, body: Buffer.from(`${host} is not simulated`), failure: "connection" };
      }
      try {
        const caller = callerOf(headers.authorization, network.options.tokens);
        const query = new URLSearchParams(search);
        const request = { method, host, path, query, headers, body, caller };
        reply = await service.handle(item === undefined ? request : { ...request, item });
      } catch (error) {
        if (error instanceof ConnectionLost) {
          return { status: 0, headers: {}, body: Buffer.from(error.message), failure: "connection" };
        }
        reply = refusalOf(error);
      }
    }
    return { status: reply.status, ...rendered(reply), ...(reply.skipped && { skipped: true }) };
  }

  private async serve(host: string, request: ServiceRequest, traffic: Traffic, gone?: Ending): Promise<RestReply> {
    const found = this.at(host, request.path);
    if (!found) return notFound();
    const { hosted, path } = found;
    const calls = this.options.calls?.();
    const recorded = calls?.begin(() => this.arrivalOf(host, request, hosted));
    const { method, headers, body, crashPoint } = request;
    const { authorization } = headers;
    const { call } = recorded ?? {};
    const { network, authorizer } = this.options;
    const answer = async (): Promise<RestReply> => {
      const at = { path, authorization, traffic, call };
      const error = accessError(hosted.settings, at, { tokens: network.options.tokens, authorizer });
      if (error) return error;
      if (body.length > LARGEST_REQUEST) return tooLarge();
      const failure = this.options.failureOf?.(hosted.settings.name);
      if (failure) return failure;
      const sent = runtimeHeaders(host, headers);
      if (call !== undefined && headers.traceparent === undefined) calls?.trace(call, sent.traceparent);
      return hosted.pool.handle({ method, path, headers: sent, body, call }, gone, crashPoint);
    };
    const reply = await answer();
    recorded?.end({ status: reply.status, headers: reply.headers, reply: reply.body, crash: crashPoint });
    return reply;
  }

  private arrivalOf(
    host: string,
    { method, path, headers, body, port, item, attempt }: ServiceRequest,
    { settings }: HostedService,
  ): Arrival {
    return {
      service: settings.name,
      isWorker: true,
      method,
      protocol: "rest",
      verb: method,
      host,
      path,
      caller: this.options.network.options.tokens.verify(headers.authorization)?.email ?? "",
      headers,
      ...(body.length > 0 && { body }),
      port,
      ...(item !== undefined && { item }),
      ...(attempt !== undefined && { attempt }),
    };
  }

  /**
   * The service that a URL belongs to, and the path without the function's name, with which URLs
   * of Cloud Functions begin.
   */
  private at(host: string, path: string): { hosted: HostedService; path: string } | undefined {
    for (const hosted of this.options.services) {
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

/** An item as events name it: with the id of a subscription, which hops have too. */
function eventItem({ id, what, message }: Item): string {
  return message === undefined ? id : `subscription ${message.subscription.split("/").at(-1)} ${what}`;
}

const urls = new WeakMap<ServiceSettings, readonly URL[]>();

/** Each request asks for them, and parsing takes time. */
function urlsOf(settings: ServiceSettings): readonly URL[] {
  let all = urls.get(settings);
  if (!all) {
    all = [settings.url, ...settings.aliases].map((each) => new URL(each));
    urls.set(settings, all);
  }
  return all;
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  const lower: Record<string, string> = {};
  for (const name of Object.keys(headers)) lower[name.toLowerCase()] = headers[name] as string;
  return lower;
}
