import type { Access, Binding } from "@cdktf-serverless-ml/emulator";
import type { RemovableGrant } from "./grants";

/** How a run used one grant. */
interface Use {
  /** Calls that it allowed, alone or with other grants. */
  calls: number;
  /** Number of the first call that no other grant allowed. */
  first: number;
  /** Addresses of the bindings that allowed the same calls. */
  readonly others: Set<string>;
}

/**
 * How a run with all bindings used each grant. It shows which mutation runs will take long, and why
 * a grant may not be needed.
 */
export class Uses {
  private readonly uses: Map<RemovableGrant, Use>;
  private calls = 0;

  constructor(grants: readonly RemovableGrant[]) {
    this.uses = new Map(
      grants.map((grant) => [grant, { calls: 0, first: Number.POSITIVE_INFINITY, others: new Set() }]),
    );
  }

  /** Counts a call that was allowed, and all bindings that allow it. */
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

  /**
   * Grants in the order of their mutation runs. A run takes until the grant is needed, so those
   * needed last come first.
   */
  longestFirst(): RemovableGrant[] {
    return [...this.uses]
      .sort(([, a], [, b]) => (a.first < b.first ? 1 : a.first > b.first ? -1 : 0))
      .map(([grant]) => grant);
  }

  /** Whether a call needed it that no other grant allowed. */
  isNeeded(grant: RemovableGrant): boolean {
    return this.useOf(grant).first < Number.POSITIVE_INFINITY;
  }

  /** Calls that it allowed, alone or with other grants. 0: it was not exercised. */
  callsOf(grant: RemovableGrant): number {
    return this.useOf(grant).calls;
  }

  /** Addresses of the bindings that allowed the same calls. */
  othersOf(grant: RemovableGrant): readonly string[] {
    return [...this.useOf(grant).others];
  }

  private useOf(grant: RemovableGrant): Use {
    const use = this.uses.get(grant);
    if (!use) throw new Error(`${grant.address} is not a grant of this stack`);
    return use;
  }
}
