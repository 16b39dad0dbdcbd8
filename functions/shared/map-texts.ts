/**
 * A JSON value with each of its texts replaced, at any depth. Keys and other values stay.
 *
 * @param replaced the new text, or any value in its place
 */
export function mapTexts<T>(value: T, replaced: (text: string) => unknown): T {
  const mapped = (item: unknown): unknown => {
    if (typeof item === "string") return replaced(item);
    if (Array.isArray(item)) return item.map(mapped);
    if (typeof item !== "object" || item === null) return item;
    return Object.fromEntries(Object.entries(item).map(([key, inner]) => [key, mapped(inner)]));
  };
  return mapped(value) as T;
}
