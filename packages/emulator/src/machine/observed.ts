import { ApiError } from "../core/api-error";
import { type Calls, endingOf, type RecordedCall } from "../core/calls";
import type { Caller, GrpcOrigin, GrpcService, GrpcStream, RestService } from "../core/emulator";
import type { Served } from "../core/service";

export interface ObservedOptions {
  /** As Google calls the service. */
  readonly service: string;
  readonly calls: Calls;
  /** Wraps the service beneath. @default - nothing does */
  readonly between?: (service: RestService) => RestService;
  /** Gets what is called and not simulated. */
  readonly report: (what: string) => void;
}

/** Makes events of the calls that an emulator answers, and reports those that are not simulated. */
export function observed({ rest, grpc }: Served, options: ObservedOptions): Served {
  const { between = (service: RestService) => service } = options;
  return {
    rest: rest.map((service) => observedRest(between(service), service, options)),
    grpc: grpc.map((service) => observedGrpc(service, options)),
  };
}

function observedRest(
  outer: RestService,
  inner: RestService,
  { service, calls, report }: ObservedOptions,
): RestService {
  const refused = (error: unknown) => Promise.reject(failed(error, undefined, report));
  return {
    hosts: outer.hosts,
    async handle(request) {
      // Most runs have no reader of calls: nothing is made for one then.
      if (!calls.wanted) return outer.handle(request).catch(refused);
      const recorded = calls.begin(() => {
        const { method: verb, host, path, query, headers, body, caller, port, item } = request;
        return {
          service,
          isWorker: false,
          method: inner.methodOf?.(request) ?? verb,
          protocol: "rest",
          verb,
          host,
          path: query.size > 0 ? `${path}?${query}` : path,
          caller: caller.email ?? "",
          headers,
          ...(body.length > 0 && { body }),
          port,
          ...(item !== undefined && { item }),
        };
      });
      try {
        const reply = await outer.handle(recorded ? { ...request, caller: recorded.as(request.caller) } : request);
        recorded?.end({ status: reply.status, headers: reply.headers, reply: reply.body });
        return reply;
      } catch (error) {
        throw failed(error, recorded, report);
      }
    },
  };
}

function observedGrpc(grpc: GrpcService, { service, calls, report }: ObservedOptions): GrpcService {
  const refused = (error: unknown) => Promise.reject(failed(error, undefined, report));
  const arrival = (name: string, caller: Caller, origin: GrpcOrigin | undefined, body?: object) => ({
    service,
    isWorker: false,
    method: `${grpc.name}/${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    protocol: "grpc" as const,
    verb: "POST",
    host: origin?.host ?? grpc.hosts[0] ?? "",
    path: `/${grpc.name}/${name}`,
    caller: caller.email ?? "",
    headers: origin?.headers ?? {},
    body,
    port: origin?.port,
  });
  const methods = Object.entries(grpc.methods).map(([name, method]): [string, GrpcService["methods"][string]] => [
    name,
    async (request, caller, origin) => {
      if (!calls.wanted) return method(request, caller, origin).catch(refused);
      const recorded = calls.begin(() => arrival(name, caller, origin, request));
      try {
        const reply = await method(request, recorded?.as(caller) ?? caller, origin);
        recorded?.end({ status: 200, reply });
        return reply;
      } catch (error) {
        throw failed(error, recorded, report);
      }
    },
  ]);
  const streams = Object.entries(grpc.streams ?? {}).map(
    ([name, serve]): [string, NonNullable<GrpcService["streams"]>[string]] => [
      name,
      async (stream, caller, origin) => {
        // The stream itself is a call, which asks for permissions and may be refused.
        const recorded = calls.begin(() => arrival(name, caller, origin));
        const message = (direction: "in" | "out", content: object) =>
          calls
            .begin(() => ({
              ...arrival(name, caller, origin, direction === "in" ? content : undefined),
              parent: recorded?.call,
            }))
            ?.end({ status: 200, stream: direction, ...(direction === "out" && { reply: content }) });
        try {
          await serve(withMessages(stream, message), recorded?.as(caller) ?? caller, origin);
          recorded?.end({ status: 200 });
        } catch (error) {
          throw failed(error, recorded, report);
        }
      },
    ],
  );
  return { ...grpc, methods: Object.fromEntries(methods), streams: Object.fromEntries(streams) };
}

/** Reports each message of a stream. */
function withMessages(stream: GrpcStream, message: (direction: "in" | "out", content: object) => void): GrpcStream {
  async function* requests() {
    for await (const request of stream.requests) {
      message("in", request);
      yield request;
    }
  }
  return {
    requests: requests(),
    send: (reply) => {
      message("out", reply);
      return stream.send(reply);
    },
  };
}

function failed(error: unknown, recorded: RecordedCall | undefined, report: (what: string) => void): unknown {
  recorded?.end(endingOf(error));
  if (error instanceof ApiError && error.http === 501) report(error.message);
  return error;
}
