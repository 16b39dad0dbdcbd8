import { counted } from "@cdktf-serverless-ml/cli";
import type { Bundle, CodeChange } from "../code";
import type { GrantChange } from "../iam";
import type { RenamedGrant } from "../renamed-grants";
import type { Hazard, Review, Settings } from "../review";
import { code, fenced, row, Values } from "./text";

/** A part of the comment. In a comment that is too long, its last items are left out. */
export interface Section {
  readonly name: string;
  readonly before: readonly string[];
  /** Each of one or more lines. */
  readonly items: readonly string[];
  readonly after: readonly string[];
}

/** All sections that are not empty, in the order of the comment. */
export function sections(review: Review): Section[] {
  const values = new Values();
  // The stack is named only if there are several.
  const suffix = (stack: string) => ((review.counts.stacks ?? 0) > 1 ? ` (${plain(stack)})` : "");
  const at: Place = ({ stack, address }) => `${code(address)}${suffix(stack)}`;
  const on = placeOf(review.grants);
  return [
    open(
      "Hazards",
      review.hazards.map((each) => hazard(each, at, values)),
    ),
    table(
      "IAM",
      ["", "who", "role", "on", "wider because"],
      review.grants.map((each) => grant(each, on(each), suffix)),
    ),
    folded(
      review.following.length === 1 ? "grant that follows a rename" : "grants that follow renames",
      review.following.map((each) => followed(each, suffix)),
    ),
    codeSection(review.code, suffix),
    open(
      "Changed settings",
      review.settings.map((each) => settings(each, at, values)),
    ),
    folded(
      "moved, imported or forgotten",
      review.others.map((each) => `- ${at(each)} ${each.what}${each.from === undefined ? "" : ` ${code(each.from)}`}`),
    ),
    folded(
      "created",
      review.creates.map((each) => `- ${at(each)}`),
    ),
  ].filter(({ items }) => items.length > 0);
}

/** The drawings, one a stack. */
export function wiringSection(drawings: ReadonlyMap<string, string>): Section {
  const items = [...drawings].map(([stack, drawing]) =>
    [
      "<details>",
      `<summary>${plain(stack)}</summary>`,
      "",
      ...fenced("mermaid", drawing.trimEnd().split("\n")),
      "",
      "</details>",
    ].join("\n"),
  );
  return { name: "wiring", before: ["### Wiring", ""], items, after: [""] };
}

type Place = (of: { stack: string; address: string }) => string;
/** The stack, in parentheses. */
type Suffix = (stack: string) => string;

/** The name of a folder, which can be any text: nothing in it becomes Markdown. */
function plain(stack: string): string {
  return stack.replace(/[^\w.-]/g, "-");
}

function open(name: string, items: readonly string[]): Section {
  return { name, before: [`### ${name}`, ""], items, after: [""] };
}

function folded(what: string, items: readonly string[]): Section {
  const before = ["<details>", `<summary>${items.length} ${what}</summary>`, ""];
  return { name: what, before, items, after: ["", "</details>", ""] };
}

function table(name: string, head: readonly string[], items: readonly string[]): Section {
  const before = [`### ${name}`, "", row(...head), row(...head.map(() => "---"))];
  return { name, before, items, after: [""] };
}

function hazard(hazard: Hazard, at: Place, values: Values): string {
  const { rename } = hazard;
  const holds = hazard.holds === undefined ? "" : `, and with it **${hazard.holds}**`;
  const fate = `${VERBS[hazard.action]}${holds}`;
  const action = rename ? `${fate}; ${code(rename.to)} is created: this looks like a rename` : fate;
  const reason =
    hazard.reason !== undefined && !rename && hazard.forcedBy.length === 0 ? [`  - Because ${hazard.reason}.`] : [];
  return [
    `- ${at(hazard)} ${action}.`,
    ...reason,
    ...hazard.forcedBy.map((each) => `  - Forced by ${code(each.path)}: ${values.change(each)}.`),
    ...hazard.notes.map(({ text, source }) => `  - ${text} [[source](${source})]`),
    ...(rename ? renamed(rename, values) : []),
  ].join("\n");
}

const VERBS: Readonly<Record<Hazard["action"], string>> = {
  delete: "is deleted",
  replace: "is deleted and created again",
  create: "is created",
  update: "is changed",
  forget: "is forgotten",
  none: "stays",
};

