import { existsSync, readFileSync } from "node:fs";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { join } from "node:path";
import { type INamespace, Root, type Type } from "protobufjs";
import { ApiError } from "../core/api-error";
import type { Caller, GrpcService } from "../core/stand-in";

/**
 * Messages as services see them: 64-bit numbers and enums as strings, bytes as Buffers, fields that were not set left out.
 * Replies may hold whatever protobufjs' `fromObject` takes.
 */
const AS_SERVICES_SEE_IT = { longs: String, enums: String, bytes: Buffer };

const roots = new Map<string, Root>();

/** Answers a unary call. Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md */
export async function answerGrpc(
  request: Http2ServerRequest,
  response: Http2ServerResponse,
  find: (service: string) => { service: GrpcService; caller: Caller },
): Promise<void> {
  response.setHeader("content-type", "application/grpc");
  try {
    const [, serviceName = "", methodName = ""] = request.url.split("/");
    const { service, caller } = find(serviceName);
    const { handle, input, output } = methodOf(service, methodName);
    const message = input.toObject(input.decode(messageOf(await bodyOf(request))), AS_SERVICES_SEE_IT);
    const reply = await handle(message, caller);
    response.write(frame(Buffer.from(output.encode(output.fromObject(reply)).finish())));
    response.addTrailers({ "grpc-status": "0" });
  } catch (error) {
    const { grpc, message } = error instanceof ApiError ? error : internal(error);
    // A refusal has no message, so its status stands among the headers ("Trailers-Only").
    response.setHeader("grpc-status", String(grpc));
    response.setHeader("grpc-message", percentEncoded(message));
  }
  response.end();
}

function methodOf(service: GrpcService, name: string) {
  const handle = service.methods[lowerFirst(name)] ?? service.methods[name];
  const notSimulated = `${service.name}/${name} is not simulated`;
  if (!handle) throw new ApiError("UNIMPLEMENTED", notSimulated);
  const definition = rootOf(service.protos).lookupService(service.name);
  const method = definition.methods[name];
  if (!method) throw new ApiError("UNIMPLEMENTED", `${service.name} has no method ${name}`);
  if (method.requestStream || method.responseStream) throw new ApiError("UNIMPLEMENTED", `${notSimulated}: it streams`);
  method.resolve();
  return { handle, input: method.resolvedRequestType as Type, output: method.resolvedResponseType as Type };
}

function rootOf(protos: string): Root {
  let root = roots.get(protos);
  if (!root) {
    root = Root.fromJSON(JSON.parse(readFileSync(fileOf(protos), "utf8")) as INamespace);
    roots.set(protos, root);
  }
  return root;
}

/** A client's protos.json is a file of its package, though not all packages export it. */
function fileOf(modulePath: string): string {
  const places = (require.resolve.paths(modulePath) ?? []).map((folder) => join(folder, modulePath));
  const file = places.find(existsSync);
  if (!file) throw new Error(`${modulePath} is not installed`);
  return file;
}

/** The one message of a request. */
function messageOf(body: Buffer): Buffer {
  if (body.length < 5) throw new ApiError("INTERNAL", "the request holds no message");
  if (body[0] !== 0) throw new ApiError("UNIMPLEMENTED", "compressed gRPC messages are not simulated");
  const length = body.readUInt32BE(1);
  if (body.length !== 5 + length) throw new ApiError("INTERNAL", "the request holds another than one message");
  return body.subarray(5);
}

function frame(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

export async function bodyOf(request: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

/** A fault of the stand-in: told to whoever runs it, not to its caller's retry policy. */
export function internal(error: unknown): ApiError {
  console.error(error);
  return new ApiError("INTERNAL", error instanceof Error ? error.message : String(error));
}

/** Source: PROTOCOL-HTTP2.md, Status-Message: bytes other than printable ASCII, and %, are percent-encoded. */
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
