import { ApiError } from "../core/api-error";
import type { Caller } from "../core/emulator";
import type { StorageEmulator } from "./storage-emulator";
import type { StoredObject } from "./stored-object";

/** @throws ApiError INVALID_ARGUMENT */
export function parseGsUri(uri: string): { bucket: string; name: string } {
  const [, bucket, name] = /^gs:\/\/([^/]+)\/?(.*)$/s.exec(uri) ?? [];
  if (bucket === undefined || name === undefined) {
    throw new ApiError("INVALID_ARGUMENT", `${JSON.stringify(uri)} is not a Cloud Storage path like gs://bucket/name`);
  }
  return { bucket, name };
}

/**
 * Objects by their URI, in which `*` stands for any characters but slashes.
 *
 * @throws ApiError NOT_FOUND if there is none, PERMISSION_DENIED
 */
export function objectsAt(storage: StorageEmulator, reader: Caller, uri: string): StoredObject[] {
  const { bucket, name } = parseGsUri(uri);
  if (!name.includes("*")) return [storage.get(reader, bucket, name)];
  const matching = new RegExp(`^${name.split("*").map(escaped).join("[^/]*")}$`);
  const prefix = name.slice(0, name.indexOf("*"));
  const names = allNames(storage, reader, bucket, prefix).filter((found) => matching.test(found));
  if (names.length === 0) throw new ApiError("NOT_FOUND", `No files matched spec: ${uri}`);
  return names.map((found) => storage.get(reader, bucket, found));
}

function allNames(storage: StorageEmulator, reader: Caller, bucket: string, prefix: string): string[] {
  const names: string[] = [];
  let pageToken: string | undefined;
  do {
    const page = storage.list(reader, bucket, { prefix, pageToken });
    names.push(...page.items.map((object) => object.name));
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
  return names;
}

const escaped = (text: string) => text.replace(/[\\^$.+?()[\]{}|]/g, "\\$&");
