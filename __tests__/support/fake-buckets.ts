import type { IncomingMessage, ServerResponse } from "node:http";
import { ApiError } from "./api-error";
import { checkObject } from "./google-limits";

interface FakeObject {
  bytes: Buffer;
  timeCreated: string;
  generation: string;
  contentType: string;
  contentEncoding?: string;
}

const FIRST_GENERATION = 1_700_000_000_000_000;

/**
 * Cloud Storage's JSON API for objects: metadata, lists, media by range and generation, media
 * upload, `ifGenerationMatch`.
 */
export class FakeBuckets {
  private readonly objects = new Map<string, FakeObject>();
  private generations = FIRST_GENERATION;

  /** Uploads behind the functions' back. @returns the generation. */
  put(uri: string, content: string | Buffer, contentEncoding?: string): string {
    const generation = String(++this.generations);
    const bytes = Buffer.from(content);
    this.objects.set(uri, { bytes, timeCreated: now(), generation, contentType: "text/plain", contentEncoding });
    return generation;
  }

  delete(uri: string): void {
    this.objects.delete(uri);
  }

  clear(): void {
    this.objects.clear();
    this.generations = FIRST_GENERATION;
  }

  /** All objects' `gs://` paths, sorted. */
  get uris(): string[] {
    return [...this.objects.keys()].sort();
  }

  /** Every object's text, by its path. */
  get texts(): Record<string, string> {
    return Object.fromEntries(this.uris.map((uri) => [uri, this.text(uri)]));
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

  /**
   * @param response absent when the answer is to be lost.
   * @param cut media stops halfway.
   */
  serve(request: IncomingMessage, url: URL, body: Buffer, response?: ServerResponse, cut = false): void {
    const [, bucket = "", name] = /\/b\/([^/]+)\/o(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
    if (url.pathname.includes("/upload/")) this.upload(request, bucket, url, body, response);
    else if (name === undefined) this.list(bucket, url.searchParams, response);
    else this.read(request, url, `gs://${bucket}/${decodeURIComponent(name ?? "")}`, response, cut);
  }

  private read(request: IncomingMessage, url: URL, uri: string, response?: ServerResponse, cut = false): void {
    const object = this.objects.get(uri);
    const generation = url.searchParams.get("generation");
    checkObject(nameIn(uri), generation);
    if (!object || (generation && generation !== object.generation)) {
      throw new ApiError(404, "NOT_FOUND", `No such object: ${uri.slice("gs://".length)}`);
    }
    if (url.searchParams.get("alt") === "media") sendMedia(object, request.headers.range, response, cut);
    else send(response, this.resource(uri, object));
  }

  private upload(request: IncomingMessage, bucket: string, url: URL, bytes: Buffer, response?: ServerResponse): void {
    const uri = `gs://${bucket}/${url.searchParams.get("name")}`;
    checkObject(nameIn(uri), null);
    if (url.searchParams.get("ifGenerationMatch") === "0" && this.objects.has(uri)) {
      throw new ApiError(412, "FAILED_PRECONDITION", "At least one of the pre-conditions you specified did not hold.");
    }
    // Not from `headers`: the functions' host takes the type away from every request of this
    // process.
    const at = request.rawHeaders.findIndex((header) => header.toLowerCase() === "content-type");
    const contentType = request.rawHeaders[at + 1] ?? "";
    const object = { bytes, timeCreated: now(), generation: String(++this.generations), contentType };
    this.objects.set(uri, object);
    send(response, this.resource(uri, object));
  }

  /** In the order of the names, at most 1000 a page. A page's token is its last name. */
  private list(bucket: string, query: URLSearchParams, response?: ServerResponse): void {
    const [prefix, delimiter] = [query.get("prefix") ?? "", query.get("delimiter")];
    const start = `gs://${bucket}/`;
    const names = [...this.objects.keys()]
      .filter((uri) => uri.startsWith(start + prefix))
      .map((uri) => uri.slice(start.length))
      .filter((name) => !delimiter || !name.slice(prefix.length).includes(delimiter))
      .filter((name) => name > (query.get("pageToken") ?? ""))
      .sort();
    const page = names.slice(0, Math.min(Number(query.get("maxResults") ?? 1000), 1000));
    const items = page.map((name) => this.resource(start + name, this.objects.get(start + name) as FakeObject));
    const nextPageToken = page.length < names.length ? page.at(-1) : undefined;
    send(response, { kind: "storage#objects", ...(items.length > 0 && { items }), nextPageToken });
  }

  private resource(uri: string, { bytes, generation, timeCreated, ...types }: FakeObject): object {
    const [bucket, ...name] = uri.slice("gs://".length).split("/");
    return {
      kind: "storage#object",
      bucket,
      name: name.join("/"),
      generation,
      size: String(bytes.length),
      timeCreated,
      ...types,
    };
  }
}

const now = () => new Date().toISOString();
const nameIn = (uri: string) => uri.split("/").slice(3).join("/");

function sendMedia(
  { bytes, generation, contentEncoding = "identity" }: FakeObject,
  range: string | undefined,
  response?: ServerResponse,
  cut = false,
): void {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? [];
  if (from !== undefined && Number(from) >= bytes.length)
    throw new ApiError(416, "OUT_OF_RANGE", "Range not satisfiable");
  const part = from === undefined ? bytes : bytes.subarray(Number(from), to ? Number(to) + 1 : undefined);
  response?.writeHead(from === undefined ? 200 : 206, {
    "Content-Type": "application/octet-stream",
    "Content-Length": part.length,
    "x-goog-generation": generation,
    "x-goog-stored-content-encoding": contentEncoding,
  });
  if (cut) response?.write(part.subarray(0, part.length / 2), () => response.destroy());
  else response?.end(part);
}

function send(response: ServerResponse | undefined, body: object): void {
  response?.setHeader("Content-Type", "application/json");
  response?.end(JSON.stringify(body));
}
