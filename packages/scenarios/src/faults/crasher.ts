import type { RestRequest } from "@cdktf-serverless-ml/emulator";
import type { StackIndex } from "@cdktf-serverless-ml/terraform-json";

/**
 * Functions that get no faults for the moment, because they have the last delivery of a message. If
 * it failed after an effect, of this delivery or of an earlier one, Pub/Sub would forward a message
 * that has its effect, and no function can prevent that.
 */
export class CrashGuard {
  private readonly counts = new Map<string, number>();

  has(functionName: string): boolean {
    return this.counts.has(functionName);
  }

  async during<T>(functionName: string, work: () => Promise<T>): Promise<T> {
    this.counts.set(functionName, (this.counts.get(functionName) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const left = (this.counts.get(functionName) ?? 1) - 1;
      if (left > 0) this.counts.set(functionName, left);
      else this.counts.delete(functionName);
    }
  }
}

/**
 * Kills instances of a function.
 *
 * @param port port that a call comes from: kills only the instance that makes it. Absent: kills all
 * @returns how many instances were killed
 */
export type Kill = (functionName: string, port?: number) => number;

/** Kills processes of functions that are not under the crash guard. */
export class Crasher {
  constructor(
    private readonly index: StackIndex,
    private readonly crashGuard: CrashGuard,
    private readonly kill: Kill,
  ) {}

  /** Whether a function that runs as this service account is under the crash guard. */
  isGuarded(email: string | undefined): boolean {
    return this.index.workersOf(email).some(({ name }) => this.crashGuard.has(name));
  }

  /**
   * Kills the instance that makes a call.
   *
   * @returns false if its function is under the crash guard, or if no function makes it
   */
  crash({ caller: { email }, port }: Pick<RestRequest, "caller" | "port">): boolean {
    const names = this.index.workersOf(email).map(({ name }) => name);
    if (names.length === 0 || this.isGuarded(email)) return false;
    const killed = names.reduce((sum, name) => sum + this.kill(name, port), 0);
    // An instance may become known only after its first call.
    if (killed === 0) for (const name of names) this.kill(name);
    return true;
  }
}
