import type { Row } from "../shared/learning/data";

/**
 * Splits rows at random, class by class, so that both parts hold the classes in the same proportions. Each class keeps at
 * least one row for training.
 *
 * @param testFraction share of the rows held out, between 0 and 1.
 * @param seed the same seed gives the same split everywhere.
 */
export function split(rows: readonly Row[], testFraction: number, seed: number): { train: Row[]; test: Row[] } {
  const random = mulberry32(seed);
  const train: Row[] = [];
  const test: Row[] = [];
  for (const label of [...new Set(rows.map((row) => row.label))].sort()) {
    const shuffled = shuffle(
      rows.filter((row) => row.label === label),
      random,
    );
    const held = Math.min(Math.round(shuffled.length * testFraction), shuffled.length - 1);
    test.push(...shuffled.slice(0, held));
    train.push(...shuffled.slice(held));
  }
  return { train, test };
}

/** Fisher-Yates. */
function shuffle<T>(items: readonly T[], random: () => number): T[] {
  const shuffled: T[] = [];
  for (const item of items) {
    const at = Math.floor(random() * (shuffled.length + 1));
    shuffled.splice(at, 0, item);
  }
  return shuffled;
}

/** A small, well-spread generator of numbers from 0 (inclusive) to 1 (exclusive): mulberry32. */
function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
