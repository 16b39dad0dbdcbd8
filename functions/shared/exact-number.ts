/** Significant digits that represent every double (C's `%.17g`). */
const MAX_DIGITS_OF_A_DOUBLE = 17;
/** The largest argument of `toPrecision`. */
const MAX_PRECISION = 100;
const DECIMAL = /^[+-]?(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;
/** Doubles nearer to zero have fewer digits. */
const SMALLEST_NORMAL = 2.2250738585072014e-308;

/**
 * The number is `0.digits × 10^scale`, without its sign. `digits` has no zeros at either end; for
 * zero it is empty.
 */
interface Decimal {
  readonly digits: string;
  readonly scale: number;
}

/**
 * Whether a number keeps its value when it becomes a double. JavaScript and Vertex AI hold all
 * numbers as doubles (`google.protobuf.Value`, the type of `PredictRequest.instances`:
 * https://protobuf.dev/reference/protobuf/google.protobuf/#value).
 *
 * A whole number must equal the double exactly: 1234567890123456789 would become ...800. A number
 * with a fraction must be within a double's range. It may have at most 17 significant digits, or
 * exactly the double's own digits.
 *
 * @param literal a decimal number; any other text is not exact.
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
