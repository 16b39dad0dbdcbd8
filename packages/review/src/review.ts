import type { Change, Reading, Value } from "./change";
import { CODE_PATHS, type CodeChange, codeChanges, codeObjects, isCodeObject } from "./code";
import { type Difference, differenceAt, differences } from "./differences";
import { type GrantChange, grantChanges, isGrant, isGrantPath } from "./iam";
import { knowledgeOf, type Note, notesOn, REASONS } from "./knowledge";
import { REGISTRY } from "./provider-docs";
import { type RenamedGrant, withoutRenamedGrants } from "./renamed-grants";
import { findRenames, type Rename } from "./renames";
import { settingNotes } from "./setting-rules";

/** `partial`: safe, as far as the changes were understood. */
export type Verdict = "safe" | "partial" | "needs attention" | "destroys data";

/** A change that can hurt: a deletion, a replacement, or a change with a known consequence. */
export interface Hazard {
  readonly stack: string;
  readonly address: string;
  readonly action: Change["action"];
  /** The data that is lost. */
  readonly holds?: string;
  readonly reason?: string;
  readonly forcedBy: readonly Difference[];
  readonly notes: readonly Note[];
  /** The resource that replaces it, if this looks like a rename. */
  readonly rename?: {
    readonly to: string;
    /** The call on the resource at `to` that keeps the old one. */
    readonly call: string;
    readonly path?: string;
    readonly stillReplacedBy: readonly Difference[];
  };
}

export interface Settings {
  readonly stack: string;
  readonly address: string;
  readonly action: Change["action"];
  readonly differences: readonly Difference[];
}

/** A resource or output that is created, moved, imported or forgotten. */
export interface Listed {
  readonly stack: string;
  readonly address: string;
  readonly what: string;
  /** The old address, or the id of an import. */
  readonly from?: string;
}

export interface Review {
  readonly verdict: Verdict;
  /**
   * Numbers of stacks; of resources by action, without grants and code; of `grants`, and of
   * `widenings` among them; of functions with new `code`; of changed `outputs`; of resources that
   * are `moved` or `imported`.
   */
  readonly counts: Readonly<Record<string, number>>;
  readonly from: readonly Reading["from"][];
  readonly notes: readonly string[];
  /** What was not understood or not compared. A review with gaps is never `safe`. */
  readonly gaps: readonly string[];
  readonly hazards: readonly Hazard[];
  readonly grants: readonly GrantChange[];
  /** Grants that change only because their member or their resource is renamed. */
  readonly following: readonly RenamedGrant[];
  readonly code: readonly CodeChange[];
  readonly settings: readonly Settings[];
  readonly creates: readonly Listed[];
  readonly others: readonly Listed[];
}

/** Reviews one or more stacks. */
export function review(readings: readonly Reading[]): Review {
  const parts = readings.map(reviewOne);
  const all = <K extends keyof (typeof parts)[number]>(key: K) => parts.flatMap((part) => part[key] as Value[]);
  const hazards: Hazard[] = all("hazards").sort((a, b) => weight(a) - weight(b));
  const grants: GrantChange[] = all("grants").sort((a, b) => rank(a) - rank(b));
  const widenings = grants.filter(({ widening }) => widening.length > 0).length;
  const attention = hazards.length + widenings > 0 || readings.some(({ notes }) => notes.length > 0);
  const partial = readings.some(({ gaps }) => gaps.length > 0);
  const destroys = hazards.some(({ holds }) => holds !== undefined);
  return {
    verdict: destroys ? "destroys data" : attention ? "needs attention" : partial ? "partial" : "safe",
    counts: {
      stacks: readings.length,
      ...count(all("counted")),
      code: all("code").length,
      outputs: all("outputs").length,
      grants: grants.length,
      widenings,
    },
    from: [...new Set(readings.map(({ from }) => from))],
    notes: readings.flatMap(({ notes }) => notes),
    gaps: readings.flatMap(({ gaps }) => gaps),
    hazards,
    grants,
    following: all("following"),
    code: all("code"),
    settings: all("settings"),
    creates: all("creates"),
    others: all("others"),
  };
}

function reviewOne(reading: Reading) {
  const { changes } = reading;
  const objects = codeObjects(reading);
  const code = codeChanges(reading);
  const isInOtherSection = (change: Change) => isGrant(change.type) || isCodeObject(change, objects);
  const renames = [
    ...findRenames(changes.filter((change) => !isCodeObject(change, objects) && !isGrant(change.type))),
    ...sameGrants(changes),
  ];
  const renamed = new Map(renames.map((rename) => [rename.deleted, rename]));
  const arrived = new Set(renames.map(({ created }) => created));
  const isHazard = (change: Change) => {
    if (renamed.has(change)) return true;
    if (isInOtherSection(change) || knowledgeOf(change.type).harmless) return false;
    const destroys = change.action === "delete" || change.action === "replace";
    return destroys || (change.action !== "none" && notesOf(change, reading).length > 0);
  };
  const hazards = new Set(changes.filter(isHazard));
  const left = changes.filter((change) => !hazards.has(change) && !arrived.has(change) && !isInOtherSection(change));
  const recoded = new Set(code.map(({ address }) => address));
  const isCodeAlone = (change: Change) =>
    recoded.has(change.address) && change.action === "update" && settings(change).length === 0;
  const isCounted = (change: Change) =>
    hazards.has(change) || arrived.has(change) || !(isInOtherSection(change) || isCodeAlone(change));
  return {
    outputs: reading.outputs.filter(({ action }) => action !== "none"),
    counted: changes.filter(isCounted),
    hazards: [...hazards].map((change) => hazard(change, reading, renamed.get(change))),
    ...withoutRenamedGrants(grantChanges(changes), renames),
    code,
    settings: [
      ...changes
        .filter((change) => change.action === "update" || change.action === "replace")
        .filter((change) => !isInOtherSection(change)),
      ...reading.outputs.filter(({ action }) => action !== "none"),
    ].flatMap((change) => settings(change)),
    creates: left.filter(({ action }) => action === "create").map((change) => listed(change, "created")),
    others: changes.flatMap((change) => others(change)),
  };
}

