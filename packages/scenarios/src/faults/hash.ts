import { createHash } from "node:crypto";

/** Largest seed. */
export const MAX_SEED = 2 ** 32 - 1;

/**
 * A number from 0 to less than 1 that depends on the seed and the parts alone. It is the same in
 * each run and on each machine. A stream of random numbers that all items share would change as
 * soon as two items changed places.
 */
export function draw(seed: number, ...parts: readonly (string | number)[]): number {
  const digest = createHash("sha256")
    .update(JSON.stringify([seed, ...parts]))
    .digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}

/** Chooses by weight. @param drawn from 0 to less than 1 */
export function choose<T extends string>(weights: Readonly<Partial<Record<T, number>>>, drawn: number): T {
  const entries = Object.entries(weights) as [T, number][];
  let rest = drawn * entries.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [name, weight] of entries) {
    if (rest < weight) return name;
    rest -= weight;
  }
  throw new Error("There is nothing to choose from");
}

/** The first 16 hex digits of the SHA-256. */
export function digestOf(content: Buffer | string): string {
  return createHash("sha256").update(content).digest("hex").slice(0, 16);
}
