/** Four numbers that the emulator's model takes: measurements as flowers have them, other ones for each number. */
export function measurements(index: number): number[] {
  const between = (low: number, high: number, step: number) => (low + ((index * step) % (high - low + 1))) / 10;
  return [between(43, 79, 7), between(20, 44, 11), between(10, 69, 13), between(1, 25, 3)];
}

/** A file of JSON Lines. */
export function linesOf(values: readonly unknown[]): Buffer {
  return Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join(""));
}

/** The numbers from 0 on. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
