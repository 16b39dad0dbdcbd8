import type { CheckResult } from "./checkov";

/**
 * A row of the page: a check, and the number of resources that fail it, by default and with every
 * option enabled.
 */
export interface Claim {
  readonly id: string;
  readonly shipped: number;
  readonly hardened: number;
}

/**
 * Rows of docs/security.md's table of checks:
 * `| `CKV_…` | asks | pass or fails: n | pass or fails: n | … |`.
 */
export function claimsOf(markdown: string): Claim[] {
  return [...markdown.matchAll(/^\| `(CKV2?_\w+)` \|[^|]*\|([^|]*)\|([^|]*)\|/gm)].map(
    ([, id = "", shipped = "", hardened = ""]) => ({
      id,
      shipped: failures(id, shipped),
      hardened: failures(id, hardened),
    }),
  );
}

function failures(id: string, cell: string): number {
  const [, count] = /^(?:passes|fails: (\d+))$/.exec(cell.trim()) ?? [];
  if (count === undefined && cell.trim() !== "passes") {
    throw new Error(`docs/security.md says of ${id} "${cell.trim()}"; allowed is "passes" or "fails: <number>"`);
  }
  return Number(count ?? 0);
}

/** Differences between the page and the scans, one line each; empty if they agree. */
export function disagreements(
  claims: readonly Claim[],
  shipped: readonly CheckResult[],
  hardened: readonly CheckResult[],
): string[] {
  const found = new Set([...shipped, ...hardened].map(({ id }) => id));
  return [
    ...[...found].filter((id) => !claims.some((claim) => claim.id === id)).map((id) => `${id} is not on the page`),
    ...claims.filter(({ id }) => !found.has(id)).map(({ id }) => `${id} is on the page, but checks nothing here`),
    ...claims.flatMap((claim) => [
      ...compare(claim.id, "as shipped", claim.shipped, shipped),
      ...compare(claim.id, "with every option on", claim.hardened, hardened),
    ]),
  ];
}

function compare(id: string, which: string, said: number, results: readonly CheckResult[]): string[] {
  const failed = results.find((result) => result.id === id)?.failed ?? [];
  if (failed.length === said) return [];
  return [
    `${id}, ${which}: the page says ${said} fail, checkov ${failed.length}${failed.map((name) => `\n    ${name}`).join("")}`,
  ];
}
