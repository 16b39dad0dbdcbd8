import type { Storage } from "@google-cloud/storage";
import { GoogleApiError, PermanentError } from "./errors";
import { parseJson } from "./json";

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

export function objectStore(storage: Storage): ObjectStore {
  const file = ({ bucket, name }: ObjectName, generation?: string) =>
    storage.bucket(bucket).file(name, generation ? { generation } : {});
  const store: ObjectStore = {
    stat: (object) =>
      unlessMissing(async () => {
        const [metadata] = await file(object).getMetadata();
        const { generation, size, contentEncoding } = metadata;
        return { generation: String(generation), size: Number(size), encoding: contentEncoding };
      }),
    stream: async function* (object, generation) {
      try {
        yield* file(object, generation).createReadStream({ decompress: false });
      } catch (error) {
        throw pinned(error, object, generation);
      }
    },
    readRange: async (object, generation, start, end) => {
      try {
        const [bytes] = await file(object, generation).download({ start, end: end - 1, decompress: false });
        return bytes;
      } catch (error) {
        throw pinned(error, object, generation);
      }
    },
    read: (object) => unlessMissing(async () => (await file(object).download())[0]),
    createOnce: async (object, data, contentType) => {
      try {
        await file(object).save(data, {
          resumable: false,
          contentType,
          preconditionOpts: { ifGenerationMatch: 0 },
        });
        return true;
      } catch (error) {
        // Refused because there is one already. Look: it may have been deleted since, and then nothing would be there.
        if (statusOf(error) === 412 && (await store.stat(object))) return false;
        throw toGoogleApiError(error);
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

async function unlessMissing<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw toGoogleApiError(error);
  }
}

function pinned(error: unknown, object: ObjectName, generation: string): Error {
  if (statusOf(error) === 416) return new PermanentError("bad_range", `${gsUri(object)} is shorter than the range`);
  if (statusOf(error) !== 404) return toGoogleApiError(error);
  return new PermanentError("missing_object", `${gsUri(object)} has no generation ${generation}`, 404);
}

function statusOf(error: unknown): number {
  const { code } = error as { code?: unknown };
  return typeof code === "number" ? code : 0;
}

function toGoogleApiError(error: unknown): GoogleApiError {
  const { message, code } = error as { message?: string; code?: unknown };
  return new GoogleApiError(`Cloud Storage: ${message}`, statusOf(error), String(code ?? "NO_ANSWER"));
}
