import type { PlacedArrow, PlacedBox } from "./layout";
import { onOutline, type Point, shapeOf } from "./shapes";

const ARROWHEAD = { length: 8, half: 3.5 };

/** SVG path data of an arrow's line and of its head. */
export function arrowPaths({ to, curve }: PlacedArrow): { readonly line: string; readonly head: string } {
  const [[bx, by], [ex, ey]] = curve.slice(-2) as [Point, Point];
  const [mx, my] = to.middle;
  // Graphviz ends the arrow at the box around the shape.
  const [ox, oy] = onOutline(shapeOf(to.box.kind, to.width, to.height), [ex - mx, ey - my]);
  const tip: Point = [mx + ox, my + oy];
  const length = Math.hypot(ex - bx, ey - by) || 1;
  const [dx, dy] = [(ex - bx) / length, (ey - by) / length];
  const back: Point = [tip[0] - dx * ARROWHEAD.length, tip[1] - dy * ARROWHEAD.length];
  const side = (sign: number): Point => [back[0] - sign * dy * ARROWHEAD.half, back[1] + sign * dx * ARROWHEAD.half];
  const [begin, ...rest] = [...curve.slice(0, -1), back].map(shown);
  return {
    line: `M${begin}C${rest.join(" ")}`,
    head: `M${[tip, side(1), side(-1)].map(shown).join("L")}Z`,
  };
}

/** SVG path data of a box's outline and of the lines in it. */
export function boxPath({ box: { kind }, middle: [x, y], width, height }: PlacedBox): string {
  const { outline, lines } = shapeOf(kind, width, height);
  const path = (points: readonly Point[]) => `M${points.map(([px, py]) => shown([x + px, y + py])).join("L")}`;
  return `${path(outline)}Z${lines.map(path).join("")}`;
}

/** To a tenth of a pixel. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function shown([x, y]: Point): string {
  return `${round(x)},${round(y)}`;
}
