import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";

/** The four measurements, in the order in which lists give them. */
export const FEATURES = ["sepal_length", "sepal_width", "petal_length", "petal_width"] as const;

export interface Flower {
  /** Centimetres. */
  readonly features: readonly number[];
  readonly species: string;
}

/** The rows of `iris.csv`, which is the project's sample of the same name. */
export function readIris(): Flower[] {
  const rows: Record<string, string>[] = parse(readFileSync(join(__dirname, "iris.csv")), { columns: true });
  return rows.map((row) => ({ features: FEATURES.map((name) => Number(row[name])), species: row.species ?? "" }));
}

/** Two halves with as many flowers of each species, the same ones for the same seed. */
export function halves(flowers: readonly Flower[], seed: number): { training: Flower[]; held: Flower[] } {
  const random = randomNumbers(seed);
  const training: Flower[] = [];
  const held: Flower[] = [];
  for (const species of new Set(flowers.map((flower) => flower.species))) {
    const shuffled = flowers
      .filter((flower) => flower.species === species)
      .map((flower) => ({ flower, order: random() }))
      .sort((a, b) => a.order - b.order)
      .map(({ flower }) => flower);
    training.push(...shuffled.slice(0, shuffled.length / 2));
    held.push(...shuffled.slice(shuffled.length / 2));
  }
  return { training, held };
}

/** Mulberry32: evenly spread numbers from 0 to 1 that a seed repeats. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
