import { ValidationError } from "./validation";

/**
 * An amount of memory. It prints in one spelling, `512Mi`, because `512M` and `512Mi` are a
 * difference to Terraform.
 */
export class Memory {
  /** @throws ValidationError InvalidValue unless the amount is a whole number from 1 */
  static mebibytes(amount: number): Memory {
    return Memory.of(amount, 1, "MiB");
  }

  /** @throws ValidationError InvalidValue unless the amount is a whole number of MiB */
  static gibibytes(amount: number): Memory {
    return Memory.of(amount, 1024, "GiB");
  }

  private static of(amount: number, factor: number, unit: string): Memory {
    const mebibytes = amount * factor;
    if (!Number.isInteger(mebibytes) || mebibytes < 1) {
      throw new ValidationError(
        "InvalidValue",
        `a memory size is ${amount} ${unit}; allowed is a whole number of MiB from 1`,
      );
    }
    return new Memory(mebibytes);
  }

  private constructor(private readonly amount: number) {}

  toMebibytes(): number {
    return this.amount;
  }

  /**
   * As Kubernetes writes it (`512Mi`, `16Gi`), so that it is no difference whether Cloud Run gives
   * back what was written or its own form.
   */
  toQuantity(): string {
    return this.amount % 1024 === 0 ? `${this.amount / 1024}Gi` : this.toString();
  }

  /** In Google's notation, such as `512Mi`. */
  toString(): string {
    return `${this.amount}Mi`;
  }
}
