import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { act } from "./api";
import { clockTime, counted, duration } from "./format";
import { html } from "./html";
import { type Outcome, outcomeOf } from "./outcome";
import { hrefOf, type View } from "./route";
import type { StackView, Store } from "./store";

/** The stacks, the chosen one's summary as it grows, and its clock. */
export function Header({
  store,
  view,
  route,
}: {
  readonly store: Store;
  readonly view?: StackView;
  readonly route: View;
}): VNode {
  return html`<header class="top">
    <h1>Local console</h1>
    <nav class="bar" aria-label="Stacks"><ul>${[...store.stacks.values()].map(({ summary, state }) => {
      const failures = Math.max(summary.failures, (state?.summary.denied ?? 0) + (state?.summary.deadLetters ?? 0));
      return html`<li key=${summary.name}><a href=${hrefOf(summary.name, route)}
          aria-current=${summary === view?.summary ? "page" : undefined}>${summary.name}${
            summary.state === "starting" ? html` <span class="quiet">starting</span>` : ""
          }${summary.state === "failed" ? html` <span class="bad">failed</span>` : ""}${
            failures > 0
              ? html` <span class="pill" title=${counted(failures, "failure")}>${failures}<span class="visually-hidden"> failures</span></span>`
              : ""
          }</a></li>`;
    })}</ul></nav>
    ${view?.state && html`<${Summary} view=${view} />`}
    ${!store.connected && html`<p class="bad" role="status">No connection to the run</p>`}
  </header>`;
}

function Summary({ view }: { readonly view: StackView }): VNode {
  const [outcome, setOutcome] = useState<Outcome>();
  const { summary, now, nextDue, pending } = view.state ?? {
    summary: { calls: 0, denied: 0, deadLetters: 0 },
    now: 0,
    pending: 0,
  };
  const parts: (readonly [string, number | undefined, boolean])[] = [
    ["accepted", summary.accepted, false],
    ["done", summary.done, false],
    ["open", summary.open, false],
    ["partial", summary.partial, true],
    ["not reached", summary.notReached, true],
    ["dead letters", summary.deadLetters, true],
    ["refused", summary.denied, true],
  ];
  const jump = async () => setOutcome(await outcomeOf(act(view.summary.name, "jump", {})));
  return html`<div class="summary">
    <dl>${parts.map(
      ([name, count, isBad]) =>
        count !== undefined &&
        html`<div key=${name} class=${isBad && count > 0 ? "bad" : ""}><dt>${name}</dt><dd>${count.toLocaleString("en")}</dd></div>`,
    )}</dl>
    <p><time>${clockTime(now).slice(0, 8)}</time> UTC${pending > 0 ? `, ${pending} pending` : ", idle"}
      ${
        nextDue !== undefined &&
        html`, next in ${duration(Math.max(0, nextDue - now))}
        ${" "}<button type="button" onClick=${jump} title="Jump the clock to what is due next">Jump</button>`
      }
      ${outcome?.error && html` <span class="bad" role="status">${outcome.error}</span>`}</p>
  </div>`;
}
