import { crc32c, md5 } from "./checksums";
import { invalid } from "./storage-error";

/** What a writer says about an object, in the JSON API's names. */
export interface WritableMetadata {
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly contentDisposition?: string;
  readonly contentLanguage?: string;
  readonly cacheControl?: string;
  readonly customTime?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** One generation of an object. */
export interface StoredObject {
  readonly bucket: string;
  readonly name: string;
  readonly content: Buffer;
  /** Microseconds since 1970 at which it was made, as Google's are; larger than all before it. */
  readonly generation: number;
  /** From 1, by one more with each change of the metadata. */
  readonly metageneration: number;
  readonly metadata: WritableMetadata;
  readonly storageClass: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly updated: number;
  /** When it ceased to be the live one, in a bucket with versioning. */
  readonly archived?: number;
}

/** An object as events name it. */
export function itemOf({ bucket, name, generation }: StoredObject): string {
  return `object ${bucket}/${name}#${generation}`;
}

/** What the content must add up to, in base64; checked where given. */
export interface Checksums {
  readonly crc32c?: string;
  readonly md5Hash?: string;
}

export interface NewObject {
  readonly bucket: string;
  readonly name: string;
  readonly content: Buffer;
  readonly generation: number;
  readonly metadata: WritableMetadata;
  readonly storageClass: string;
  readonly now: number;
}

export function storedObject({ now, ...object }: NewObject): StoredObject {
  return { ...object, metageneration: 1, created: now, updated: now };
}

/** @throws StorageError 400 when a sender's checksum is another one */
export function requireChecksums(content: Buffer, given: Checksums): void {
  const checks = [
    ["CRC32C", given.crc32c, crc32c],
    ["MD5 hash", given.md5Hash, md5],
  ] as const;
  for (const [name, expected, calculate] of checks) {
    if (expected === undefined) continue;
    const calculated = calculate(content);
    if (expected === calculated) continue;
    throw invalid(`Provided ${name} "${expected}" doesn't match calculated ${name} "${calculated}".`);
  }
}

/**
 * 1 to 1024 bytes of UTF-8, no line ends, not `.` or `..`. Source: docs/objects#naming.
 *
 * @throws StorageError 400
 */
export function requireName(name: string): void {
  const bytes = Buffer.byteLength(name);
  if (bytes === 0) throw invalid("Required parameter: name");
  if (bytes > 1024) throw invalid(`The object name has ${bytes} bytes; allowed: up to 1024`);
  if (/[\r\n]/.test(name) || name === "." || name === ".." || name.startsWith(".well-known/acme-challenge/")) {
    throw invalid(`Invalid object name: ${JSON.stringify(name)}`);
  }
}

/** The objects resource of the JSON API. Source: docs/json_api/v1/objects#resource. */
export function toResource(object: StoredObject): Record<string, unknown> {
  const { bucket, name, generation, metageneration, storageClass, content, archived } = object;
  const link = `storage/v1/b/${bucket}/o/${encodeURIComponent(name)}`;
  const time = (milliseconds: number) => new Date(milliseconds).toISOString();
  return {
    kind: "storage#object",
    id: `${bucket}/${name}/${generation}`,
    selfLink: `https://www.googleapis.com/${link}`,
    mediaLink: `https://storage.googleapis.com/download/${link}?generation=${generation}&alt=media`,
    name,
    bucket,
    generation: String(generation),
    metageneration: String(metageneration),
    ...object.metadata,
    storageClass,
    size: String(content.length),
    md5Hash: md5(content),
    crc32c: crc32c(content),
    etag: etag(object),
    timeCreated: time(object.created),
    updated: time(object.updated),
    timeStorageClassUpdated: time(object.created),
    timeFinalized: time(object.created),
    ...(archived !== undefined && { timeDeleted: time(archived) }),
  };
}

export function etag({ generation, metageneration }: StoredObject): string {
  return Buffer.from(`${generation}/${metageneration}`).toString("base64");
}
