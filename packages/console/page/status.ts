import type { VNode } from "preact";
import type { CallLine, ItemState } from "../src/api-types";
import { isFailure } from "./format";
import { html } from "./html";

const MARKS: Readonly<Record<ItemState, string>> = {
  waiting: "○",
  running: "◐",
  done: "●",
  failed: "✗",
  retrying: "↻",
  "dead-lettered": "✗",
};

export function StateMark({ state }: { readonly state: ItemState }): VNode {
  return html`<span class=${`state ${state}`}><span aria-hidden="true">${MARKS[state]}</span> ${state}</span>`;
}

/** An HTTP status with its code, or that the call is under way. */
export function CallStatus({ call }: { readonly call: CallLine }): VNode {
  const { status, code } = call;
  if (status === undefined) return html`<span class="status open">under way</span>`;
  const text = status === 0 ? "no answer" : String(status);
  return html`<span class=${`status ${isFailure(call) ? "bad" : status < 400 ? "good" : "quiet"}`}>${text}${code && ` ${code}`}</span>`;
}
