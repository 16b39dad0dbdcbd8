import type { Change } from "./change";
import type { GrantChange } from "./iam";
import type { Rename } from "./renames";
import type { Target } from "./target";

/**
 * A grant that changes only with a renamed resource: lost under the old name, gained under the new
 * one.
 */
export interface RenamedGrant {
  readonly lost: GrantChange;
  readonly gained: GrantChange;
}

/** Separates grants that only follow renames from all others. */
export function withoutRenamedGrants(
  grants: readonly GrantChange[],
  renames: readonly Rename[],
): { readonly grants: readonly GrantChange[]; readonly following: readonly RenamedGrant[] } {
  const before = namesOf(renames.map(({ deleted }) => deleted));
  const after = namesOf(renames.map(({ created }) => created));
  const lostBy = new Map<string, GrantChange[]>();
  for (const grant of grants.filter(({ effect }) => effect === "loses")) {
    const key = keyOf(grant, before);
    lostBy.set(key, [...(lostBy.get(key) ?? []), grant]);
  }
  const following = grants
    .filter(({ effect }) => effect === "gains")
    .flatMap((gained): RenamedGrant[] => {
      const candidates = lostBy.get(keyOf(gained, after)) ?? [];
      const index = candidates.findIndex((lost) => mayContain(lost.on.within, gained.on.within));
      const [lost] = index < 0 ? [] : candidates.splice(index, 1);
      return lost ? [{ lost, gained }] : [];
    });
  const followed = new Set(following.flatMap(({ lost, gained }) => [lost, gained]));
  return { grants: grants.filter((grant) => !followed.has(grant)), following };
}

/** Equal for two grants that differ only in renamed names. */
function keyOf({ stack, who = "", role, on }: GrantChange, names: ReadonlyMap<string, number>): string {
  const path = on.name.split("/").map((name) => renamed(name, names));
  return JSON.stringify([stack, role, on.kind, renamed(who, names), path]);
}

/**
 * Whether project and location can be the same; a resource that is not created yet may have none.
 */
function mayContain(before: Target["within"], after: Target["within"]): boolean {
  return Object.entries(after).every(([what, name]) => (before[what] ?? name) === name);
}

/**
 * Which renamed resource a text names: by name, as an account, or by a reference to a value that is
 * not known yet.
 */
function renamed(text: string, names: ReadonlyMap<string, number>): number | string {
  const account = /^(?:serviceAccount:)?([^@]+)@/.exec(text)?.[1];
  const address = text.slice(0, text.lastIndexOf("."));
  return names.get(text) ?? names.get(`account ${account}`) ?? names.get(`address ${address}`) ?? text;
}

function namesOf(changes: readonly Change[]): Map<string, number> {
  const names = new Map<string, number>();
  for (const [index, { address, before, after }] of changes.entries()) {
    const { name, account_id: account, email, member } = after ?? before ?? {};
    names.set(`address ${address}`, index);
    if (typeof account === "string") names.set(`account ${account}`, index);
    for (const known of [name, email, member]) if (typeof known === "string") names.set(known, index);
  }
  return names;
}
