/**
 * A stack that cannot be simulated faithfully. It is refused before anything runs, with all reasons
 * at once.
 */
export class LoadError extends Error {
  override readonly name = "LoadError";

  /** @param reasons each `<address>: <what is not simulated or not valid>` */
  constructor(readonly reasons: readonly string[]) {
    super(reasons.join("\n"));
  }
}

/** Collects what cannot be simulated of the resources of an emulator. */
export class LoadProblems {
  private readonly reasons: string[] = [];

  add(address: string, reason: string): void {
    this.reasons.push(`${address}: ${reason}`);
  }

  /** Does the work for one resource, and collects what it throws. */
  attempt<T>(address: string, work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      this.add(address, (error as Error).message);
      return undefined;
    }
  }

  /** @throws LoadError if there is a reason */
  throwIfAny(): void {
    if (this.reasons.length > 0) throw new LoadError(this.reasons);
  }
}
