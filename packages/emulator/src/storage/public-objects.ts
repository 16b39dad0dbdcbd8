import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Google's public sample objects that stacks read, and which of our samples stands in for each: one table, so that nobody takes
 * one for the other. An object of these buckets that is not here does not exist.
 */
export const PUBLIC_OBJECTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // The real one is Shakespeare's King Lear; here it is a part of Newton's Opticks.
  "dataflow-samples": { "shakespeare/kinglear.txt": "opticks.txt" },
};

/** Reads a file of `samples/`. */
export function readSample(file: string): Buffer {
  return readFileSync(join(__dirname, "../../../../samples", file));
}
