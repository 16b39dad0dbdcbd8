import type { Kind } from "./model";

export type Point = readonly [x: number, y: number];

/** A shape around (0, 0): its outline, and lines within it. */
export interface Shape {
  readonly outline: readonly Point[];
  readonly lines: readonly (readonly Point[])[];
}

/** The offset of slanted sides, in pixels. */
const SLANT = 10;
/** The distance of a queue's bars from its sides, in pixels. */
const BAR = 7;
/** Half of the height of a cylinder's lid, in pixels. */
export const LID = 6;

/** The same shapes as in the Mermaid drawing. Width and height are in pixels. */
export function shapeOf(kind: Kind, width: number, height: number): Shape {
  const [x, y] = [width / 2, height / 2];
  const box = (corner: number): Shape => ({ outline: rounded(x, y, corner), lines: [] });
  switch (kind) {
    case "client":
      return box(y);
    case "subscription":
      return box(10);
    case "schedule":
    case "vertex":
      return outlined([-x, 0], [SLANT - x, -y], [x - SLANT, -y], [x, 0], [x - SLANT, y], [SLANT - x, y]);
    case "topic":
    case "dead-letter":
      return outlined([-x, -y], [x, -y], [x, y], [-x, y], [SLANT - x, 0]);
    case "workflow":
      return outlined([SLANT - x, -y], [x - SLANT, -y], [x, y], [-x, y]);
    case "queue":
      return {
        ...box(0),
        lines: [BAR - x, x - BAR].map((bar): Point[] => [
          [bar, -y],
          [bar, y],
        ]),
      };
    case "bucket":
      return cylinder(x, y);
    default:
      return box(2);
  }
}

/** Where the line from a point on the surrounding box to the middle meets the outline. */
export function onOutline({ outline }: Shape, [x, y]: Point): Point {
  let nearest = 1;
  for (const [index, [ax, ay]] of outline.entries()) {
    const [bx, by] = outline[(index + 1) % outline.length] as Point;
    // The line is (x, y)(1 - t), the side a + (b - a)s.
    const cross = x * (by - ay) - y * (bx - ax);
    if (cross === 0) continue;
    const left = (ax * (by - ay) - ay * (bx - ax)) / cross;
    const along = Math.abs(bx - ax) > Math.abs(by - ay) ? (x * left - ax) / (bx - ax) : (y * left - ay) / (by - ay);
    if (left >= 0 && left <= 1 && along >= -1e-9 && along <= 1 + 1e-9) nearest = Math.min(nearest, 1 - left);
  }
  return nearest === 1 ? [x, y] : [x * (1 - nearest), y * (1 - nearest)];
}

function outlined(...outline: Point[]): Shape {
  return { outline, lines: [] };
}

function rounded(x: number, y: number, corner: number): Point[] {
  if (corner === 0)
    return [
      [-x, -y],
      [x, -y],
      [x, y],
      [-x, y],
    ];
  const [cx, cy] = [x - corner, y - corner];
  const corners: readonly [Point, number][] = [
    [[cx, -cy], -90],
    [[cx, cy], 0],
    [[-cx, cy], 90],
    [[-cx, -cy], 180],
  ];
  return corners.flatMap(([[mx, my], from]) =>
    arc(from, from + 90).map(([ax, ay]): Point => [mx + ax * corner, my + ay * corner]),
  );
}

function cylinder(x: number, y: number): Shape {
  const curve = (from: number, to: number, at: number) =>
    arc(from, to).map(([ax, ay]): Point => [ax * x, at + ay * LID]);
  return { outline: [...curve(180, 360, LID - y), ...curve(0, 180, y - LID)], lines: [curve(180, 0, LID - y)] };
}

/**
 * Points of the unit circle between two angles in degrees, clockwise from the right where y points
 * down.
 */
function arc(from: number, to: number): Point[] {
  const steps = Math.max(2, Math.abs(to - from) / 15);
  return Array.from({ length: steps + 1 }, (_, step): Point => {
    const angle = ((from + ((to - from) * step) / steps) * Math.PI) / 180;
    return [Math.cos(angle), Math.sin(angle)];
  });
}
