import { randomUUID } from "node:crypto";
import type { Caller, RestReply, RestRequest } from "../core/emulator";
import { type Preconditions, readPreconditions } from "./preconditions";
import type { StorageEmulator } from "./storage-emulator";
import { invalid, notFound, unimplemented } from "./storage-error";
import { type Checksums, toResource, type WritableMetadata } from "./stored-object";

/** A resumable upload that has begun. */
interface Session {
  readonly caller: Caller;
  readonly bucket: string;
  readonly name: string;
  readonly metadata: WritableMetadata;
  readonly checksums: Checksums;
  readonly preconditions: Preconditions;
  received: Buffer[];
  /** Bytes. */
  size: number;
  /** The answer to the last chunk, for clients that repeat it. */
  done?: RestReply;
}

const WRITABLE = [
  "contentType",
  "contentEncoding",
  "contentDisposition",
  "contentLanguage",
  "cacheControl",
  "customTime",
  "metadata",
] as const satisfies readonly (keyof WritableMetadata)[];

/** Fields that clients send and the store computes itself. */
const IGNORED = ["name", "bucket", "crc32c", "md5Hash", "size", "contentLength", "kind", "id"];

/**
 * Chunks other than the last are whole multiples of this many bytes. Source:
 * docs/performing-resumable-uploads.
 */
const CHUNK = 256 * 1024;

/**
 * The three ways to upload: media, multipart, resumable. Source: docs/json_api/v1/objects/insert,
 * docs/resumable-uploads.
 */
export class Uploads {
  private readonly sessions = new Map<string, Session>();

  constructor(private readonly storage: StorageEmulator) {}

  handle(request: RestRequest, bucket: string): RestReply {
    const id = request.query.get("upload_id");
    if (id !== null) return this.resume(request, id);
    if (request.method !== "POST") throw invalid(`${request.method} needs an upload_id`);
    const type = request.query.get("uploadType") ?? request.headers["x-goog-upload-protocol"] ?? "none";
    if (type === "media") return this.media(request, bucket);
    if (type === "multipart") return this.multipart(request, bucket);
    if (type === "resumable") return this.begin(request, bucket);
    throw unimplemented(`uploadType ${type} is not simulated; media, multipart and resumable are`);
  }

  private media({ caller, query, headers, body }: RestRequest, bucket: string): RestReply {
    const metadata: WritableMetadata = {
      ...(headers["content-type"] && { contentType: headers["content-type"] }),
      ...encodingOf(query),
    };
    const object = this.storage.put(caller, bucket, query.get("name") ?? "", body, {
      metadata,
      preconditions: readPreconditions(query),
      checksums: { ...hashes(headers), ...(headers["content-md5"] && { md5Hash: headers["content-md5"] }) },
    });
    return { status: 200, body: toResource(object) };
  }

  private multipart({ caller, query, headers, body }: RestRequest, bucket: string): RestReply {
    const [first, media, ...others] = readMultipart(headers["content-type"] ?? "", body);
    if (!first || !media || others.length > 0) throw invalid("Multipart must have 2 parts: metadata and media");
    const given = readJson(first.content);
    const object = this.storage.put(caller, bucket, nameOf(query, given), media.content, {
      metadata: { ...contentTypeOf(media.headers["content-type"]), ...readMetadata(given), ...encodingOf(query) },
      preconditions: readPreconditions(query),
      checksums: { ...hashes(headers), ...checksumsOf(given) },
    });
    return { status: 200, body: toResource(object) };
  }

  private begin({ caller, query, headers, body, host, path }: RestRequest, bucket: string): RestReply {
    const given = readJson(body);
    const name = nameOf(query, given);
    const preconditions = readPreconditions(query);
    this.storage.checkPut(caller, bucket, name, preconditions);
    const id = randomUUID();
    const metadata = {
      ...contentTypeOf(headers["x-upload-content-type"]),
      ...readMetadata(given),
      ...encodingOf(query),
    };
    const checksums = checksumsOf(given);
    this.sessions.set(id, { caller, bucket, name, metadata, checksums, preconditions, received: [], size: 0 });
    const origin = host.endsWith("googleapis.com") ? `https://${host}` : `http://${headers.host ?? host}`;
    const parameters = new URLSearchParams({ uploadType: "resumable", name, upload_id: id });
    return { status: 200, headers: { location: `${origin}${path}?${parameters}`, "x-guploader-uploadid": id } };
  }

  /**
   * A chunk, a question how much has arrived, or the end of the upload. The session's id is enough
   * to continue it.
   */
  private resume({ method, headers, body }: RestRequest, id: string): RestReply {
    const session = this.sessions.get(id);
    if (!session) throw notFound("The upload session does not exist, or was finished or cancelled.");
    if (method === "DELETE") {
      this.sessions.delete(id);
      return { status: 499 };
    }
    if (method !== "PUT" && method !== "POST") throw invalid(`${method} cannot continue an upload`);
    if (session.done) return session.done;

    const { start, total } = readContentRange(headers["content-range"], body.length);
    if (start !== undefined) {
      if (start > session.size) throw invalid(`Bytes ${session.size} to ${start - 1} have not come yet`);
      // Bytes that arrived before are skipped.
      const news = body.subarray(session.size - start);
      const last = total !== undefined && start + body.length >= total;
      const kept = last ? news : news.subarray(0, news.length - ((session.size + news.length) % CHUNK));
      session.received.push(kept);
      session.size += kept.length;
    }
    if (total === undefined || session.size < total) return incomplete(session.size);
    if (session.size > total) throw invalid(`${session.size} bytes came, ${total} were announced`);
    return this.finish(session, headers);
  }

