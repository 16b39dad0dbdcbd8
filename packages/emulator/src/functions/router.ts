import { ConnectionLost } from "../core/api-error";
import { type Clock, holding } from "../core/clock";
import type { Authorizer, CrashPoint, Invocation, InvocationResult, RestReply } from "../core/emulator";
import type { Log } from "../core/log";
import type { Network, Service } from "../network";
import { callerOf, refusalOf, rendered } from "../network/endpoint";
import { accessError, type Traffic } from "./access";
import { notFound, tooLarge } from "./error-pages";
import type { InstancePool } from "./instance-pool";
import { runtimeHeaders } from "./runtime";
import type { FunctionSettings } from "./settings";

/** A function that runs here. */
export interface HostedFunction {
  readonly settings: FunctionSettings;
  readonly log: Log;
  readonly pool: InstancePool;
}

export interface RouterOptions {
  /** Settings of all functions of the stack, whether they run yet or not. */
  readonly settings: readonly FunctionSettings[];
  /** The functions that run. */
  readonly functions: readonly HostedFunction[];
  readonly network: Network;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
}

/** HTTP/1 requests to Cloud Run. Source: https://docs.cloud.google.com/run/quotas */
const LARGEST_REQUEST = 32 * 1024 * 1024;

/** Finds the function or the emulated API that a URL belongs to, and passes requests on. */
export class Router {
  constructor(private readonly options: RouterOptions) {}

  /**
   * Sends a request from inside the network: of one of Google's services or of the run's client.
   */
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
   * Answers for the functions' own URLs. Calls of functions come from the internet, unless all
   * traffic of the function goes through a VPC connector
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
      handle: ({ method, host, path, query, headers, body }) => {
        const search = query.size > 0 ? `?${query}` : "";
        return this.serve(host, { method, path: path + search, headers, body }, traffic);
      },
    };
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
    const error = accessError(hosted.settings, at, { tokens: network.options.tokens, authorizer });
    if (error) return error;
    if (request.body.length > LARGEST_REQUEST) return tooLarge();
    return hosted.pool.handle({ ...request, path, headers: runtimeHeaders(host, request.headers) }, gone, crashPoint);
  }

  /**
   * The function that a URL belongs to, and the path without the function's name, with which URLs
   * of Cloud Functions begin.
   */
  private at(host: string, path: string): { hosted: HostedFunction; path: string } | undefined {
    for (const hosted of this.options.functions) {
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

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
