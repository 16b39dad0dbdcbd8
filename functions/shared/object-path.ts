import * as v from "valibot";
import type { ObjectName } from "./storage";

/** Cloud Storage's limit is 1024 bytes. The rest is reserved for suffixes. */
const MAX_NAME_BYTES = 900;

/**
 * A generation of an object, 16 digits at present. Cloud Storage accepts 64 bits and answers 400
 * for a longer number.
 */
export const objectGeneration = v.pipe(v.string(), v.regex(/^\d{1,18}$/, "an object generation"));

/**
 * A `gs://bucket/path` string in the given bucket. Its output is bucket and object name. Rejects
 * other buckets, empty, `.` and `..` segments, control characters, broken Unicode, and names over
 * 900 bytes.
 *
 * @param options.room bytes of the 900 to reserve for a suffix. Default 0.
 * @param options.prefix the name must begin with it, e.g. `inputs/`. Default: any name.
 * @param options.extensions the name must end with one of them, e.g. `[".csv"]`. Default: any name.
 */
export function objectPath(
  bucket: string,
  options: { prefix?: string; extensions?: readonly string[]; room?: number } = {},
) {
  const { prefix = "", extensions = [""], room = 0 } = options;
  const maxBytes = MAX_NAME_BYTES - room;
  const start = `gs://${bucket}/${prefix}`;
  return v.pipe(
    v.string(`a string like ${start}…${extensions[0]}`),
    v.check(
      (uri) => uri.startsWith(start) && isSafeName(uri.slice(`gs://${bucket}/`.length), maxBytes),
      `a path like ${start}… without empty, "." or ".." segments or control characters, at most ${maxBytes} bytes`,
    ),
    v.check(
      (uri) => extensions.some((extension) => uri.endsWith(extension)),
      `a path that ends with ${extensions.join(" or ")}`,
    ),
    v.transform((uri): ObjectName => ({ bucket, name: uri.slice(`gs://${bucket}/`.length) })),
  );
}

/** Whether an object name can be part of other names and URLs. */
export function isSafeName(name: string, maxBytes = MAX_NAME_BYTES): boolean {
  return (
    Buffer.byteLength(name) <= maxBytes &&
    !/\p{Cc}|\p{Cs}/u.test(name) &&
    // Reserved by Cloud Storage: https://docs.cloud.google.com/storage/docs/objects#naming
    !name.startsWith(".well-known/acme-challenge/") &&
    name.split("/").every((segment) => segment !== "" && segment !== "." && segment !== "..")
  );
}
