import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { CRC32C } from "@google-cloud/storage";
import { ApiError } from "./fake-google";

interface FakeObject {
  bytes: Buffer;
  generation: string;
  contentType: string;
  contentEncoding?: string;
}

/** Cloud Storage's JSON API for objects: metadata, media by range and generation, multipart upload, `ifGenerationMatch`. */
export class FakeBuckets {
  private readonly objects = new Map<string, FakeObject>();
  private generations = 1_700_000_000_000_000;

  /** Uploads behind the functions' back. @returns the generation. */
  put(uri: string, content: string | Buffer, contentEncoding?: string): string {
    const generation = String(++this.generations);
    this.objects.set(uri, { bytes: Buffer.from(content), generation, contentType: "text/plain", contentEncoding });
    return generation;
  }

  delete(uri: string): void {
    this.objects.delete(uri);
  }

  clear(): void {
    this.objects.clear();
  }

  /** All objects' `gs://` paths, sorted. */
  get uris(): string[] {
    return [...this.objects.keys()].sort();
  }

  text(uri: string): string {
    const object = this.objects.get(uri);
    if (!object) throw new Error(`no object ${uri}; there are ${this.uris.join(", ")}`);
    return object.bytes.toString();
  }

  json(uri: string) {
    return JSON.parse(this.text(uri));
  }

  jsonLines(uri: string) {
    return this.text(uri)
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
  }

  /** @param response absent when the answer is to be lost. */
  serve(request: IncomingMessage, url: URL, body: Buffer, response?: ServerResponse): void {
    const [, bucket = "", name] = /\/b\/([^/]+)\/o(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
    if (url.pathname.startsWith("/upload/")) this.upload(bucket, url, body, response);
    else this.read(request, url, `gs://${bucket}/${decodeURIComponent(name ?? "")}`, response);
  }

  private read(request: IncomingMessage, url: URL, uri: string, response?: ServerResponse): void {
    const object = this.objects.get(uri);
    const generation = url.searchParams.get("generation");
    if (!object || (generation && generation !== object.generation)) {
      throw new ApiError(404, "NOT_FOUND", `No such object: ${uri.slice("gs://".length)}`);
    }
    if (url.searchParams.get("alt") === "media") sendMedia(object, request.headers.range, response);
    else send(response, this.resource(uri, object));
  }

  private upload(bucket: string, url: URL, body: Buffer, response?: ServerResponse): void {
    const { metadata, media } = multipart(body);
    const uri = `gs://${bucket}/${url.searchParams.get("name") ?? metadata.name}`;
    if (url.searchParams.get("ifGenerationMatch") === "0" && this.objects.has(uri)) {
      throw new ApiError(412, "FAILED_PRECONDITION", "At least one of the pre-conditions you specified did not hold.");
    }
    const object = { bytes: media, generation: String(++this.generations), contentType: metadata.contentType ?? "" };
    this.objects.set(uri, object);
    send(response, { ...this.resource(uri, object), ...hashes(media) });
  }

  private resource(uri: string, { bytes, generation, contentType, contentEncoding }: FakeObject): object {
    const [bucket, ...name] = uri.slice("gs://".length).split("/");
    return {
      kind: "storage#object",
      bucket,
      name: name.join("/"),
      generation,
      size: String(bytes.length),
      contentType,
      contentEncoding,
    };
  }
}

function sendMedia({ bytes, generation }: FakeObject, range: string | undefined, response?: ServerResponse): void {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? [];
  if (from !== undefined && Number(from) >= bytes.length)
    throw new ApiError(416, "OUT_OF_RANGE", "Range not satisfiable");
  const part = from === undefined ? bytes : bytes.subarray(Number(from), to ? Number(to) + 1 : undefined);
  const hash = hashes(bytes);
  response?.writeHead(from === undefined ? 200 : 206, {
    "Content-Type": "application/octet-stream",
    "Content-Length": part.length,
    "x-goog-generation": generation,
    "x-goog-hash": `crc32c=${hash.crc32c},md5=${hash.md5Hash}`,
  });
  response?.end(part);
}

/** What the client compares the bytes with. */
function hashes(bytes: Buffer): { crc32c: string; md5Hash: string } {
  const sum = new CRC32C();
  sum.update(bytes);
  return { crc32c: sum.toString(), md5Hash: createHash("md5").update(bytes).digest("base64") };
}

function send(response: ServerResponse | undefined, body: object): void {
  response?.setHeader("Content-Type", "application/json");
  response?.end(JSON.stringify(body));
}

/** `multipart/related`: one part of JSON metadata, one of media. */
function multipart(body: Buffer): { metadata: { name?: string; contentType?: string }; media: Buffer } {
  const boundary = body.subarray(0, body.indexOf("\r\n"));
  const metaStart = body.indexOf("\r\n\r\n") + 4;
  const metaEnd = body.indexOf(boundary, metaStart) - 2;
  const mediaStart = body.indexOf("\r\n\r\n", metaEnd) + 4;
  const mediaEnd = body.lastIndexOf(boundary) - 2;
  return {
    metadata: JSON.parse(body.subarray(metaStart, metaEnd).toString()),
    media: body.subarray(mediaStart, mediaEnd),
  };
}
