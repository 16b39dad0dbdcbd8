// biome-ignore lint/suspicious/noExplicitAny: the shape follows from the resource type.
type Attributes = Readonly<Record<string, any>>;

/** `"3.5s"` in milliseconds. @throws Error for anything else */
export function duration(attributes: Attributes | undefined, name: string): number | undefined {
  const value = attributes?.[name];
  if (value === undefined || value === null || value === "") return undefined;
  if (!/^\d+(\.\d{1,9})?s$/.test(String(value)))
    throw new Error(`${name} is ${JSON.stringify(value)}; allowed: seconds like 3.5s`);
  return Number(String(value).slice(0, -1)) * 1000;
}

/**
 * A number, which Terraform also takes as a text.
 *
 * @throws Error for anything else, and out of range
 */
export function number(
  attributes: Attributes | undefined,
  name: string,
  { min, max }: { min: number; max: number },
): number | undefined {
  const value = attributes?.[name];
  if (value === undefined || value === null || value === "") return undefined;
  const parsed = Number(value);
  if (!(parsed >= min && parsed <= max))
    throw new Error(`${name} is ${JSON.stringify(value)}; allowed: ${min} to ${max}`);
  return parsed;
}

/** One of the allowed texts, in the case that Google uses. */
export function oneOf<T extends string>(
  attributes: Attributes | undefined,
  name: string,
  allowed: readonly T[],
): T | undefined {
  const value = attributes?.[name];
  if (value === undefined || value === null || value === "") return undefined;
  if (!allowed.includes(value))
    throw new Error(`${name} ${JSON.stringify(value)} is not simulated; simulated: ${allowed.join(", ")}`);
  return value;
}
