import { escaped } from "./labels";
import { type Layout, layOut, NAME_SIZE, type PlacedArrow, type PlacedBox, TEXT_SIZE } from "./layout";
import { NOTHING, type Wired } from "./model";
import { arrowPaths, boxPath, round } from "./paths";
import { LID, type Point } from "./shapes";
import { INK, PALE_INK, THEME } from "./theme";
import { wiring } from "./wiring";

const FONTS = "Helvetica Neue, Helvetica, Arial, Liberation Sans, sans-serif";
const MARGIN = 16;

/**
 * Draws the wiring of a stack as an SVG file: the same boxes, arrows and labels as the Mermaid
 * flowchart.
 */
export async function svg(stack: Wired): Promise<string> {
  const layout = await layOut(wiring(stack));
  const title = `Wiring of the stack ${stack.name}`;
  const empty = layout.boxes.length === 0;
  return picture({
    title,
    description: empty ? [NOTHING] : layout.arrows.map(sentence),
    width: empty ? 220 : layout.width,
    height: empty ? 20 : layout.height,
    lines: empty ? [text([110, 10], [{ content: NOTHING, size: TEXT_SIZE, fill: INK }])] : drawing(layout),
  });
}

export interface Picture {
  readonly title: string;
  /** Alternative text. */
  readonly description: readonly string[];
  readonly width: number;
  readonly height: number;
  readonly lines: readonly string[];
}

/** A picture on a white background, since pages may be dark. */
export function picture({ title, description, width, height, lines }: Picture): string {
  const [wide, high] = [width, height].map((size) => Math.ceil(size + 2 * MARGIN));
  const place = `${-MARGIN} ${-MARGIN} ${wide} ${high}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${wide}" height="${high}" viewBox="${place}" role="img"`,
    ` aria-labelledby="title description" font-family="${FONTS}">`,
    `<title id="title">${escaped(title)}</title>`,
    `<desc id="description">${escaped(description.join("; "))}</desc>`,
    `<rect x="${-MARGIN}" y="${-MARGIN}" width="${wide}" height="${high}" rx="8" fill="#fff"/>`,
    ...lines,
    "</svg>\n",
  ].join("\n");
}

/** Arrows, then boxes, then labels. A white edge keeps labels readable. */
export function drawing({ boxes, arrows }: Layout): string[] {
  return [
    '<g stroke-width="1.5" stroke-linejoin="round">',
    ...arrows.map(drawnArrow),
    ...boxes.map(drawnBox),
    "</g>",
    '<g text-anchor="middle">',
    ...boxes.map(drawnName),
    '<g stroke="#fff" stroke-width="4" stroke-linejoin="round" paint-order="stroke">',
    ...arrows.filter(({ label }) => label.length > 0).map(drawnLabel),
    "</g>",
    "</g>",
  ];
}

export function sentence({ arrow: { labels }, from, to }: PlacedArrow): string {
  const label = labels.length > 0 ? `: ${labels.join(", ")}` : "";
  return `${from.box.label[0]} → ${to.box.label[0]}${label}`;
}

function drawnArrow(placed: PlacedArrow): string {
  const { arrow, to } = placed;
  const { stroke } = THEME[to.box.kind];
  const { line, head } = arrowPaths(placed);
  const dashes = arrow.delivered ? ' stroke-dasharray="5 4"' : "";
  return `<path d="${line}" fill="none" stroke="${stroke}"${dashes}/><path d="${head}" fill="${stroke}"/>`;
}

function drawnBox(placed: PlacedBox): string {
  const { fill, stroke } = THEME[placed.box.kind];
  return `<path d="${boxPath(placed)}" fill="${fill}" stroke="${stroke}"/>`;
}

function drawnName({ box: { kind }, name, details, middle: [x, y] }: PlacedBox): string {
  const below = kind === "bucket" ? LID / 2 : 0;
  return text(
    [x, y + below],
    [
      ...name.map((content) => ({ content, size: NAME_SIZE, fill: INK, weight: 600 })),
      ...details.map((content) => ({ content, size: TEXT_SIZE, fill: PALE_INK })),
    ],
  );
}

function drawnLabel({ label, labelMiddle, to }: PlacedArrow): string {
  const fill = THEME[to.box.kind].stroke;
  return text(
    labelMiddle,
    label.map((content) => ({ content, size: TEXT_SIZE, fill })),
  );
}

interface Line {
  readonly content: string;
  readonly size: number;
  readonly fill: string;
  readonly weight?: number;
}

/** Lines of text, centred on a point. */
export function text([x, y]: Point, lines: readonly Line[]): string {
  const heights = lines.map(({ size }) => size * 1.2);
  let top = y - heights.reduce((sum, height) => sum + height, 0) / 2;
  return lines
    .map(({ content, size, fill, weight }, index) => {
      const height = heights[index] ?? 0;
      // Capitals of Helvetica are 0.72 em high.
      const baseline = top + height / 2 + size * 0.36;
      top += height;
      const bold = weight ? ` font-weight="${weight}"` : "";
      return `<text x="${round(x)}" y="${round(baseline)}" font-size="${size}"${bold} fill="${fill}">${escaped(content)}</text>`;
    })
    .join("");
}
