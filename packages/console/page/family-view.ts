import type { VNode } from "preact";
import type { ItemLine } from "../src/api-types";
import { lineOf, placeFamily } from "./family";
import { counted } from "./format";
import { html } from "./html";
import { hrefOf } from "./route";

const COLUMN = 220;
const ROW = 40;
const BOX = { width: 190, height: 28 };
const LETTERS = 25;

/** One flow as a graph: each item with its state, and what it made. */
export function FamilyView({
  stack,
  family,
  chosen,
}: {
  readonly stack: string;
  readonly family: readonly ItemLine[];
  readonly chosen: string;
}): VNode | null {
  if (family.length < 2) return null;
  const shown = lineOf(family, chosen);
  const { placed, edges, columns, rows } = placeFamily(shown);
  const x = (column: number) => column * COLUMN + 1;
  const y = (row: number) => row * ROW + 1;
  const size = { width: columns * COLUMN, height: rows * ROW };
  return html`<div class="family" tabindex="0" role="group" aria-label="Graph of the flow">
    <svg width=${size.width} height=${size.height} viewBox=${`0 0 ${size.width} ${size.height}`}>
      ${edges.map(([parent, child], index) => {
        const from = [x(parent.column) + BOX.width, y(parent.row) + BOX.height / 2] as const;
        const to = [x(child.column), y(child.row) + BOX.height / 2] as const;
        const middle = (from[0] + to[0]) / 2;
        return html`<path key=${index} class="edge" d=${`M${from}C${middle},${from[1]} ${middle},${to[1]} ${to}`} />`;
      })}
      ${placed.map(
        ({ item, column, row }) => html`<a key=${item.id} href=${hrefOf(stack, "items", item.id)}
          class=${`node ${item.state} ${item.id === chosen ? "chosen" : ""}`}
          aria-current=${item.id === chosen ? "true" : undefined}>
          <title>${`${item.title}: ${item.state}${item.reason && item.state !== "done" ? `, ${item.reason}` : ""}`}</title>
          <rect x=${x(column)} y=${y(row)} width=${BOX.width} height=${BOX.height} rx="5" />
          <text x=${x(column) + 8} y=${y(row) + 18}>${cut(item.title.replaceAll(`${stack}-`, ""))}</text>
        </a>`,
      )}
    </svg>
    ${shown.length < family.length && html`<p class="quiet">${counted(family.length - shown.length, "other item")} of the flow not shown</p>`}
  </div>`;
}

/** Without its middle, since names of tasks begin with a hash and end with what they are for. */
function cut(text: string): string {
  return text.length <= LETTERS ? text : `${text.slice(0, 9)}…${text.slice(10 - LETTERS)}`;
}
