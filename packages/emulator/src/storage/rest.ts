import { ApiError } from "../core/api-error";
import type { RestReply, RestRequest, RestService } from "../core/emulator";
import { answerBatch } from "./batch";
import { selectFields } from "./fields";
import { toMedia } from "./media";
import { notModified, PRECONDITIONS, readPreconditions } from "./preconditions";
import type { StorageEmulator } from "./storage-emulator";
import { invalid, notFound, StorageError, unimplemented } from "./storage-error";
import { toResource } from "./stored-object";
import { readJson, readMetadata, Uploads } from "./uploads";

/** Parameters that any method may carry without meaning anything here. */
const COMMON = ["alt", "fields", "prettyPrint", "key", "quotaUser"];

const UPLOAD = /^(?:\/resumable)?\/upload\/storage\/v1\/b\/([^/]+)\/o$/;
/** Bucket, collection, object, and what is done to it. */
const PATH = /^(?:\/download)?(?:\/storage\/v1)?\/b\/([^/]+)(?:\/(o|notificationConfigs)(?:\/([^/]+)(\/.+)?)?)?$/;
/** HTTP methods as the API's methods are called. */
const VERBS: Readonly<Record<string, string>> = { GET: "get", DELETE: "delete", PATCH: "patch", PUT: "update" };

type Method = "get" | "list" | "insert" | "delete" | "patch" | "rewrite" | "bucket";

const PARAMETERS: Readonly<Record<Method, readonly string[]>> = {
  get: ["generation", "projection", ...PRECONDITIONS],
  list: [
    "prefix",
    "delimiter",
    "startOffset",
    "endOffset",
    "includeTrailingDelimiter",
    "versions",
    "maxResults",
    "pageToken",
    "projection",
  ],
  insert: ["uploadType", "name", "upload_id", "contentEncoding", "projection", ...PRECONDITIONS],
  delete: ["generation", ...PRECONDITIONS],
  patch: ["generation", "projection", ...PRECONDITIONS],
  rewrite: [
    "sourceGeneration",
    "projection",
    "rewriteToken",
    "maxBytesRewrittenPerCall",
    ...PRECONDITIONS,
    ...PRECONDITIONS.map((name) => name.replace(/^if/, "ifSource")),
  ],
  bucket: ["projection"],
};

/** The JSON API, at its own path and at the shorter one to which `STORAGE_EMULATOR_HOST` leads. */
export class StorageRest implements RestService {
  readonly hosts = ["storage.googleapis.com"];
  private readonly uploads: Uploads;

  constructor(private readonly storage: StorageEmulator) {
    this.uploads = new Uploads(storage);
  }

  methodOf({ method, path, query }: Pick<RestRequest, "method" | "path" | "query">): string | undefined {
    if (path === "/batch/storage/v1") return "storage.batch";
    if (UPLOAD.test(path)) return query.has("upload_id") ? "storage.objects.insert (chunk)" : "storage.objects.insert";
    const [, , collection, name, copy] = PATH.exec(path) ?? [];
    const verb = VERBS[method];
    if (copy !== undefined) return `storage.objects.${copy.startsWith("/copyTo/") ? "copy" : "rewrite"}`;
    if (verb === undefined || collection === "notificationConfigs") return undefined;
    if (collection === undefined) return `storage.buckets.${verb}`;
    return `storage.objects.${name === undefined && verb === "get" ? "list" : verb}`;
  }

  async handle(request: RestRequest): Promise<RestReply> {
    try {
      if (request.method === "POST" && request.path === "/batch/storage/v1") {
        return answerBatch(request, (call) => this.answerOne(call));
      }
      const reply = this.answer(request);
      const fields = request.query.get("fields");
      const { body } = reply;
      if (fields === null || typeof body !== "object" || Buffer.isBuffer(body)) return reply;
      return { ...reply, body: selectFields(fields, body) };
    } catch (error) {
      throw error instanceof ApiError ? StorageError.of(error) : error;
    }
  }

  /** A call of a batch: its failure is its answer. */
  private answerOne(call: RestRequest): RestReply {
    try {
      return this.answer(call);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const storageError = StorageError.of(error);
      return { status: storageError.http, body: storageError.toJSON() };
    }
  }

  private answer(request: RestRequest): RestReply {
    const { method, path } = request;
    const upload = UPLOAD.exec(path);
    if (upload) {
      knowParameters(request, "insert");
      return this.uploads.handle(request, decode(upload[1]));
    }
    const [, bucket, collection, name, copy] = PATH.exec(path) ?? [];
    if (bucket === undefined || collection === "notificationConfigs") throw refused(request);
    if (collection === undefined) return this.bucket(request, decode(bucket));
    if (name === undefined) return this.collection(request, decode(bucket));
    if (copy !== undefined) return this.copy(request, { bucket: decode(bucket), name: decode(name) }, copy);
    if (method === "GET") return this.get(request, decode(bucket), decode(name));
    if (method === "DELETE") return this.delete(request, decode(bucket), decode(name));
    if (method === "PATCH") return this.patch(request, decode(bucket), decode(name));
    throw refused(request);
  }

