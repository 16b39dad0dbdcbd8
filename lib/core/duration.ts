import { ValidationError } from "./validation";

/** A length of time. Immutable; compares and prints in seconds. */
export class Duration {
  static readonly zero = new Duration(0);

  /** @throws ValidationError InvalidValue for a negative or not finite amount */
  static seconds(amount: number): Duration {
    return Duration.of(amount, 1, "seconds");
  }

  /** @throws ValidationError InvalidValue for a negative or not finite amount */
  static minutes(amount: number): Duration {
    return Duration.of(amount, 60, "minutes");
  }

  /** @throws ValidationError InvalidValue for a negative or not finite amount */
  static hours(amount: number): Duration {
    return Duration.of(amount, 3600, "hours");
  }

  /** @throws ValidationError InvalidValue for a negative or not finite amount */
  static days(amount: number): Duration {
    return Duration.of(amount, 86400, "days");
  }

  private static of(amount: number, factor: number, unit: string): Duration {
    if (!Number.isFinite(amount) || amount < 0) {
      throw new ValidationError("InvalidValue", `a duration is ${amount} ${unit}; allowed is a number from 0`);
    }
    // Nanoseconds are the finest step that Google's Duration has; rounding keeps 0.1 * 3 from printing its dust.
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
    return `${this.amount}s`;
  }

  isLongerThan(other: Duration): boolean {
    return this.amount > other.amount;
  }

  /** This duration, or the nearer end of the range. */
  clamp(min: Duration, max: Duration): Duration {
    if (this.amount < min.amount) return min;
    return this.amount > max.amount ? max : this;
  }
}
