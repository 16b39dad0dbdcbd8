import { escaped, labelLines, nameLines } from "./labels";
import type { Arrow, Box, Wiring } from "./model";
import type { Point } from "./shapes";

/** Text sizes in pixels: names of boxes, and other text. */
export const NAME_SIZE = 14;
export const TEXT_SIZE = 12;

export interface PlacedBox {
  readonly box: Box;
  readonly name: readonly string[];
  readonly details: readonly string[];
  readonly middle: Point;
  readonly width: number;
  readonly height: number;
}

export interface PlacedArrow {
  readonly arrow: Arrow;
  readonly from: PlacedBox;
  readonly to: PlacedBox;
  /** Cubic Bézier curves: the start, then three points for each. */
  readonly curve: readonly Point[];
  readonly label: readonly string[];
  readonly labelMiddle: Point;
}

/** Positions in pixels, from the upper left corner. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly PlacedBox[];
  readonly arrows: readonly PlacedArrow[];
}

export interface LayoutOptions {
  /** @default true */
  readonly labels?: boolean;
}

/**
 * Places boxes and arrows from left to right, with Graphviz as WebAssembly: the same on every
 * machine.
 */
export async function layOut({ boxes, arrows }: Wiring, { labels = true }: LayoutOptions = {}): Promise<Layout> {
  const texts = boxes.map(({ label: [name = "", ...details] }) => ({ name: nameLines(name), details }));
  const arrowTexts = arrows.map((arrow) => (labels ? arrow.labels.flatMap(labelLines) : []));
  const { bb, objects, edges } = await graphviz({
    // Graphviz knows the widths of Arial, which Helvetica and Liberation Sans have too.
    graphAttributes: { rankdir: "LR", nodesep: labels ? 0.28 : 0.2, ranksep: labels ? 0.22 : 0.4 },
    nodeAttributes: { shape: "box", fontname: "Arial", fontsize: NAME_SIZE, margin: "0.2,0.1" },
    edgeAttributes: { fontname: "Arial", fontsize: TEXT_SIZE, arrowhead: "none" },
    nodes: boxes.map(({ key }, index) => ({
      name: key,
      attributes: { id: `${index}`, label: { html: measured(texts[index]?.name ?? [], texts[index]?.details ?? []) } },
    })),
    edges: arrows.map(({ from, to }, index) => ({
      tail: from,
      head: to,
      attributes: { id: `${index}`, label: (arrowTexts[index] ?? []).map((line) => ` ${line} `).join("\n") },
    })),
    subgraphs: columns(boxes, arrows),
  });
  const [, , width = 0, height = 0] = numbers(bb);
  const point = (text: string): Point => {
    const [x = 0, y = 0] = numbers(text);
    return [x, height - y];
  };
  const placed = boxes.map((box, index): PlacedBox => {
    const { pos, width: wide, height: high } = byId(objects, index);
    const [w, h] = [wide, high].map((inches) => Number(inches) * POINTS_PER_INCH) as [number, number];
    return { box, ...(texts[index] as (typeof texts)[0]), middle: point(pos), width: w, height: h };
  });
  const boxOf = new Map(placed.map((placedBox) => [placedBox.box.key, placedBox]));
  return {
    width,
    height,
    boxes: placed,
    arrows: arrows.map((arrow, index): PlacedArrow => {
      const { pos, lp = "0,0" } = byId(edges, index);
      const [from, to] = [boxOf.get(arrow.from), boxOf.get(arrow.to)] as [PlacedBox, PlacedBox];
      const curve = pos.split(" ").map(point);
      return { arrow, from, to, curve, label: arrowTexts[index] ?? [], labelMiddle: point(lp) };
    }),
  };
}

/**
 * Graphviz's format json0: numbers are text, positions are in points with y upwards, sizes are in
 * inches.
 */
interface Placed {
  readonly bb: string;
  readonly objects?: readonly { id?: string; pos: string; width: string; height: string }[];
  readonly edges?: readonly { id?: string; pos: string; lp?: string }[];
}

const POINTS_PER_INCH = 72;

async function graphviz(graph: object): Promise<Placed> {
  const { instance } = await import("@viz-js/viz");
  const { output, errors } = (await instance()).render({ directed: true, ...graph }, { format: "json0" });
  if (output === undefined) throw new Error(`Graphviz: ${errors.map(({ message }) => message).join("; ")}`);
  return JSON.parse(output);
}

/**
 * Boxes without incoming arrows are in the first column, boxes without outgoing arrows in the last
 * one.
 */
function columns(boxes: readonly Box[], arrows: readonly Arrow[]): object[] {
  const column = (rank: string, end: "from" | "to") => ({
    graphAttributes: { rank },
    nodes: boxes.filter(({ key }) => !arrows.some((arrow) => arrow[end] === key)).map(({ key }) => ({ name: key })),
  });
  return [column("min", "to"), column("max", "from")];
}

/** A label for Graphviz to measure; the name is bold, as in the drawing. */
function measured(name: readonly string[], details: readonly string[]): string {
  return [
    ...name.map((line) => `<B>${escaped(line)}</B>`),
    ...details.map((line) => `<FONT POINT-SIZE="${TEXT_SIZE}">${escaped(line)}</FONT>`),
  ].join("<BR/>");
}

function byId<T extends { id?: string }>(items: readonly T[] | undefined, index: number): T {
  return items?.find(({ id }) => id === `${index}`) as T;
}

function numbers(text: string): number[] {
  return text.split(",").map(Number);
}
