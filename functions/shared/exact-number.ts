/** Significant digits that programs write a double with (C's `%.17g`): enough to read the same double back. */
const MAX_DIGITS_OF_A_DOUBLE = 17;
/** `toPrecision` takes no more. */
const MAX_PRECISION = 100;
const DECIMAL = /^[+-]?(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;
/** Doubles nearer to zero have fewer digits. */
const SMALLEST_NORMAL = 2.2250738585072014e-308;

/** The number is `0.digits × 10^scale`, sign apart; digits have no zeros at either end, and zero has none at all. */
interface Decimal {
  readonly digits: string;
  readonly scale: number;
}

/**
 * Whether a number stays the one that was written when it becomes a double, as JavaScript and Vertex AI hold all numbers
 * (`google.protobuf.Value`, of which `PredictRequest.instances` is made: https://protobuf.dev/reference/protobuf/google.protobuf/#value).
 *
 * A whole number must be the very same when it is written again: 1234567890123456789 would be ...800. One with a fraction must
 * be within a double's range and have no digits that a double loses: at most 17 significant digits, or the double's own.
 *
 * @param literal a decimal number; anything else is not exact.
 */
export function isExact(literal: string): boolean {
  const double = Number(literal);
  const written = decimal(literal);
  if (!written || !Number.isFinite(double)) return false;
  const { digits, scale } = written;
  if (isSame(written, decimal(String(double)))) return true;
  const isWhole = scale >= digits.length;
  if (isWhole || Math.abs(double) < SMALLEST_NORMAL) return false;
  if (digits.length <= MAX_DIGITS_OF_A_DOUBLE) return true;
  return digits.length <= MAX_PRECISION && isSame(written, decimal(double.toPrecision(digits.length)));
}

function isSame(one: Decimal, other: Decimal | undefined): boolean {
  return one.digits === other?.digits && one.scale === other.scale;
}

function decimal(literal: string): Decimal | undefined {
  const [, whole = "", fraction = "", exponent = "0"] = DECIMAL.exec(literal) ?? [];
  if (whole + fraction === "") return undefined;
  const all = whole + fraction;
  let from = 0;
  let end = all.length;
  while (from < end && all[from] === "0") from++;
  while (end > from && all[end - 1] === "0") end--;
  if (from === end) return { digits: "", scale: 0 };
  return { digits: all.slice(from, end), scale: whole.length - from + Number(exponent) };
}
