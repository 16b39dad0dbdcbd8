/**
 * Four numbers that the emulator's model accepts: measurements of a flower, different for each
 * index.
 */
export function measurements(index: number): number[] {
  const between = (low: number, high: number, step: number) => (low + ((index * step) % (high - low + 1))) / 10;
  return [between(43, 79, 7), between(20, 44, 11), between(10, 69, 13), between(1, 25, 3)];
}

/** The numbers from 0 to `count - 1`. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
