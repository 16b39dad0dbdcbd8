import { once } from "node:events";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { Type } from "protobufjs";
import { ApiError } from "../core/api-error";
import { type Clock, holding } from "../core/clock";
import type { Caller, GrpcOrigin, GrpcService, GrpcStream } from "../core/emulator";
import { bodyOf, definitionOf, frame, messageOf, messagesOf } from "./grpc-messages";

/**
 * Messages as services see them: 64-bit numbers and enums as strings, bytes as Buffers, fields that
 * were not set left out. Replies may hold whatever protobufjs' `fromObject` takes.
 */
const AS_SERVICES_SEE_IT = { longs: String, enums: String, bytes: Buffer };

export interface GrpcOptions {
  /** @throws ApiError if the service is not simulated */
  readonly find: (service: string) => { service: GrpcService; caller: Caller; origin: GrpcOrigin };
  /** It stands still while a unary call is answered. */
  readonly clock?: Clock;
}

/**
 * Answers a unary call or a bidirectional stream. Source:
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export async function answerGrpc(
  request: Http2ServerRequest,
  response: Http2ServerResponse,
  { find, clock }: GrpcOptions,
): Promise<void> {
  response.setHeader("content-type", "application/grpc");
  try {
    const [, serviceName = "", methodName = ""] = request.url.split("/");
    const { service, caller, origin } = find(serviceName);
    const method = methodOf(service, methodName);
    if (method.serve) await method.serve(streamOf(request, response, method), caller, origin);
    else {
      await holding(clock, async () => {
        const reply = await method.handle(decoded(method.input, messageOf(await bodyOf(request))), caller, origin);
        response.write(encoded(method.output, reply));
      });
    }
    end(response, 0);
  } catch (error) {
    if (response.destroyed) return;
    const { grpc, message } = error instanceof ApiError ? error : internal(error);
    end(response, grpc, message);
  }
}

/**
 * The status is a trailer, or a header if no message was sent ("Trailers-Only").
 */
function end(response: Http2ServerResponse, status: number, message?: string): void {
  const values = {
    "grpc-status": String(status),
    ...(message !== undefined && { "grpc-message": percentEncoded(message) }),
  };
  if (response.headersSent) response.addTrailers(values);
  else for (const [name, value] of Object.entries(values)) response.setHeader(name, value);
  response.end();
}

type Answering =
  | { serve: NonNullable<GrpcService["streams"]>[string]; handle?: undefined }
  | { serve?: undefined; handle: GrpcService["methods"][string] };

function methodOf(service: GrpcService, name: string): Answering & { input: Type; output: Type } {
  const notSimulated = `${service.name}/${name} is not simulated`;
  const handle = service.methods[lowerFirst(name)] ?? service.methods[name];
  const serve = service.streams?.[name];
  if (!handle && !serve) throw new ApiError("UNIMPLEMENTED", notSimulated);
  const definition = definitionOf(service.protos, service.name, name);
  const types = { input: definition.resolvedRequestType as Type, output: definition.resolvedResponseType as Type };
  if (serve && definition.requestStream && definition.responseStream) return { serve, ...types };
  if (handle && !definition.requestStream && !definition.responseStream) return { handle, ...types };
  throw new ApiError("UNIMPLEMENTED", `${notSimulated}: it streams`);
}

function streamOf(
  request: Http2ServerRequest,
  response: Http2ServerResponse,
  { input, output }: { input: Type; output: Type },
): GrpcStream {
  async function* requests() {
    try {
      for await (const message of messagesOf(request)) yield decoded(input, message);
    } catch (error) {
      // The caller has cancelled, or its connection has ended.
      if (!request.aborted && !response.destroyed) throw error;
    }
  }
  return {
    requests: requests(),
    async send(reply) {
      if (response.destroyed || response.write(encoded(output, reply))) return;
      await Promise.race([once(response, "drain"), once(response, "close")]);
    },
  };
}

function decoded(type: Type, message: Buffer): object {
  return type.toObject(type.decode(message), AS_SERVICES_SEE_IT);
}

function encoded(type: Type, reply: object): Buffer {
  return frame(type.encode(type.fromObject(reply)).finish());
}

/** An error of the emulator itself. It is printed, and its caller does not retry. */
export function internal(error: unknown): ApiError {
  console.error(error);
  return new ApiError("INTERNAL", error instanceof Error ? error.message : String(error));
}

/**
 * Source: PROTOCOL-HTTP2.md, Status-Message: bytes other than printable ASCII, and %, are
 * percent-encoded.
 */
function percentEncoded(message: string): string {
  return [...Buffer.from(message)]
    .map((byte) =>
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
    )
    .join("");
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
