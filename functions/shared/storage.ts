import type { Storage } from "@google-cloud/storage";
import { GoogleApiError, PermanentError } from "./errors";
import { parseJson } from "./json";
import { defaultRetryPolicy, type RetryPolicy, withRetries } from "./retry";

export interface ObjectName {
  bucket: string;
  name: string;
}

export interface ObjectInfo {
  generation: string;
  /** Bytes. */
  size: number;
  /** E.g. `gzip`; undefined for plain bytes. */
  encoding?: string;
}

/** The few things that functions do with objects. Everything rejects with GoogleApiError when storage does not answer well. */
export interface ObjectStore {
  /** Undefined when there is no such object. */
  stat(object: ObjectName): Promise<ObjectInfo | undefined>;
  /** Streams one generation. @throws PermanentError `missing_object` (404) when it is gone. */
  stream(object: ObjectName, generation: string): AsyncIterable<Buffer>;
  /**
   * Reads bytes `start` to `end` (exclusive) of one generation, fewer when it ends before.
   *
   * @throws PermanentError `missing_object` (404) when it is gone, `bad_range` when it ends before `start`.
   */
  readRange(object: ObjectName, generation: string, start: number, end: number): Promise<Buffer>;
  /** Reads a whole object. Undefined when there is none. */
  read(object: ObjectName): Promise<Buffer | undefined>;
  /** Writes an object unless there is one of that name already. @returns whether it was written now. */
  createOnce(object: ObjectName, data: string | Buffer, contentType: string): Promise<boolean>;
}

export const gsUri = ({ bucket, name }: ObjectName) => `gs://${bucket}/${name}`;

/** @param storage a client that does not retry by itself: what may be repeated is repeated here, by `policy`. */
export function objectStore(storage: Storage, policy: RetryPolicy = defaultRetryPolicy): ObjectStore {
  const file = ({ bucket, name }: ObjectName, generation?: string) =>
    storage.bucket(bucket).file(name, generation ? { generation } : {});
  const attempt = <T>(work: () => Promise<T>) =>
    withRetries(policy, () => work().catch((error) => Promise.reject(toGoogleApiError(error))));

  const store: ObjectStore = {
    stat: (object) =>
      attempt(async () => {
        const [metadata] = await file(object).getMetadata();
        const { generation, size, contentEncoding } = metadata;
        return { generation: String(generation), size: Number(size), encoding: contentEncoding };
      }).catch(undefinedIfMissing),
    stream: async function* (object, generation) {
      try {
        yield* file(object, generation).createReadStream({ decompress: false });
      } catch (error) {
        throw explained(toGoogleApiError(error), object, generation);
      }
    },
    readRange: (object, generation, start, end) =>
      attempt(async () => {
        const [bytes] = await file(object, generation).download({ start, end: end - 1, decompress: false });
        return bytes;
      }).catch((error) => Promise.reject(explained(error, object, generation))),
    read: (object) =>
      attempt(async () => {
        const [bytes] = await file(object).download();
        return bytes;
      }).catch(undefinedIfMissing),
    createOnce: async (object, data, contentType) => {
      try {
        const preconditionOpts = { ifGenerationMatch: 0 };
        await attempt(() => file(object).save(data, { resumable: false, contentType, preconditionOpts }));
        return true;
      } catch (error) {
        // Refused because there is one already. Look: it may have been deleted since, and then nothing would be there.
        if (error instanceof GoogleApiError && error.status === 412 && (await store.stat(object))) return false;
        throw error;
      }
    },
  };
  return store;
}

/** Reads an object that holds JSON. Undefined when there is none. */
export async function readJson(store: ObjectStore, object: ObjectName): Promise<unknown> {
  const bytes = await store.read(object);
  return bytes && parseJson(bytes, gsUri(object));
}

export function createJsonOnce(store: ObjectStore, object: ObjectName, value: unknown): Promise<boolean> {
  return store.createOnce(object, `${JSON.stringify(value, undefined, 2)}\n`, "application/json");
}

function undefinedIfMissing(error: unknown): undefined {
  if (error instanceof GoogleApiError && error.status === 404) return undefined;
  throw error;
}

function explained(error: GoogleApiError, object: ObjectName, generation: string): Error {
  if (error.status === 416) return new PermanentError("bad_range", `${gsUri(object)} is shorter than the range`);
  if (error.status !== 404) return error;
  return new PermanentError("missing_object", `${gsUri(object)} has no generation ${generation}`, 404);
}

function toGoogleApiError(error: unknown): GoogleApiError {
  const { message, code } = error as { message?: string; code?: unknown };
  const status = typeof code === "number" ? code : 0;
  return new GoogleApiError(`Cloud Storage: ${message}`, status, String(code ?? "NO_ANSWER"));
}