  private bucket(request: RestRequest, name: string): RestReply {
    if (request.method !== "GET") throw refused(request);
    knowParameters(request, "bucket");
    const { settings, created } = this.storage.getBucket(request.caller, name);
    const { location, storageClass, labels, versioning } = settings;
    const timeCreated = new Date(created).toISOString();
    return {
      status: 200,
      body: {
        kind: "storage#bucket",
        id: name,
        name,
        location,
        storageClass,
        timeCreated,
        updated: timeCreated,
        metageneration: "1",
        ...(labels && { labels }),
        ...(versioning && { versioning: { enabled: true } }),
      },
    };
  }

  private collection(request: RestRequest, bucket: string): RestReply {
    const { caller, query } = request;
    if (request.method !== "GET") throw refused(request);
    knowParameters(request, "list");
    const text = (name: string) => query.get(name) ?? undefined;
    const { items, prefixes, nextPageToken } = this.storage.list(caller, bucket, {
      prefix: text("prefix"),
      delimiter: text("delimiter"),
      startOffset: text("startOffset"),
      endOffset: text("endOffset"),
      includeTrailingDelimiter: query.get("includeTrailingDelimiter") === "true",
      versions: query.get("versions") === "true",
      maxResults: number(query, "maxResults"),
      pageToken: text("pageToken"),
    });
    return {
      status: 200,
      body: {
        kind: "storage#objects",
        ...(prefixes.length > 0 && { prefixes }),
        ...(items.length > 0 && { items: items.map(toResource) }),
        ...(nextPageToken && { nextPageToken }),
      },
    };
  }

  private get(request: RestRequest, bucket: string, name: string): RestReply {
    const { caller, query, headers } = request;
    knowParameters(request, "get");
    const object = this.storage.get(caller, bucket, name, { generation: number(query, "generation") });
    if (notModified(readPreconditions(query), object)) return { status: 304 };
    return query.get("alt") === "media" ? toMedia(object, headers) : { status: 200, body: toResource(object) };
  }

  private delete(request: RestRequest, bucket: string, name: string): RestReply {
    const { caller, query } = request;
    knowParameters(request, "delete");
    const options = { generation: number(query, "generation"), preconditions: readPreconditions(query) };
    this.storage.delete(caller, bucket, name, options);
    return { status: 204 };
  }

  private patch(request: RestRequest, bucket: string, name: string): RestReply {
    const { caller, query, body } = request;
    knowParameters(request, "patch");
    const options = { generation: number(query, "generation"), preconditions: readPreconditions(query) };
    const object = this.storage.patch(caller, bucket, name, readMetadata(readJson(body)), options);
    return { status: 200, body: toResource(object) };
  }

  /**
   * Copies in one go, whatever the size: `rewriteTo` of another bucket or the same, and `copyTo`.
   */
  private copy(request: RestRequest, source: { bucket: string; name: string }, path: string): RestReply {
    const { caller, query, body } = request;
    const [, verb, bucket, name] = /^\/(rewriteTo|copyTo)\/b\/([^/]+)\/o\/([^/]+)$/.exec(path) ?? [];
    if (request.method !== "POST" || verb === undefined) throw refused(request);
    knowParameters(request, "rewrite");
    const object = this.storage.get(caller, source.bucket, source.name, {
      generation: number(query, "sourceGeneration"),
    });
    if (notModified(readPreconditions(query, "ifSource"), object)) return { status: 304 };
    const copied = this.storage.put(caller, decode(bucket), decode(name), object.content, {
      metadata: { ...object.metadata, ...readMetadata(readJson(body)) },
      preconditions: readPreconditions(query),
    });
    const resource = toResource(copied);
    if (verb === "copyTo") return { status: 200, body: resource };
    const size = String(object.content.length);
    return {
      status: 200,
      body: { kind: "storage#rewriteResponse", totalBytesRewritten: size, objectSize: size, done: true, resource },
    };
  }
}

/** @throws StorageError 501 naming parameters that are not simulated */
function knowParameters({ query }: RestRequest, method: Method): void {
  const unknown = [...query.keys()].filter((name) => !COMMON.includes(name) && !PARAMETERS[method].includes(name));
  if (unknown.length > 0) throw unimplemented(`Not simulated of objects.${method}: ${unknown.join(", ")}`);
  const projection = query.get("projection");
  if (projection && projection !== "noAcl") throw unimplemented(`projection ${projection} is not simulated`);
}

function refused({ method, path }: RestRequest): ApiError {
  return /\/b(\/|$)/.test(path) ? unimplemented(`Not simulated: ${method} ${path}`) : notFound(`Not Found: ${path}`);
}

function decode(part: string | undefined): string {
  try {
    return decodeURIComponent(part ?? "");
  } catch {
    throw invalid(`Malformed percent-encoding: ${part}`);
  }
}

/** @throws StorageError 400 */
function number(query: URLSearchParams, name: string): number | undefined {
  const given = query.get(name);
  if (given === null || given === "") return undefined;
  if (!/^\d+$/.test(given)) throw invalid(`Invalid value for ${name}: ${given}`);
  return Number(given);
}
