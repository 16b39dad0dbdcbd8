import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type INamespace, type Method, Root } from "protobufjs";
import { ApiError } from "../core/api-error";

const roots = new Map<string, Root>();

/**
 * A method as the proto defines it.
 *
 * @param protos module path of a client's `protos.json`
 * @throws ApiError UNIMPLEMENTED
 */
export function definitionOf(protos: string, service: string, name: string): Method {
  const method = rootOf(protos).lookupService(service).methods[name];
  if (!method) throw new ApiError("UNIMPLEMENTED", `${service} has no method ${name}`);
  return method.resolve() as Method;
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

/**
 * A flag byte (0: not compressed) and the length come before each message. Source:
 * PROTOCOL-HTTP2.md, Length-Prefixed-Message.
 */
const PREFIX = 5;

/** The one message of a unary request. */
export function messageOf(body: Buffer): Buffer {
  if (body.length < PREFIX) throw new ApiError("INTERNAL", "the request holds no message");
  if (body.length !== PREFIX + lengthOf(body)) {
    throw new ApiError("INTERNAL", "the request holds another than one message");
  }
  return body.subarray(PREFIX);
}

/** The messages of a stream, as they arrive. */
export async function* messagesOf(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of body) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= PREFIX) {
      const end = PREFIX + lengthOf(rest);
      if (rest.length < end) break;
      yield rest.subarray(PREFIX, end);
      rest = rest.subarray(end);
    }
  }
  if (rest.length > 0) throw new ApiError("INTERNAL", "the stream ends within a message");
}

function lengthOf(body: Buffer): number {
  if (body[0] !== 0) throw new ApiError("UNIMPLEMENTED", "compressed gRPC messages are not simulated");
  return body.readUInt32BE(1);
}

/** A message with its prefix. */
export function frame(message: Uint8Array): Buffer {
  const head = Buffer.alloc(PREFIX);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

export async function bodyOf(request: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}
