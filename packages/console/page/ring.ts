/** Keeps the last values; appending is cheap. */
export class Ring<T> {
  private values: T[] = [];

  constructor(private readonly limit: number) {}

  push(value: T): void {
    this.values.push(value);
    // Twice the limit, so that values are moved rarely.
    if (this.values.length < this.limit * 2) return;
    this.values = this.values.slice(-this.limit);
  }

  get length(): number {
    return Math.min(this.values.length, this.limit);
  }

  /** Counted from the newest. */
  newest(index: number): T | undefined {
    return this.values[this.values.length - 1 - index];
  }

  /** Replaces the newest value for which it holds. @returns whether there was one */
  replace(holds: (value: T) => boolean, value: T): boolean {
    const index = this.values.findLastIndex(holds);
    if (index < 0) return false;
    this.values[index] = value;
    return true;
  }
}
