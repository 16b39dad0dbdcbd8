/** An object with the same keys and, for each, what `map` makes of its value. */
export function mapValues<T, U>(
  record: Readonly<Record<string, T>>,
  map: (value: T, key: string) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
}

/** An object with those keys alone for which `isWanted` is true. */
export function filterKeys<T>(
  record: Readonly<Record<string, T>>,
  isWanted: (key: string) => boolean,
): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => isWanted(key)));
}
