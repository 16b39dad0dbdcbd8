import { gunzipSync } from "node:zlib";
import type { RestReply } from "../core/emulator";
import { crc32c, md5 } from "./checksums";
import { rangeNotSatisfiable } from "./storage-error";
import { etag, type StoredObject } from "./stored-object";

/**
 * An object's bytes as `alt=media` gives them. Sources: docs/transcoding,
 * docs/xml-api/reference-headers, RFC 9110 14.
 */
export function toMedia(object: StoredObject, requestHeaders: Readonly<Record<string, string>>): RestReply {
  const { content, metadata } = object;
  const gzipped = metadata.contentEncoding === "gzip";
  // Decompressive transcoding: for clients that do not accept gzip, unless Cache-Control forbids
  // it.
  const transcoded =
    gzipped &&
    !/\bgzip\b|\*/.test(requestHeaders["accept-encoding"] ?? "") &&
    !(metadata.cacheControl ?? "").includes("no-transform");
  const headers = headersOf(object, transcoded);
  if (transcoded) return { status: 200, headers, body: gunzipSync(content) };

  const range = readRange(requestHeaders.range, content.length);
  if (!range) return { status: 200, headers, body: content };
  const [start, end] = range;
  const bytes = content.subarray(start, end + 1);
  return {
    status: 206,
    headers: { ...headers, "content-range": `bytes ${start}-${end}/${content.length}` },
    body: bytes,
  };
}

function headersOf(object: StoredObject, transcoded: boolean): Record<string, string> {
  const { metadata, content } = object;
  const headers: Record<string, string | undefined> = {
    "content-type": metadata.contentType,
    "content-encoding": transcoded ? undefined : metadata.contentEncoding,
    "content-disposition": metadata.contentDisposition,
    "content-language": metadata.contentLanguage,
    "cache-control": metadata.cacheControl ?? "no-cache, no-store, max-age=0, must-revalidate",
    etag: etag(object),
    "last-modified": new Date(object.updated).toUTCString(),
    "accept-ranges": transcoded ? "none" : "bytes",
    "x-goog-generation": String(object.generation),
    "x-goog-metageneration": String(object.metageneration),
    "x-goog-storage-class": object.storageClass,
    "x-goog-hash": `crc32c=${crc32c(content)},md5=${md5(content)}`,
    "x-goog-stored-content-encoding": metadata.contentEncoding ?? "identity",
    "x-goog-stored-content-length": String(content.length),
    warning: transcoded ? "214 UploadServer gunzipped" : undefined,
  };
  return Object.fromEntries(
    Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** First and last byte; undefined where all is asked for. @throws StorageError 416 */
function readRange(header: string | undefined, size: number): [number, number] | undefined {
  const range = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  // Anything other than a single range is ignored, as HTTP allows.
  if (!range || (range[1] === "" && range[2] === "")) return undefined;
  const [start, end] =
    range[1] === ""
      ? [Math.max(0, size - Number(range[2])), size - 1]
      : [Number(range[1]), range[2] === "" ? size - 1 : Math.min(Number(range[2]), size - 1)];
  if (start >= size || start > end) throw rangeNotSatisfiable("The requested range cannot be satisfied.");
  return [start, end];
}
