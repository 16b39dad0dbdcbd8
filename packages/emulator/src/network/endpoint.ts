import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from "node:http2";
import type { Socket } from "node:net";
import { ApiError, ConnectionLost } from "../core/api-error";
import { type Clock, holding } from "../core/clock";
import type { Caller, RestReply, RestRequest } from "../core/emulator";
import { listenOnLoopback, portOf } from "../core/loopback";
import type { Certificate } from "./certificate";
import { answerGrpc, internal } from "./grpc";
import { bodyOf } from "./grpc-messages";
import type { Services } from "./services";
import type { TokenAuthority } from "./tokens";

export interface EndpointOptions {
  readonly leaf: Certificate;
  readonly services: Services;
  readonly tokens: TokenAuthority;
  readonly onRefused: (host: string) => void;
  /** It stands still while a request is answered, but not while a stream is open. */
  readonly clock?: Clock;
}

/**
 * One TLS port for all of Google's hosts: gRPC over HTTP/2, REST over HTTP/1.1 (or 2). The content
 * type says which.
 */
export class Endpoint {
  private readonly server: Http2SecureServer;
  private readonly sockets = new Set<Socket>();

  constructor(private readonly options: EndpointOptions) {
    const { certificate, key } = options.leaf;
    this.server = createSecureServer({
      allowHTTP1: true,
      cert: certificate,
      key: key.export({ type: "pkcs8", format: "pem" }),
      // Google allows far more streams. With Node's default, calls of a busy client wait.
      settings: { maxConcurrentStreams: 1000 },
    });
    // Clients' idle connections stay open: closing one races with its next request.
    Object.assign(this.server, { keepAliveTimeout: 0 });
    // Only this event: with allowHTTP1, listening for "stream" too would send trailers twice.
    this.server.on("request", (request, response) => {
      void this.answer(request, response);
    });
    this.server.on("secureConnection", (socket) => {
      this.sockets.add(socket);
      socket.once("close", () => this.sockets.delete(socket));
    });
  }

  get port(): number {
    return portOf(this.server);
  }

  start(): Promise<void> {
    return listenOnLoopback(this.server);
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      for (const socket of this.sockets) socket.destroy();
    });
  }

  private async answer(request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
    request.on("error", () => {});
    response.on("error", () => {});
    const { clock } = this.options;
    const host = hostOf(request.authority ?? request.headers.host ?? "");
    if (request.headers["content-type"]?.startsWith("application/grpc")) {
      const find = (name: string) => this.grpc(host, name, request);
      await answerGrpc(request, response, { find, clock });
    } else {
      await holding(clock, () => this.rest(host, request, response));
    }
  }

  private grpc(host: string, name: string, { headers, socket }: Http2ServerRequest) {
    const service = this.options.services.grpc(host, name);
    if (!service && !this.options.services.knows(host)) throw this.refused(host);
    if (!service) throw new ApiError("UNIMPLEMENTED", `${name} on ${host} is not simulated`);
    const caller = callerOf(headers.authorization, this.options.tokens);
    return { service, caller, origin: { host, headers: plainHeaders(headers), port: socket.remotePort } };
  }

  private async rest(host: string, request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
    let reply: RestReply;
    try {
      const service = this.options.services.rest(host);
      if (!service) throw this.refused(host);
      const headers = plainHeaders(request.headers);
      const caller = service.authenticates ? {} : callerOf(headers.authorization, this.options.tokens);
      const url = new URL(request.url, `https://${host}`);
      const body = await bodyOf(request);
      const [path = "/"] = request.url.split("?");
      reply = await service.handle({
        method: request.method,
        host,
        path,
        query: url.searchParams,
        headers,
        body,
        caller,
        port: request.socket.remotePort,
      } satisfies RestRequest);
    } catch (error) {
      if (error instanceof ConnectionLost) return hangUp(request);
      reply = refusalOf(error);
    }
    send(reply, response);
  }

  private refused(host: string): ApiError {
    this.options.onRefused(host);
    return new ApiError("UNIMPLEMENTED", `${host} is not simulated`);
  }
}

/**
 * The caller of a request, as Google's APIs see it.
 *
 * @throws ApiError UNAUTHENTICATED for a token that they do not accept
 */
export function callerOf(authorization: string | undefined, tokens: TokenAuthority): Caller {
  if (!authorization) return {};
  const identity = tokens.verify(authorization);
  if (identity && !identity.expired && identity.audience === undefined) return { email: identity.email };
  throw new ApiError(
    "UNAUTHENTICATED",
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.",
  );
}

export function refusalOf(error: unknown): RestReply {
  const apiError = error instanceof ApiError ? error : internal(error);
  return { status: apiError.http, body: apiError.toJSON() };
}

/** The bytes of a reply, and its headers with the content type that Google's APIs give. */
export function rendered({ headers = {}, body }: RestReply): { headers: Record<string, string>; body: Buffer } {
  if (body === undefined) return { headers: { ...headers }, body: Buffer.alloc(0) };
  if (Buffer.isBuffer(body)) return { headers: { ...headers }, body };
  const isText = typeof body === "string";
  const type = isText ? "text/html; charset=UTF-8" : "application/json; charset=UTF-8";
  return { headers: { "content-type": type, ...headers }, body: Buffer.from(isText ? body : JSON.stringify(body)) };
}

function send(reply: RestReply, response: Http2ServerResponse): void {
  if (response.destroyed) return;
  const { headers, body } = rendered(reply);
  response.writeHead(reply.status, { ...headers, "content-length": String(body.length) });
  response.end(body);
}

function hangUp(request: Http2ServerRequest): void {
  const connection = request.httpVersionMajor === 2 ? request.stream.session : request.socket;
  connection?.destroy();
}

function hostOf(authority: string): string {
  return authority.toLowerCase().replace(/:\d+$/, "");
}

function plainHeaders(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !name.startsWith(":")) plain[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return plain;
}
