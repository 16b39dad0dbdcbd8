import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { CallLine } from "../src/api-types";
import { CallView } from "./call-view";
import { account, clockTime, counted, duration, isFailure, shortMethod, withoutStack } from "./format";
import { html } from "./html";
import { hrefOf } from "./route";
import { CallStatus } from "./status";
import type { StackView } from "./store";
import { Windowed } from "./windowed";

/** Calls as they come, newest first, and one of them in full. */
export function ActivityView({ view }: { readonly view: StackView }): VNode {
  const [chosen, choose] = useState<CallLine>();
  const { calls } = view;
  const { name } = view.summary;
  const head = html`<div class="cells calls" role="presentation">${[
    "time",
    "who",
    "calls",
    "method",
    "status",
    "took",
    "item",
  ].map((cell) => html`<span role="columnheader" key=${cell}>${cell}</span>`)}</div>`;
  const row = (index: number) => {
    const call = calls.newest(index);
    if (!call) return undefined;
    return html`<div class=${`cells calls ${isFailure(call) ? "bad-row" : ""}`} role="presentation">
      <span role="cell"><time>${clockTime(call.time)}</time></span>
      <span role="cell" title=${call.caller}>${withoutStack(account(call.caller), name)}</span>
      <span role="cell" title=${call.service}>${withoutStack(call.service, name)}</span>
      <span role="cell"><button type="button" class="link" onClick=${() => choose(call)}>${shortMethod(call.method)}</button></span>
      <span role="cell"><${CallStatus} call=${call} /></span>
      <span role="cell">${call.duration === undefined ? "" : duration(call.duration)}</span>
      <span role="cell"><a href=${hrefOf(name, "items", call.item)}>${call.item}</a></span>
    </div>`;
  };
  return html`<section class="fill" aria-labelledby="activity-title">
    <h2 id="activity-title">Activity <span class="quiet">${counted(calls.length, "call")} since the page was opened</span></h2>
    <${Windowed} label="Calls" count=${calls.length} rowHeight=${28} head=${head} row=${row}
      empty="No call yet. “Do” starts something." />
    ${
      chosen &&
      html`<aside class="below scroll" aria-label="The call">
      <button type="button" class="plain close" onClick=${() => choose(undefined)} aria-label="Close the call">✕</button>
      <${CallView} key=${chosen.call} stack=${name} call=${chosen.call} version=${chosen.status} />
    </aside>`
    }
  </section>`;
}
