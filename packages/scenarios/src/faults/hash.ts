import { createHash } from "node:crypto";

/** Largest seed. */
export const MAX_SEED = 2 ** 32 - 1;

/**
 * A number from 0 up to 1 that follows from the parts alone: the same in each run, on each machine, whatever else was asked
 * before. A stream of random numbers that all items share would differ as soon as two of them change places.
 */
export function draw(seed: number, ...parts: readonly (string | number)[]): number {
  const digest = createHash("sha256")
    .update(JSON.stringify([seed, ...parts]))
    .digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}

/** One of several, each as often as its weight says, by a number from 0 up to 1. */
export function choose<T extends string>(weights: Readonly<Partial<Record<T, number>>>, drawn: number): T {
  const entries = Object.entries(weights) as [T, number][];
  let rest = drawn * entries.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [name, weight] of entries) {
    if (rest < weight) return name;
    rest -= weight;
  }
  throw new Error("nothing to choose from");
}

/** A few hex digits that stand for bytes. */
export function digestOf(content: Buffer | string): string {
  return createHash("sha256").update(content).digest("hex").slice(0, 16);
}
