import * as fc from "fast-check";
import { oneIn } from "./hostile";
import { render, treeOf } from "./json-tree";

/**
 * JSON that is large in one of its values. Built only when it is sent, so that a failing one prints
 * in a line.
 */
export interface Huge {
  readonly of: "text" | "numbers" | "objects" | "levels" | "keys";
  readonly bytes: number;
  /** Which value. */
  readonly field: number;
}

export const MIB = 1024 ** 2;
const small = [10_000, 100_000, MIB - 200, MIB, MIB + 1];

/**
 * Around the limits of tasks and API calls (1 MiB), of what a message holds (8 MiB, 10 MB), and of
 * its envelope (15 MB).
 */
export const huge: fc.Arbitrary<Huge> = fc.record({
  of: fc.constantFrom("text", "numbers", "objects", "levels", "keys"),
  bytes: oneIn(5, fc.constantFrom(8 * MIB, 8 * MIB + 1, 9_999_900, 10_000_001, 11_300_000), undefined).chain((bytes) =>
    bytes ? fc.constant(bytes) : fc.constantFrom(...small),
  ),
  field: fc.nat(6),
});

/** The object's JSON, one of its values, or its `parameters`, as large as that. */
export function blownUp({ of, bytes, field }: Huge, object: object): string {
  const values = {
    text: () => `"${"x".repeat(bytes)}"`,
    numbers: () => `[${"0,".repeat(bytes / 2)}0]`,
    objects: () => `[${"{},".repeat(bytes / 3)}{}]`,
    levels: () => "[".repeat(bytes / 2) + "]".repeat(bytes / 2),
    keys: () => `{${Array.from({ length: bytes / 12 }, (_, i) => `"k${i}":0`).join()}}`,
  };
  const fields = Object.entries({ parameters: {}, ...object }).filter(([, value]) => value !== undefined);
  const at = field % fields.length;
  return render({ fields: fields.map(([key, value], i) => [key, i === at ? values[of]() : treeOf(value)]) });
}
