/**
 * Terraform's numbers: binary floating point with 512 bits of mantissa, rounded to nearest, ties to
 * even. JavaScript's have 53 bits, and decimal libraries round differently: `1 / 3` would have
 * other digits.
 *
 * Sources: github.com/zclconf/go-cty, cty/value_ops.go and cty/convert (numbers are Go's
 * math/big.Float, parsed with 512 bits); pkg.go.dev/math/big#Float.
 */
const PRECISION = 512;

export class BigFloat {
  /** The value is `mantissa * 2^exponent`; the mantissa is odd, or zero. */
  private constructor(
    private readonly mantissa: bigint,
    private readonly exponent: number,
  ) {}

  /** @returns undefined if the text is not a number */
  static parse(text: string): BigFloat | undefined {
    const [, sign, whole = "", fraction = "", exponent = "0"] =
      /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
    if (sign === undefined || (whole === "" && fraction === "") || Math.abs(Number(exponent)) > 100_000)
      return undefined;
    const digits = BigInt(`${whole}${fraction}`) * (sign === "-" ? -1n : 1n);
    const power = Number(exponent) - fraction.length;
    return power >= 0 ? rounded(digits * 10n ** BigInt(power), 0) : quotient(digits, 10n ** BigInt(-power), 0);
  }

  static of(value: number | bigint): BigFloat {
    if (typeof value === "bigint" || Number.isInteger(value)) return rounded(BigInt(value), 0);
    return BigFloat.parse(String(value)) as BigFloat;
  }

  static make(mantissa: bigint, exponent: number): BigFloat {
    return new BigFloat(mantissa, exponent);
  }

  plus(other: BigFloat): BigFloat {
    const exponent = Math.min(this.exponent, other.exponent);
    return rounded(this.scaled(exponent) + other.scaled(exponent), exponent);
  }

  negated(): BigFloat {
    return new BigFloat(-this.mantissa, this.exponent);
  }

  minus(other: BigFloat): BigFloat {
    return this.plus(other.negated());
  }

  times(other: BigFloat): BigFloat {
    return rounded(this.mantissa * other.mantissa, this.exponent + other.exponent);
  }

  /** @returns undefined for a division by zero */
  dividedBy(other: BigFloat): BigFloat | undefined {
    if (other.mantissa === 0n) return undefined;
    return quotient(this.mantissa, other.mantissa, this.exponent - other.exponent);
  }

  /** As in cty: the remainder of the truncated quotient; for a division by zero, the dividend. */
  modulo(other: BigFloat): BigFloat {
    const times = this.dividedBy(other);
    return times ? this.minus(other.times(rounded(times.truncated(), 0))) : this;
  }

  /** Negative, zero or positive, if this is less, equal or greater. */
  compare(other: BigFloat): number {
    const exponent = Math.min(this.exponent, other.exponent);
    const [a, b] = [this.scaled(exponent), other.scaled(exponent)];
    return a < b ? -1 : a > b ? 1 : 0;
  }

  isWhole(): boolean {
    return this.exponent >= 0;
  }

  /** Rounded towards zero. */
  truncated(): bigint {
    if (this.exponent >= 0) return this.mantissa << BigInt(this.exponent);
    const size = this.mantissa < 0n ? -this.mantissa : this.mantissa;
    const whole = size >> BigInt(-this.exponent);
    return this.mantissa < 0n ? -whole : whole;
  }

  /** A JavaScript number if it has the same decimals, else text with all digits. */
  toJson(): number | string {
    const text = this.toString();
    const number = Number(text);
    return Number.isFinite(number) && plain(number) === text ? number : text;
  }

  /**
   * The fewest digits that are read as this number again, without an exponent, as Go's
   * `Text('f', -1)`.
   */
  toString(): string {
    if (this.mantissa === 0n) return "0";
    const sign = this.mantissa < 0n ? "-" : "";
    const size = this.mantissa < 0n ? -this.mantissa : this.mantissa;
    if (this.exponent >= 0 && bits(size) + this.exponent <= PRECISION) return `${sign}${size << BigInt(this.exponent)}`;
    // In units of half of the last bit: everything between one less and one more is read as this
    // number.
    const shift = PRECISION + 1 - bits(size);
    const [middle, exponent] = [size << BigInt(shift), this.exponent - shift];
    return `${sign}${shortest(middle, exponent, (size << BigInt(shift - 1)) % 2n === 0n)}`;
  }

