import { layOut } from "./layout";
import { type Arrow, arrowKey, type Box, type Wired, type Wiring } from "./model";
import { drawing, picture, sentence, text } from "./svg";
import { INK } from "./theme";
import { wiring } from "./wiring";

const HEADING_SIZE = 16;
/** Between a heading and its drawing, and between a drawing and the next heading, in pixels. */
const GAPS = [12, 24] as const;

/** Draws several stacks below each other, without labels and dead letters. */
export async function overview(stacks: readonly Wired[]): Promise<string> {
  const layouts = await Promise.all(stacks.map((stack) => layOut(essence(wiring(stack)), { labels: false })));
  const [below, above] = GAPS;
  let top = 0;
  const lines = layouts.flatMap((layout, index) => {
    const heading = { content: stacks[index]?.name ?? "", size: HEADING_SIZE, fill: INK, weight: 600 };
    const begin = top + HEADING_SIZE + below;
    const part = [
      text([0, top + HEADING_SIZE / 2], [heading]),
      `<g transform="translate(0 ${begin})">`,
      ...drawing(layout),
      "</g>",
    ];
    top = Math.ceil(begin + layout.height + above);
    return part;
  });
  return picture({
    title: `Ways through the stacks ${stacks.map(({ name }) => name).join(", ")}`,
    description: layouts.flatMap(({ arrows }, index) => [`${stacks[index]?.name}:`, ...arrows.map(sentence)]),
    width: Math.max(0, ...layouts.map(({ width }) => width)),
    height: top - above,
    lines,
  });
}

/**
 * The wiring without dead letters and what puts them back, where functions with the same callers
 * are one box.
 */
export function essence(wiring: Wiring): Wiring {
  const aside = deadLetterWays(wiring);
  const arrows = wiring.arrows.filter(({ from, to }) => !aside.has(from) && !aside.has(to));
  const used = new Set(arrows.flatMap(({ from, to }) => [from, to]));
  const boxes = wiring.boxes.filter(({ key }) => used.has(key));
  const groups = new Map<string, [Box, ...Box[]]>();
  for (const box of boxes) {
    const callers = arrows.filter(({ to }) => to === box.key).map(({ from }) => from);
    const key = box.kind === "function" ? JSON.stringify(callers.sort()) : box.key;
    const known = groups.get(key);
    if (known) known.push(box);
    else groups.set(key, [box]);
  }
  const groupOf = new Map([...groups.values()].flatMap((group) => group.map(({ key }) => [key, group[0].key])));
  const joined = arrows.map((arrow): Arrow => {
    const { from, to } = arrow;
    return { ...arrow, from: groupOf.get(from) ?? from, to: groupOf.get(to) ?? to };
  });
  return {
    boxes: [...groups.values()].map((group) => ({
      ...group[0],
      label: group.length === 1 ? group[0].label : [group.map(({ label }) => label[0]).join(", ")],
      addresses: group.flatMap(({ addresses }) => addresses),
    })),
    arrows: [...new Map(joined.map((arrow) => [arrowKey(arrow), arrow])).values()],
  };
}

/** Keys of dead letters, of what takes letters from them, and of all that only these lead to. */
function deadLetterWays({ boxes, arrows }: Wiring): ReadonlySet<string> {
  const letters = boxes.filter(({ kind }) => kind === "dead-letter").map(({ key }) => key);
  const takers = arrows.filter(({ from }) => letters.includes(from)).map(({ to }) => to);
  const found = new Set([...letters, ...takers]);
  for (let size = 0; size < found.size; ) {
    size = found.size;
    for (const { key } of boxes) {
      const callers = arrows.filter(({ to }) => to === key).map(({ from }) => from);
      if (callers.length > 0 && callers.every((from) => found.has(from))) found.add(key);
    }
  }
  return found;
}
