import type { Row } from "../shared/learning/data";

/**
 * Splits rows at random, class by class, so that both parts have the classes in the same
 * proportions. Each class keeps at least one row for training.
 *
 * @param testFraction share of the held-out rows, between 0 and 1.
 * @param seed the same seed gives the same split on every machine.
 */
export function split(rows: readonly Row[], testFraction: number, seed: number): { train: Row[]; test: Row[] } {
  const random = mulberry32(seed);
  const train: Row[] = [];
  const test: Row[] = [];
  for (const ofOneClass of byClass(rows)) {
    shuffle(ofOneClass, random);
    const held = Math.min(Math.round(ofOneClass.length * testFraction), ofOneClass.length - 1);
    for (const [i, row] of ofOneClass.entries()) (i < held ? test : train).push(row);
  }
  return { train, test };
}

/** The rows of each class. The classes are in the order of their names. */
function byClass(rows: readonly Row[]): Row[][] {
  const classes = new Map<string, Row[]>();
  for (const row of rows) {
    const known = classes.get(row.label);
    if (known) known.push(row);
    else classes.set(row.label, [row]);
  }
  return [...classes.keys()].sort().map((label) => classes.get(label) ?? []);
}

/** Fisher-Yates shuffle. */
function shuffle<T>(items: T[], random: () => number): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j] as T, items[i] as T];
  }
}

/** The mulberry32 generator of pseudo-random numbers from 0 (inclusive) to 1 (exclusive). */
function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
