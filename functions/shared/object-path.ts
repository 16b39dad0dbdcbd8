import * as v from "valibot";
import type { ObjectName } from "./storage";

/** Cloud Storage's limit is 1024 bytes; the rest is left for what we append. */
const MAX_NAME_BYTES = 900;

/**
 * A `gs://bucket/path` string in one certain bucket; its output is bucket and object name. Refuses other buckets, empty, `.`
 * and `..` segments, control characters, broken Unicode, and names over 900 bytes.
 *
 * @param options.prefix the name must begin with it, e.g. `inputs/`. Default: any name.
 * @param options.extensions the name must end with one of them, e.g. `[".csv"]`. Default: any name.
 */
export function objectPath(bucket: string, options: { prefix?: string; extensions?: readonly string[] } = {}) {
  const { prefix = "", extensions = [""] } = options;
  const start = `gs://${bucket}/${prefix}`;
  return v.pipe(
    v.string(`a string like ${start}…${extensions[0]}`),
    v.check(
      (uri) => uri.startsWith(start) && isSafeName(uri.slice(`gs://${bucket}/`.length)),
      `a path like ${start}… without empty, "." or ".." segments or control characters, at most ${MAX_NAME_BYTES} bytes`,
    ),
    v.check(
      (uri) => extensions.some((extension) => uri.endsWith(extension)),
      `a path that ends with ${extensions.join(" or ")}`,
    ),
    v.transform((uri): ObjectName => ({ bucket, name: uri.slice(`gs://${bucket}/`.length) })),
  );
}

/** Whether an object name can be taken over into other names and URLs. */
export function isSafeName(name: string): boolean {
  return (
    Buffer.byteLength(name) <= MAX_NAME_BYTES &&
    !/\p{Cc}|\p{Cs}/u.test(name) &&
    name.split("/").every((segment) => segment !== "" && segment !== "." && segment !== "..")
  );
}
