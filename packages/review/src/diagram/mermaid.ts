import { isDeepStrictEqual } from "node:util";
import { type Arrow, arrowKey, type Box, type Kind, NOTHING, type Wired } from "./model";
import { INK, THEME } from "./theme";
import { wiring } from "./wiring";

/** Changes that a drawing marks. */
export interface Changes {
  /**
   * The stack before the change. What only it has is drawn as removed, what it does not have as
   * new.
   */
  readonly before: Wired;
  /**
   * Addresses of the resources that are in both and change.
   * @default - those with different attributes
   */
  readonly changed?: ReadonlySet<string>;
}

type Mark = "new" | "changed" | "removed";

const SHAPES: Readonly<Record<Kind, readonly [open: string, close: string]>> = {
  client: ["([", "])"],
  schedule: ["{{", "}}"],
  queue: ["[[", "]]"],
  function: ["[", "]"],
  service: ["[", "]"],
  pool: ["[", "]"],
  topic: [">", "]"],
  "dead-letter": [">", "]"],
  subscription: ["(", ")"],
  bucket: ["[(", ")]"],
  workflow: ["[/", "\\]"],
  job: ["[", "]"],
  vertex: ["{{", "}}"],
  project: ["[", "]"],
};

const MARKS: Readonly<Record<Mark, { readonly sign: string; readonly style: string }>> = {
  new: { sign: "+ ", style: "stroke:#1a7f37,stroke-width:4px" },
  changed: { sign: "~ ", style: "stroke:#bf8700,stroke-width:4px" },
  removed: { sign: "- ", style: "stroke:#cf222e,stroke-width:4px,stroke-dasharray:6 4" },
};

/** Mermaid draws nothing above its default limit of 500 arrows, which GitHub keeps. */
const MOST_ARROWS = 400;

/**
 * Draws the wiring of a stack as a Mermaid flowchart. Solid arrows are calls with an identity of
 * the stack. Dashed arrows are deliveries by Google. What is new, changed or removed has `+`, `~`
 * or `-` and a thick edge.
 *
 * @returns the text of a `.mmd` file, or of a fenced block; without boxes, a chart that says so
 */
export function mermaid(stack: Wired, changes?: Changes): string {
  const after = wiring(stack);
  const before = changes ? wiring(changes.before) : after;
  const changed = changes?.changed ?? (changes ? differing(changes.before, stack) : new Set<string>());

  const boxes = merge(before.boxes, after.boxes, (box) => box.key, changed);
  const all = merge(before.arrows, after.arrows, arrowKey, changed);
  // Changes stay in a drawing that is cut.
  const arrows = [...all].sort((a, b) => Number(!a.mark) - Number(!b.mark)).slice(0, MOST_ARROWS);
  const drawn = new Set(arrows.flatMap(({ item: { from, to } }) => [from, to]));
  const kept = boxes.filter(({ item: { key }, mark }) => mark || drawn.has(key));
  const ids = idsOf(kept.map(({ item }) => item));

  const lines = ["flowchart LR"];
  for (const { item, mark } of kept) lines.push(`  ${ids.get(item.key)}${shape(item, mark)}`);
  if (kept.length === 0) lines.push(`  nothing["${NOTHING}"]`);
  const inOrder = all.filter((arrow) => arrows.includes(arrow));
  for (const { item, mark } of inOrder) lines.push(`  ${ids.get(item.from)} ${line(item, mark)} ${ids.get(item.to)}`);
  if (all.length > arrows.length) lines.push(`  more["${all.length - arrows.length} more arrows are not drawn"]`);

  const kinds = [...new Set(kept.map(({ item }) => item.kind))].sort();
  for (const kind of kinds) {
    const members = kept.filter(({ item }) => item.kind === kind).map(({ item }) => ids.get(item.key));
    const { fill, stroke } = THEME[kind];
    const colours = `fill:${fill},stroke:${stroke},color:${INK}`;
    lines.push(`  classDef ${className(kind)} ${colours}`, `  class ${members.join(",")} ${className(kind)}`);
  }
  for (const mark of Object.keys(MARKS) as Mark[]) {
    const { style } = MARKS[mark];
    for (const { item } of kept.filter((box) => box.mark === mark)) lines.push(`  style ${ids.get(item.key)} ${style}`);
    const numbers = inOrder.flatMap((arrow, index) => (arrow.mark === mark ? [index] : []));
    if (numbers.length > 0) lines.push(`  linkStyle ${numbers.join(",")} ${style}`);
  }
  return `${lines.join("\n")}\n`;
}

interface Marked<T> {
  readonly item: T;
  readonly mark?: Mark;
}

function merge<T extends Box | Arrow>(
  before: readonly T[],
  after: readonly T[],
  keyOf: (item: T) => string,
  changed: ReadonlySet<string>,
): Marked<T>[] {
  const [was, is] = [before, after].map((items) => new Map(items.map((item) => [keyOf(item), item]))) as [
    Map<string, T>,
    Map<string, T>,
  ];
  const present = after.map((item): Marked<T> => {
    const known = was.get(keyOf(item));
    if (!known) return { item, mark: "new" };
    const differs =
      item.addresses.some((address) => changed.has(address)) || !isDeepStrictEqual(labels(known), labels(item));
    return differs ? { item, mark: "changed" } : { item };
  });
  const gone = before.filter((item) => !is.has(keyOf(item))).map((item): Marked<T> => ({ item, mark: "removed" }));
  return [...present, ...gone];
}

function labels(item: Box | Arrow): readonly string[] {
  return "labels" in item ? item.labels : item.label;
}

/** Addresses of the resources that are in both and have different attributes. */
function differing(before: Wired, after: Wired): Set<string> {
  const was = new Map(before.resources.map(({ address, attributes }) => [address, attributes]));
  return new Set(
    after.resources
      .filter(({ address, attributes }) => was.has(address) && !isDeepStrictEqual(was.get(address), attributes))
      .map(({ address }) => address),
  );
}

function shape({ kind, label }: Box, mark: Mark | undefined): string {
  const [open, close] = SHAPES[kind];
  const [name = "", ...more] = label.map(escaped);
  const details = more.map((text) => `<br/>${text}`).join("");
  return `${open}"${mark ? MARKS[mark].sign : ""}${name}${details}"${close}`;
}

function line({ labels, delivered }: Arrow, mark: Mark | undefined): string {
  const text = `${mark ? MARKS[mark].sign : ""}${labels.map(escaped).join(", ")}`.trim();
  const [plain, open, close] = delivered ? ["-.->", "-.", ".->"] : ["-->", "--", "-->"];
  return text ? `${open} "${text}" ${close}` : plain;
}

/** Mermaid's entities for characters that end a label, are markup in it, or begin an entity. */
function escaped(text: string): string {
  return text.replace(/[&<>"#`]/g, (character) => `#${character.charCodeAt(0)};`);
}

/** Ids that depend on names alone: a diff of two drawings is a diff of two stacks. */
function idsOf(boxes: readonly Box[]): Map<string, string> {
  const taken = new Map<string, number>();
  return new Map(
    boxes.map(({ key, kind, label: [name = ""] }) => {
      const base = `${className(kind)}_${name.replace(/\W+/g, "_")}`;
      const count = (taken.get(base) ?? 0) + 1;
      taken.set(base, count);
      return [key, count === 1 ? base : `${base}_${count}`];
    }),
  );
}

function className(kind: Kind): string {
  return kind.replace("-", "_");
}