  private finish(session: Session, headers: RestRequest["headers"]): RestReply {
    const { caller, bucket, name, metadata, preconditions } = session;
    const checksums = { ...session.checksums, ...hashes(headers) };
    const object = this.storage.put(caller, bucket, name, Buffer.concat(session.received), {
      metadata,
      preconditions,
      checksums,
    });
    session.received = [];
    session.done = { status: 200, body: toResource(object) };
    return session.done;
  }
}

function incomplete(size: number): RestReply {
  return { status: 308, headers: size > 0 ? { range: `bytes=0-${size - 1}` } : {} };
}

// `bytes 0-99/100`; a star for the size where it is unknown, for the end where the client streams
// (the Node client does), for the range where it only asks or ends. Without the header all comes at
// once.
function readContentRange(header: string | undefined, length: number): { start?: number; total?: number } {
  if (!header) return { start: 0, total: length };
  const range = /^bytes (?:(\d+)-(\d+|\*)|\*)\/(\d+|\*)$/.exec(header);
  if (!range) throw invalid(`Failed to parse Content-Range header: ${header}`);
  const [, from, to, size] = range;
  const start = from === undefined ? undefined : Number(from);
  // A stream of unknown length ends where the request ends.
  const unknown = start !== undefined && to === "*" ? start + length : undefined;
  return { start, total: size === "*" ? unknown : Number(size) };
}

/**
 * Writable fields of an object resource.
 *
 * @throws StorageError 501 for fields that are not simulated, by name
 */
export function readMetadata(given: Readonly<Record<string, unknown>>): WritableMetadata {
  const known: readonly string[] = [...WRITABLE, ...IGNORED];
  const unknown = Object.keys(given).filter((name) => !known.includes(name));
  if (unknown.length > 0) throw unimplemented(`Not simulated of an object: ${unknown.join(", ")}`);
  return Object.fromEntries(WRITABLE.filter((name) => given[name] !== undefined).map((name) => [name, given[name]]));
}

export function readJson(bytes: Buffer): Record<string, unknown> {
  if (bytes.length === 0) return {};
  try {
    const value = JSON.parse(bytes.toString());
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // The error is below.
  }
  throw invalid("Parse Error");
}

function nameOf(query: URLSearchParams, given: Readonly<Record<string, unknown>>): string {
  return query.get("name") ?? String(given.name ?? "");
}

const contentTypeOf = (contentType: string | undefined) => (contentType ? { contentType } : {});

function encodingOf(query: URLSearchParams): WritableMetadata {
  const contentEncoding = query.get("contentEncoding");
  return contentEncoding ? { contentEncoding } : {};
}

function checksumsOf({ crc32c, md5Hash }: Readonly<Record<string, unknown>>): Checksums {
  return { ...(typeof crc32c === "string" && { crc32c }), ...(typeof md5Hash === "string" && { md5Hash }) };
}

/** `x-goog-hash: crc32c=…,md5=…` */
function hashes(headers: Readonly<Record<string, string>>): Checksums {
  const given = new Map(
    (headers["x-goog-hash"] ?? "").split(",").map((pair) => {
      const equals = pair.indexOf("=");
      return [pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()];
    }),
  );
  const [crc32c, md5Hash] = [given.get("crc32c"), given.get("md5")];
  return { ...(crc32c && { crc32c }), ...(md5Hash && { md5Hash }) };
}

interface Part {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly content: Buffer;
}

/** Splits a `multipart/related` body. Source: RFC 2046 5.1. @throws StorageError 400 */
function readMultipart(contentType: string, body: Buffer): Part[] {
  const boundary = /boundary=(?:"([^"]+)"|'([^']+)'|([^;\s]+))/i.exec(contentType);
  if (!boundary) throw invalid("Missing multipart boundary in the Content-Type header");
  const delimiter = Buffer.from(`--${boundary[1] ?? boundary[2] ?? boundary[3]}`);

  const parts: Part[] = [];
  let start = body.indexOf(delimiter);
  while (start >= 0) {
    const from = start + delimiter.length;
    if (body.subarray(from, from + 2).toString() === "--") return parts;
    const next = body.indexOf(Buffer.concat([Buffer.from("\r\n"), delimiter]), from);
    if (next < 0) break;
    parts.push(readPart(body.subarray(from, next)));
    start = next + 2;
  }
  throw invalid("Malformed multipart body.");
}

function readPart(bytes: Buffer): Part {
  // The delimiter's own line ends here; without headers the empty line follows at once.
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) throw invalid("Malformed multipart body.");
  const lines = bytes.subarray(0, end).toString().split("\r\n").filter(Boolean);
  const headers = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { headers: Object.fromEntries(headers), content: bytes.subarray(end + 4) };
}
