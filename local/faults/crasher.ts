import type { Parties } from "./parties";
import type { Spared } from "./spared";

/** Kills processes of functions, but those that are to be spared. */
export class Crasher {
  constructor(
    private readonly parties: Parties,
    private readonly spared: Spared,
    /** Kills all instances of a function. */
    private readonly kill: (functionName: string) => void,
  ) {}

  /** Whether nothing may befall the functions that call as a service account. */
  mustSpare(email: string | undefined): boolean {
    return this.parties.functionsOf(email).some((name) => this.spared.has(name));
  }

  /** Kills the functions that call as a service account. @returns false where they are spared, or there are none */
  crash(email: string | undefined): boolean {
    const names = this.parties.functionsOf(email);
    if (names.length === 0 || this.mustSpare(email)) return false;
    for (const name of names) this.kill(name);
    return true;
  }
}