  private scaled(exponent: number): bigint {
    return this.mantissa << BigInt(this.exponent - exponent);
  }
}

/** Rounds to 512 bits. @param sticky whether the value has more bits than the mantissa */
function rounded(mantissa: bigint, exponent: number, sticky = false): BigFloat {
  if (mantissa === 0n) return BigFloat.make(0n, 0);
  let size = mantissa < 0n ? -mantissa : mantissa;
  let power = exponent;
  const excess = bits(size) - PRECISION;
  if (excess > 0) {
    const cut = BigInt(excess);
    const rest = size & ((1n << cut) - 1n);
    const half = 1n << (cut - 1n);
    size >>= cut;
    if (rest > half || (rest === half && (sticky || size % 2n === 1n))) size += 1n;
    power += excess;
  }
  const zeros = bits(size & -size) - 1;
  size >>= BigInt(zeros);
  return BigFloat.make(mantissa < 0n ? -size : size, power + zeros);
}

function quotient(dividend: bigint, divisor: bigint, exponent: number): BigFloat {
  const negative = dividend < 0n !== divisor < 0n;
  const [a, b] = [dividend, divisor].map((value) => (value < 0n ? -value : value)) as [bigint, bigint];
  const shift = Math.max(0, PRECISION + 2 - bits(a) + bits(b));
  const scaled = a << BigInt(shift);
  const whole = scaled / b;
  return rounded(negative ? -whole : whole, exponent - shift, whole * b !== scaled);
}

function bits(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}

/** The digits of `mantissa * 2^exponent`, and the number of digits before the point. */
function decimal(mantissa: bigint, exponent: number): { digits: string; point: number } {
  const [digits, places] =
    exponent >= 0
      ? [(mantissa << BigInt(exponent)).toString(), 0]
      : [(mantissa * 5n ** BigInt(-exponent)).toString(), -exponent];
  return { digits: digits.replace(/0+$/, ""), point: digits.length - places };
}

/** Source: math/big, ftoa.go, roundShortest. */
function shortest(middle: bigint, exponent: number, inclusive: boolean): string {
  const [lower, exact, upper] = [middle - 1n, middle, middle + 1n].map((each) => decimal(each, exponent)) as [
    ReturnType<typeof decimal>,
    ReturnType<typeof decimal>,
    ReturnType<typeof decimal>,
  ];
  const digit = ({ digits }: { digits: string }, index: number) => Number(digits[index] ?? "0");
  for (let index = 0; index < exact.digits.length; index++) {
    const [low, here, high] = [digit(lower, index), digit(exact, index), digit(upper, index)];
    const down = low !== here || (inclusive && index + 1 === lower.digits.length);
    const up = here !== high && (inclusive || here + 1 < high || index + 1 < upper.digits.length);
    if (!down && !up) continue;
    const kept = exact.digits.slice(0, index + 1);
    const next = digit(exact, index + 1);
    const isTie = next === 5 && exact.digits.length === index + 2;
    const nearestUp = isTie ? here % 2 === 1 : next >= 5;
    if (down && up ? !nearestUp : down) return placed(kept, exact.point);
    const raised = (BigInt(kept) + 1n).toString();
    return placed(raised, exact.point + raised.length - kept.length);
  }
  return placed(exact.digits, exact.point);
}

function placed(digits: string, point: number): string {
  const [whole, fraction] =
    point <= 0 ? ["0", "0".repeat(-point) + digits] : [digits.slice(0, point).padEnd(point, "0"), digits.slice(point)];
  const rest = fraction.replace(/0+$/, "");
  return rest === "" ? whole : `${whole}.${rest}`;
}

/** Decimal notation without an exponent. */
function plain(value: number): string {
  return BigFloat.parse(String(value))?.toString() ?? "";
}
