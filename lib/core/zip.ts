import { createHash } from "node:crypto";
import { type Zippable, zipSync } from "fflate";

export interface Archive {
  readonly bytes: Uint8Array;
  /** SHA-256 of the bytes, in hex. */
  readonly sha256: string;
}

/**
 * A zip whose bytes follow from names and contents alone: sorted, stored without compression (compressed bytes differ
 * between builds of zlib), one date, one mode. So a plan shows a function only when its code changed.
 */
export function zip(files: ReadonlyMap<string, Uint8Array>): Archive {
  const entries: Zippable = {};
  for (const name of [...files.keys()].sort()) {
    entries[name] = files.get(name) as Uint8Array;
  }
  const bytes = zipSync(entries, {
    level: 0,
    // fflate writes local time; built from local parts, the date is 1980-01-01 in every time zone.
    mtime: new Date(1980, 0, 1),
    os: 3,
    attrs: 0o100644 << 16,
  });
  return { bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
}
