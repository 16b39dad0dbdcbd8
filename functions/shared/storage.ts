import { GoogleApiError, PermanentError } from "./errors";
import type { GoogleApi, GoogleRequest } from "./google-api";
import { parseJson } from "./json";

export interface ObjectName {
  bucket: string;
  name: string;
}

export interface ObjectInfo {
  /** Number of this version of the object, an int64. */
  generation: string;
  /** Bytes. */
  size: number;
}

/** An object that is being read. */
export interface OpenObject {
  generation: string;
  /** Its bytes. @throws GoogleApiError when they break off. */
  chunks: AsyncIterable<Buffer>;
}

export interface ListQuery {
  /** Name of the bucket. */
  bucket: string;
  /** Beginning of the names; empty for all. */
  prefix: string;
  /**
   * Only names without it after the prefix, e.g. `/` for those directly in a folder.
   *
   * @default - all names
   */
  delimiter?: string;
  /** From the page before. */
  pageToken?: string;
  /**
   * 1 to 1000.
   *
   * @default 1000
   */
  maxResults?: number;
}

export interface ListedObject extends ObjectName {
  /** Bytes. */
  size: number;
  /** RFC 3339. */
  timeCreated: string;
}

export interface ObjectPage {
  /** In the order of their names. */
  objects: ListedObject[];
  /** Absent on the last page. */
  nextPageToken?: string;
}

/**
 * The operations on objects that functions need. All reject with GoogleApiError when Cloud Storage
 * answers with an error.
 */
export interface ObjectStore {
  /** Undefined without such an object. */
  stat(object: ObjectName): Promise<ObjectInfo | undefined>;
  /**
   * Begins to read an object, in one request.
   *
   * @throws PermanentError `missing_object` (404); `unsupported_encoding` for an object with a
   *   Content-Encoding: its size and ranges are those of the encoded bytes.
   */
  open(object: ObjectName): Promise<OpenObject>;
  /**
   * Reads an object of limited size, in one request.
   *
   * @throws PermanentError as `open`; `payload_too_large` (413).
   */
  readPlain(object: ObjectName, maxBytes: number): Promise<Buffer>;
  /**
   * Reads bytes `start` to `end` (exclusive) of one generation, or fewer when it ends before `end`.
   *
   * @throws PermanentError `missing_object` (404) when it no longer exists, `bad_range` when it
   *   ends before `start`.
   */
  readRange(object: ObjectName, generation: string, start: number, end: number): Promise<Buffer>;
  /** Reads a whole object. Undefined without such an object. */
  read(object: ObjectName): Promise<Buffer | undefined>;
  /** One page of the objects whose names begin with a prefix, in the order of their names. */
  list(query: ListQuery): Promise<ObjectPage>;
  /** Writes an object unless one of that name exists. @returns whether this call wrote it. */
  createOnce(object: ObjectName, data: string | Buffer, contentType: string): Promise<boolean>;
}

export const gsUri = ({ bucket, name }: ObjectName) => `gs://${bucket}/${name}`;

const API = "https://storage.googleapis.com";
/** A stream of a large input may last as long as the function. */
const STREAM_TIMEOUT = 3_600_000;
/** Milliseconds to read or write one object or a part of it. */
const TRANSFER_TIMEOUT = 60_000;
/** Most characters of JSON that is written with indentation. */
const MAX_INDENTED = 64 * 1024;

/**
 * Cloud Storage through its JSON API. It does not use @google-cloud/storage: version 7.22 waits for
 * ever when a download breaks off halfway, its uploads delete the existing object when a checksum
 * differs, and it is twice the size of a function's other code.
 */
export function objectStore(google: GoogleApi): ObjectStore {
  const read = <T>(
    object: ObjectName,
    query: Record<string, string>,
    more: Partial<GoogleRequest> = {},
  ): Promise<T> => {
    return google<T>({ method: "GET", url: urlOf(object, query), idempotent: true, ...more });
  };
  const media = { responseType: "arraybuffer", timeout: TRANSFER_TIMEOUT } as const;

  const store: ObjectStore = {
    stat: async (object) => {
      const fields = "generation,size";
      const metadata = await read<Metadata>(object, { fields }).catch(undefinedIfMissing);
      if (!metadata) return undefined;
      const { generation, size } = metadata;
      return { generation, size: Number(size) };
    },
    open: (object) =>
      google<OpenObject>({
        method: "GET",
        url: urlOf(object, { alt: "media" }),
        idempotent: true,
        timeout: STREAM_TIMEOUT,
        read: async (chunks, headers) => {
          requirePlain(object, headers);
          return { generation: headers.get("x-goog-generation") ?? "", chunks: buffers(chunks, object) };
        },
      }).catch((error) => {
        throw missing(error, object);
      }),
    readPlain: (object, maxBytes) =>
      google<Buffer>({
        method: "GET",
        url: urlOf(object, { alt: "media" }),
        headers: { Range: `bytes=0-${maxBytes}` },
        idempotent: true,
        timeout: TRANSFER_TIMEOUT,
        read: async (chunks, headers) => {
          requirePlain(object, headers);
          return collect(object, chunks, maxBytes);
        },
      }).catch((error) => {
        // An empty object has no range.
        if (error instanceof GoogleApiError && error.status === 416) return Buffer.alloc(0);
        throw missing(error, object);
      }),
    readRange: async (object, generation, start, end) => {
      const headers = { Range: `bytes=${start}-${end - 1}` };
      try {
        return Buffer.from(await read<ArrayBuffer>(object, { alt: "media", generation }, { ...media, headers }));
      } catch (error) {
        throw explained(error, object, generation);
      }
    },
    read: async (object) => {
      const bytes = await read<ArrayBuffer>(object, { alt: "media" }, media).catch(undefinedIfMissing);
      return bytes && Buffer.from(bytes);
    },
    list: async ({ bucket, prefix, delimiter, pageToken, maxResults }) => {
      const query = new URLSearchParams({ prefix, fields: "items(name,size,timeCreated),nextPageToken" });
      if (delimiter !== undefined) query.set("delimiter", delimiter);
      if (pageToken !== undefined) query.set("pageToken", pageToken);
      if (maxResults !== undefined) query.set("maxResults", String(maxResults));
      const url = `${API}/storage/v1/b/${bucket}/o?${query}`;
      const { items = [], nextPageToken } = await google<Listing>({ method: "GET", url, idempotent: true });
      const objects = items.map(({ name, size, timeCreated }) => ({ bucket, name, size: Number(size), timeCreated }));
      return { objects, nextPageToken };
    },
    createOnce: async (object, data, contentType) => {
      const query = `uploadType=media&ifGenerationMatch=0&name=${encodeURIComponent(object.name)}`;
      const url = `${API}/upload/storage/v1/b/${object.bucket}/o?${query}`;
      const headers = { "Content-Type": contentType };
      try {
        await google({ method: "POST", url, headers, body: data, idempotent: true, timeout: TRANSFER_TIMEOUT });
        return true;
      } catch (error) {
        // An object of that name exists. It may have been deleted since the request, so check it.
        if (error instanceof GoogleApiError && error.status === 412 && (await store.stat(object))) return false;
        throw error;
      }
    },
  };
  return store;
}

