import * as v from "valibot";
import type { ObjectName } from "./storage";

/** Cloud Storage's limit is 1024 bytes; the rest is left for what we append. */
const MAX_NAME_BYTES = 900;

/** A generation of an object: 16 digits for now. Cloud Storage takes 64 bits for it, and calls anything longer a bad request. */
export const objectGeneration = v.pipe(v.string(), v.regex(/^\d{1,18}$/, "an object generation"));

/**
 * A `gs://bucket/path` string in one certain bucket; its output is bucket and object name. Refuses other buckets, empty, `.`
 * and `..` segments, control characters, broken Unicode, and names over 900 bytes.
 *
 * @param options.room bytes of the 900 to leave for what is appended to the name. Default 0.
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

/** Whether an object name can be taken over into other names and URLs. */
export function isSafeName(name: string, maxBytes = MAX_NAME_BYTES): boolean {
  return (
    Buffer.byteLength(name) <= maxBytes &&
    !/\p{Cc}|\p{Cs}/u.test(name) &&
    // Cloud Storage keeps it to itself: https://docs.cloud.google.com/storage/docs/objects#naming
    !name.startsWith(".well-known/acme-challenge/") &&
    name.split("/").every((segment) => segment !== "" && segment !== "." && segment !== "..")
  );
}