function renamed({ to, call, path, stillReplacedBy }: NonNullable<Hazard["rename"]>, values: Values): string[] {
  const where = path === undefined ? code(to) : `${code(to)}, the construct ${code(path)}`;
  const differing = stillReplacedBy.map((each) => `${code(each.path)} (${values.change(each)})`);
  return [
    `  - To keep it, call this on the resource of ${where}:`,
    ...fenced("ts", [`.${call};`]).map((line) => `    ${line}`),
    ...(differing.length === 0
      ? []
      : [`  - The move alone still replaces it: also keep ${differing.join(" and ")} as it was.`]),
  ];
}

/** What a grant is on; with project and location if two resources have the same name. */
function placeOf(grants: readonly GrantChange[]): (grant: GrantChange) => string {
  const places = new Map<string, Set<string>>();
  const keyOf = ({ on }: GrantChange) => JSON.stringify([on.kind, on.name]);
  for (const grant of grants) {
    const found = places.get(keyOf(grant)) ?? new Set();
    places.set(keyOf(grant), found.add(JSON.stringify(grant.on.within)));
  }
  return (grant) => {
    const within = Object.entries(grant.on.within).map(([what, name]) => `${what} ${code(name)}`);
    const isTwo = (places.get(keyOf(grant))?.size ?? 0) > 1 && within.length > 0;
    return `${grant.on.kind} ${code(grant.on.name)}${isTwo ? ` in ${within.join(", ")}` : ""}`;
  };
}

function grant({ effect, who, role, widening, stack }: GrantChange, on: string, suffix: Suffix): string {
  const mark = widening.length > 0 ? "⚠️ gains" : effect;
  return row(
    mark,
    who === undefined ? "every holder of the role" : code(who),
    code(role),
    `${on}${suffix(stack)}`,
    widening.join("; "),
  );
}

function followed({ lost, gained }: RenamedGrant, suffix: Suffix): string {
  const change = (before = "", after = "") => (before === after ? code(after) : `${code(before)} → ${code(after)}`);
  const on = `${gained.on.kind} ${change(lost.on.name, gained.on.name)}${suffix(gained.stack)}`;
  return `- ${code(gained.role)} on ${on}: ${change(lost.who, gained.who)}`;
}

/** Sizes only if a zip file is available. */
function codeSection(changes: readonly CodeChange[], suffix: Suffix): Section {
  const sized = changes.some(({ before, after }) => before.size !== undefined || after.size !== undefined);
  const rows = changes.map(({ stack, name, before, after }) => {
    const cells = [`${code(name)}${suffix(stack)}`, `${label(before)} → ${label(after)}`];
    return row(...cells, ...(sized ? [sizes(before, after)] : []));
  });
  return table("Functions whose code changed", ["function", "source", ...(sized ? ["bundle"] : [])], rows);
}

function label({ hash, object }: Bundle): string {
  return code(hash?.slice(0, 12) ?? object);
}

function sizes(before: Bundle, after: Bundle): string {
  if (before.size === undefined && after.size === undefined) return "";
  if (before.size === undefined || after.size === undefined) return `${kib(before.size)} → ${kib(after.size)}`;
  const more = after.size - before.size;
  return `${kib(before.size)} → ${kib(after.size)} (${more < 0 ? "−" : "+"}${Math.abs(more) < 1024 ? counted(Math.abs(more), "byte") : kib(Math.abs(more))})`;
}

function kib(bytes: number | undefined): string {
  return bytes === undefined ? "unknown" : `${(bytes / 1024).toFixed(1)} KiB`;
}

const MOST_KEYS = 40;

function settings({ stack, address, action, differences }: Settings, at: Place, values: Values): string {
  const more = differences.length - MOST_KEYS;
  const verb = action === "create" ? " (new)" : action === "delete" ? " (gone)" : "";
  return [
    `- ${at({ stack, address })}${verb}`,
    ...differences.slice(0, MOST_KEYS).flatMap((each) => {
      const lines = values.lines(each);
      if (!lines) return [`  - ${code(each.path)}: ${values.change(each)}`];
      return [`  - ${code(each.path)}:`, ...fenced("diff", lines).map((line) => `    ${line}`)];
    }),
    ...(more > 0 ? [`  - and ${counted(more, "more key")}`] : []),
  ].join("\n");
}
