import { createHash } from "node:crypto";

/**
 * The first 16 hex digits (64 bits) of the SHA-256 over the parts: an id for this combination of
 * parts.
 */
export function shortHash(...parts: readonly (string | number)[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}
