import type { VNode } from "preact";
import type { ItemLine } from "../src/api-types";
import { clockTime, counted, duration } from "./format";
import { html } from "./html";
import { hrefOf } from "./route";
import { StateMark } from "./status";
import { Windowed } from "./windowed";

/** Items as rows that lead to their timelines. */
export function ItemTable({
  stack,
  items,
  empty,
}: {
  readonly stack: string;
  readonly items: readonly ItemLine[];
  readonly empty: string;
}): VNode {
  const head = html`<${Cells} cells=${["began", "state", "item", "took", "attempts", "why"]} role="columnheader" />`;
  return html`<${Windowed} label="Items" count=${items.length} rowHeight=${32} empty=${empty} head=${head}
    row=${(index: number) => items[index] && html`<${ItemRow} stack=${stack} item=${items[index]} />`} />`;
}

function Cells({ cells, role }: { readonly cells: readonly unknown[]; readonly role: string }): VNode {
  return html`<div class="cells items" role="presentation">${cells.map(
    (cell, index) => html`<span role=${role} key=${index}>${cell}</span>`,
  )}</div>`;
}

function ItemRow({ stack, item }: { readonly stack: string; readonly item: ItemLine }): VNode {
  const denied = item.denied > 0 ? `${counted(item.denied, "refused call")}. ` : "";
  return html`<${Cells} role="cell" cells=${[
    html`<time>${clockTime(item.began)}</time>`,
    html`<${StateMark} state=${item.state} />`,
    html`<a href=${hrefOf(stack, "items", item.id)} title=${item.title}>${item.title.replaceAll(`${stack}-`, "")}</a>`,
    item.ended === undefined || item.state === "retrying" ? "" : duration(item.ended - item.began),
    item.attempts > 1 ? item.attempts : "",
    html`<span class=${item.state === "done" ? "quiet" : "bad"}>${denied}${item.reason ?? ""}</span>`,
  ]} />`;
}
