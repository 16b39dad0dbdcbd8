import type { Access, Binding } from "@cdktf-serverless-ml/emulator";
import type { Grant } from "./grants";

/** What a run asked of one grant. */
interface Use {
  /** Calls that it allowed, alone or with others. */
  calls: number;
  /** Number of the first call that nothing else would have allowed. */
  first: number;
  /** Addresses of what allowed the same calls. */
  readonly others: Set<string>;
}

/** What a run with all bindings asks of each grant: which runs without one will take long, and why one may not be needed. */
export class Uses {
  private readonly uses: Map<Grant, Use>;
  private calls = 0;

  constructor(grants: readonly Grant[]) {
    this.uses = new Map(
      grants.map((grant) => [grant, { calls: 0, first: Number.POSITIVE_INFINITY, others: new Set() }]),
    );
  }

  /** A call that was allowed, and all bindings that allow it. */
  note(access: Access, by: readonly Binding[]): void {
    const number = this.calls++;
    for (const [grant, use] of this.uses) {
      if (grant.permission !== undefined && grant.permission !== access.permission) continue;
      const others = by.filter((binding) => grant.without(binding) === true);
      if (others.length === by.length) continue;
      use.calls++;
      if (others.length === 0) use.first = Math.min(use.first, number);
      for (const { address } of others) use.others.add(address);
    }
  }

  /** Those that are needed late first: a run without one takes as long as it takes to be missed. */
  longestFirst(): Grant[] {
    return [...this.uses]
      .sort(([, a], [, b]) => (a.first < b.first ? 1 : a.first > b.first ? -1 : 0))
      .map(([grant]) => grant);
  }

  /** Whether something needed it that nothing else allows. */
  isNeeded(grant: Grant): boolean {
    return this.useOf(grant).first < Number.POSITIVE_INFINITY;
  }

  /** Calls that it allowed, alone or with others: with none, nothing is known of it. */
  callsOf(grant: Grant): number {
    return this.useOf(grant).calls;
  }

  /** Addresses of what allowed all calls that it allowed. */
  othersOf(grant: Grant): readonly string[] {
    return [...this.useOf(grant).others];
  }

  private useOf(grant: Grant): Use {
    const use = this.uses.get(grant);
    if (!use) throw new Error(`${grant.address} was not watched`);
    return use;
  }
}
