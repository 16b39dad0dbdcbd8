/** A heap sorts by time, then by order. */
export interface Timed {
  readonly time: number;
  readonly order: number;
}

/**
 * A binary heap: the earliest entry is on top. Entries must not change their time while they are in
 * it.
 */
export class Heap<T extends Timed> {
  private readonly entries: T[] = [];

  get size(): number {
    return this.entries.length;
  }

  peek(): T | undefined {
    return this.entries[0];
  }

  push(entry: T): void {
    const { entries } = this;
    let index = entries.length;
    entries.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = entries[parent] as T;
      if (!before(entry, above)) break;
      entries[index] = above;
      index = parent;
    }
    entries[index] = entry;
  }

  pop(): T | undefined {
    const { entries } = this;
    const top = entries[0];
    const last = entries.pop();
    if (last === undefined || entries.length === 0) return top;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= entries.length) break;
      if (child + 1 < entries.length && before(entries[child + 1] as T, entries[child] as T)) child++;
      const below = entries[child] as T;
      if (!before(below, last)) break;
      entries[index] = below;
      index = child;
    }
    entries[index] = last;
    return top;
  }
}

function before(a: Timed, b: Timed): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}