function notesOf(change: Change, reading: Reading): Note[] {
  return [...notesOn(change, reading), ...settingNotes(change)];
}

/**
 * Grants that are deleted at one address and created, unchanged, at another one. The table shows
 * all others.
 */
function sameGrants(changes: readonly Change[]): Rename[] {
  const gone = changes.filter(({ type, action, deposed }) => isGrant(type) && action === "delete" && !deposed);
  const fresh = new Set(changes.filter(({ type, action }) => isGrant(type) && action === "create"));
  return gone.flatMap((deleted): Rename[] => {
    if (grantChanges([deleted]).length === 0) return [];
    const created = [...fresh].find(
      (each) =>
        each.type === deleted.type && grantChanges([each]).length > 0 && grantChanges([deleted, each]).length === 0,
    );
    if (!created) return [];
    fresh.delete(created);
    return [{ deleted, created, stillReplacedBy: [] }];
  });
}

function hazard(change: Change, reading: Reading, rename?: Rename): Hazard {
  return {
    stack: change.stack,
    address: change.address,
    action: change.action,
    holds: change.action === "delete" || change.action === "replace" ? knowledgeOf(change.type).holds : undefined,
    reason: change.reason && (Object.hasOwn(REASONS, change.reason) ? REASONS[change.reason] : change.reason),
    forcedBy: change.forcedBy.map((path) => differenceAt(change, path)),
    notes: isGrant(change.type) ? [SAME_GRANT] : notesOf(change, reading),
    rename: rename && {
      to: rename.created.address,
      call: `moveFromId(${JSON.stringify(change.address)})`,
      path: rename.created.path,
      stillReplacedBy: rename.stillReplacedBy.map((key) =>
        differenceAt({ ...rename.created, before: change.before }, [key]),
      ),
    },
  };
}

const SAME_GRANT: Note = {
  text: "The same grant is created and removed in one apply, in no fixed order: it may be missing afterwards.",
  source: `${REGISTRY}/google_project_iam`,
};

/**
 * Changed settings, without those that force replacements or are about code: other sections show
 * them.
 */
function settings(change: Change): Settings[] {
  const forced = change.forcedBy.map((path) => differenceAt(change, path).path);
  const isForced = (path: string) => forced.some((each) => path === each || /^[.[]/.test(after(path, each) ?? ""));
  const isElsewhere = (path: string) => CODE_PATHS.has(path) || isForced(path) || isGrantPath(change.type, path);
  const left = differences(change).filter(({ path }) => !isElsewhere(path));
  const { stack, address, action } = change;
  return left.length === 0 ? [] : [{ stack, address, action, differences: left }];
}

/** The rest of a text after its beginning; undefined if it begins otherwise. */
function after(text: string, beginning: string): string | undefined {
  return text.startsWith(beginning) ? text.slice(beginning.length) : undefined;
}

function others(change: Change): Listed[] {
  const found: Listed[] = [];
  if (change.previousAddress !== undefined) found.push(listed(change, "moved from", change.previousAddress));
  if (change.importing === "") found.push(listed(change, "imported by an id that is known only after the apply"));
  else if (change.importing !== undefined) found.push(listed(change, "imported by", change.importing));
  if (change.action === "forget") found.push(listed(change, "forgotten: it stays, and Terraform no longer manages it"));
  return found;
}

function listed({ stack, address }: Change, what: string, from?: string): Listed {
  return { stack, address, what, from };
}

const COUNTED: Readonly<Record<Change["action"], string>> = {
  delete: "deleted",
  replace: "replaced",
  update: "changed",
  create: "created",
  forget: "forgotten",
  none: "unchanged",
};

function count(changes: readonly Change[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of [...Object.values(COUNTED), "moved", "imported"]) counts[name] = 0;
  const add = (name: string) => {
    counts[name] = (counts[name] ?? 0) + 1;
  };
  for (const change of changes) {
    add(COUNTED[change.action]);
    if (change.previousAddress !== undefined) add("moved");
    if (change.importing !== undefined) add("imported");
  }
  return counts;
}

/** Lost data first, then deletions, then the rest. */
function weight({ holds, action }: Hazard): number {
  return (holds === undefined ? 2 : 0) + (action === "delete" || action === "replace" ? 0 : 1);
}

/** Wider access first, then gains, then losses. */
function rank({ widening, effect }: GrantChange): number {
  return widening.length > 0 ? 0 : effect === "gains" ? 1 : 2;
}
