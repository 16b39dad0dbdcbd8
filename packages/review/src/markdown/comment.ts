import { counted } from "@cdktf-serverless-ml/cli";
import type { Review, Verdict } from "../review";
import { shown } from "../secrets";
import { type Section, sections, wiringSection } from "./sections";
import { code } from "./text";

/** The limit of GitHub. Source: its error "Body is too long (maximum is 65536 characters)" */
export const LONGEST_COMMENT = 65_536;

/** The workflow finds its earlier comment by this marker. */
const MARKER = "<!-- plan-review -->";

const MOST_NOTES = 20;

export interface CommentOptions {
  /** Mermaid source by stack. @default - none */
  readonly drawings?: ReadonlyMap<string, string>;
  /** Whether the reviewer has accepted the verdict. @default false */
  readonly accepted?: boolean;
}

/** The review as the body of one comment; hazards come first. */
export function comment(review: Review, { drawings = new Map(), accepted = false }: CommentOptions = {}): string {
  const head = [MARKER, verdictLine(review, accepted), ""];
  if (!review.from.includes("plan") && review.from.length > 0) {
    head.push(
      "_Without a plan, this compares the synthesized JSON of base and head. What is deployed may differ._",
      "",
    );
  }
  const notes = [...review.notes, ...review.gaps];
  head.push(...notes.slice(0, MOST_NOTES).map((note) => `> ${note}\n`));
  if (notes.length > MOST_NOTES) head.push(`> And ${counted(notes.length - MOST_NOTES, "more note")}.\n`);
  const parts = sections(review);
  if (drawings.size > 0) parts.push(wiringSection(drawings));
  return shown(fitted(head.join("\n"), parts));
}

const SIGNS: Readonly<Record<Verdict, string>> = {
  safe: "🟢 **Safe**",
  partial: "🟠 **Partial**",
  "needs attention": "🟡 **Needs attention**",
  "destroys data": "🔴 **Destroys data**",
};

const ACTIONS = ["deleted", "replaced", "changed", "created", "moved", "imported", "forgotten"];

function verdictLine({ verdict, counts, hazards }: Review, accepted: boolean): string {
  const count = (key: string) => counts[key] ?? 0;
  const changes = ACTIONS.filter((key) => count(key) > 0).map((key) => `${count(key)} ${key}`);
  if (count("code") > 0) changes.push(`new code in ${counted(count("code"), "function")}`);
  if (count("grants") > 0) {
    const wider = count("widenings") === 0 ? "" : ` (${count("widenings")} wider)`;
    changes.push(`${counted(count("grants"), "grant")} gained or lost${wider}`);
  }
  if (count("outputs") > 0) changes.push(`${counted(count("outputs"), "output")} changed`);
  const stateful = hazards.filter(({ holds }) => holds !== undefined).length;
  const lost = stateful === 0 ? "" : `; ${stateful} of them ${stateful === 1 ? "holds" : "hold"} data`;
  const stacks = count("stacks") > 1 ? ` in ${count("stacks")} stacks` : "";
  const unknown = verdict === "partial" ? "; parts that were not understood may contain more" : "";
  const end = accepted && verdict !== "safe" ? " (accepted)" : "";
  return `${SIGNS[verdict]}: ${changes.length === 0 ? "no changes" : changes.join(", ")}${stacks}${lost}${unknown}${end}.`;
}

/** Leaves out the last items until the comment fits. */
function fitted(head: string, parts: readonly Section[]): string {
  const kept = parts.map(({ items }) => items.length);
  const text = () => [head, ...parts.map((part, index) => render(part, kept[index] ?? 0))].join("\n");
  let whole = text();
  for (let index = parts.length - 1; index >= 0 && whole.length > LONGEST_COMMENT; index--) {
    const items = parts[index]?.items ?? [];
    let keep = items.length;
    // The note about missing items needs space too.
    for (let over = whole.length + 200 - LONGEST_COMMENT; over > 0 && keep > 0; keep--)
      over -= (items[keep - 1]?.length ?? 0) + 1;
    kept[index] = keep;
    whole = text();
  }
  return `${(whole.length > LONGEST_COMMENT ? whole.slice(0, LONGEST_COMMENT - 1) : whole).trimEnd()}\n`;
}

function render({ name, before, items, after }: Section, keep: number): string {
  const missing = items.length - keep;
  const note = `_${counted(missing, "entry", "entries")} of ${code(name)} left out: a comment has at most 65,536 characters._`;
  if (missing === 0) return [...before, ...items, ...after].join("\n");
  if (keep === 0) return `${note}\n`;
  return [...before, ...items.slice(0, keep), ...after, note, ""].join("\n");
}