interface Metadata {
  generation: string;
  size: string;
}

interface Listing {
  items?: { name: string; size: string; timeCreated: string }[];
  nextPageToken?: string;
}

function urlOf({ bucket, name }: ObjectName, query: Record<string, string>): string {
  return `${API}/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}?${new URLSearchParams(query)}`;
}

async function* buffers(chunks: AsyncIterable<Uint8Array>, object: ObjectName): AsyncGenerator<Buffer> {
  try {
    for await (const { buffer, byteOffset, byteLength } of chunks) yield Buffer.from(buffer, byteOffset, byteLength);
  } catch (error) {
    throw brokenOff(error, object);
  }
}

/** Stops at the first byte too many. */
async function collect(object: ObjectName, chunks: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    bytes += chunk.length;
    if (bytes > maxBytes) {
      const message = `${gsUri(object)} has more than ${maxBytes} bytes, which are allowed`;
      throw new PermanentError("payload_too_large", message, 413);
    }
  }
  return Buffer.concat(parts);
}

/**
 * The stored encoding is in a header of its own, since Cloud Storage decodes gzip for some clients:
 * https://docs.cloud.google.com/storage/docs/transcoding
 */
function requirePlain(object: ObjectName, headers: Headers): void {
  const stored = headers.get("x-goog-stored-content-encoding") ?? headers.get("content-encoding") ?? "identity";
  if (stored === "identity") return;
  const message = `${gsUri(object)} has Content-Encoding ${stored}; allowed: none, since it is read in ranges of bytes`;
  throw new PermanentError("unsupported_encoding", message);
}

function missing(error: unknown, object: ObjectName): unknown {
  if (!(error instanceof GoogleApiError) || error.status !== 404) return error;
  return new PermanentError("missing_object", `There is no object ${gsUri(object)}`, 404);
}

/** All objects whose names begin with a prefix: one request for each 1000. */
export async function listAll(store: ObjectStore, query: Omit<ListQuery, "pageToken">): Promise<ListedObject[]> {
  const found: ListedObject[] = [];
  let pageToken: string | undefined;
  do {
    const page: ObjectPage = await store.list({ ...query, pageToken });
    found.push(...page.objects);
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
  return found;
}

/** Reads an object that holds JSON. Undefined without such an object. */
export async function readJson(store: ObjectStore, object: ObjectName): Promise<unknown> {
  const bytes = await store.read(object);
  return bytes && parseJson(bytes, gsUri(object));
}

/**
 * Indented for readers, unless it is long: the indentation of deep JSON can be a hundred times its
 * size.
 */
export function createJsonOnce(store: ObjectStore, object: ObjectName, value: unknown): Promise<boolean> {
  const json = JSON.stringify(value);
  const text = json.length > MAX_INDENTED ? json : JSON.stringify(value, undefined, 2);
  return store.createOnce(object, `${text}\n`, "application/json");
}

function undefinedIfMissing(error: unknown): undefined {
  if (error instanceof GoogleApiError && error.status === 404) return undefined;
  throw error;
}

function brokenOff(error: unknown, object: ObjectName): GoogleApiError {
  return new GoogleApiError(`${gsUri(object)} broke off: ${(error as Error).message}`, 0, "NO_ANSWER");
}

function explained(error: unknown, object: ObjectName, generation: string): Error {
  if (!(error instanceof GoogleApiError)) return brokenOff(error, object);
  if (error.status === 416) return new PermanentError("bad_range", `${gsUri(object)} is shorter than the range`);
  if (error.status === 404) {
    return new PermanentError("missing_object", `${gsUri(object)} has no generation ${generation}`, 404);
  }
  return error;
}
