import { ValidationError } from "./validation";

/** The longest duration of Google's Duration type, in seconds: 10000 years. */
const MAX_SECONDS = 315_576_000_000;

/** An immutable length of time. */
export class Duration {
  /** No time at all. */
  static readonly zero = new Duration(0);

  /** @throws ValidationError InvalidValue unless the length is from 0 to 10000 years */
  static seconds(amount: number): Duration {
    return Duration.of(amount, 1, "seconds");
  }

  /** @throws ValidationError InvalidValue unless the length is from 0 to 10000 years */
  static minutes(amount: number): Duration {
    return Duration.of(amount, 60, "minutes");
  }

  /** @throws ValidationError InvalidValue unless the length is from 0 to 10000 years */
  static hours(amount: number): Duration {
    return Duration.of(amount, 3600, "hours");
  }

  /** @throws ValidationError InvalidValue unless the length is from 0 to 10000 years */
  static days(amount: number): Duration {
    return Duration.of(amount, 86400, "days");
  }

  private static of(amount: number, factor: number, unit: string): Duration {
    if (!(amount >= 0 && amount * factor <= MAX_SECONDS)) {
      throw new ValidationError(
        "InvalidValue",
        `a duration is ${amount} ${unit}; allowed is a number from 0 to 10000 years`,
      );
    }
    // Nanoseconds are the finest step of Google's Duration. Rounding removes floating-point
    // residue, as of 0.1 * 3.
    return new Duration(Math.round(amount * factor * 1e9) / 1e9);
  }

  private constructor(private readonly amount: number) {}

  toSeconds(): number {
    return this.amount;
  }

  /** Whole days, rounded down. */
  toDays(): number {
    return Math.floor(this.amount / 86400);
  }

  /** Google's notation, such as `90s` or `0.5s`. */
  toString(): string {
    // JavaScript prints numbers below a millionth in scientific notation, which Google does not
    // read.
    const text = this.amount < 1e-6 ? this.amount.toFixed(9).replace(/\.?0+$/, "") : String(this.amount);
    return `${text}s`;
  }

  isLongerThan(other: Duration): boolean {
    return this.amount > other.amount;
  }

  /** This duration, or the nearer end of the range where it lies outside. */
  clamp(min: Duration, max: Duration): Duration {
    if (this.amount < min.amount) return min;
    return this.amount > max.amount ? max : this;
  }
}
