import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Decision, ItemDetail, TimelineEntry } from "../src/api-types";
import { pathOf } from "./api";
import { Decisions } from "./decisions";
import { FamilyView } from "./family-view";
import { counted, dateTime, duration } from "./format";
import { useApi } from "./hooks";
import { html } from "./html";
import { hrefOf } from "./route";
import { StateMark } from "./status";
import type { StackView } from "./store";
import { Timeline } from "./timeline";

/** One item from the client to its end. */
export function ItemView({ view, id }: { readonly view: StackView; readonly id: string }): VNode {
  const { name } = view.summary;
  const line = view.items.get(id);
  // Its flow may go on in other items.
  const version = [line?.calls, line?.state, view.state?.pending, view.items.size].join();
  const { value: item, error } = useApi<ItemDetail>(pathOf(name, "items", id), version);
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), [id, item === undefined]);
  if (error) return html`<p class="bad" role="alert">${error}</p>`;
  if (!item) return html`<p class="quiet">Reading …</p>`;
  return html`<article class="item scroll">
    <nav aria-label="Ancestors" class="crumbs">
      <a href=${hrefOf(name, "items")}>Items</a>
      ${item.ancestors.map((each) => html`<span key=${each.id}> › <a href=${hrefOf(name, "items", each.id)}>${each.title}</a></span>`)}
    </nav>
    <h2 tabindex="-1" ref=${title}>${item.title} <${StateMark} state=${item.state} /></h2>
    <p class="quiet"><code>${item.id}</code>, began ${dateTime(item.began)} UTC${
      item.ended !== undefined && `, took ${duration(item.ended - item.began)}`
    }${item.attempts > 0 && `, ${counted(item.attempts, "attempt")}`}, ${counted(item.calls, "call")}</p>
    ${item.reason && item.state !== "done" && html`<p class="bad reason">${item.reason}</p>`}
    ${item.old && html`<p class="quiet">Only this line is left of it: newer items took its place.</p>`}
    <${Missing} timeline=${item.timeline} />
    <${FamilyView} stack=${name} family=${item.family} chosen=${item.id} />
    <h3>Timeline</h3>
    <${Timeline} key=${item.id} stack=${name} entries=${item.timeline} />
  </article>`;
}

/** Each permission that was refused in the flow, once. */
function Missing({ timeline }: { readonly timeline: readonly TimelineEntry[] }): VNode | null {
  const denied = new Map<string, Decision>();
  for (const entry of timeline) {
    const decisions = entry.kind === "call" ? entry.decisions : entry.kind === "decision" ? [entry.decision] : [];
    for (const decision of decisions) {
      const { allowed, email, permission, remedy, resource } = decision;
      if (!allowed) denied.set([email, permission, remedy ?? resource].join(), decision);
    }
  }
  if (denied.size === 0) return null;
  return html`<section class="reason" aria-labelledby="missing-title">
    <h3 id="missing-title">Missing IAM bindings</h3>
    <${Decisions} decisions=${[...denied.values()]} />
  </section>`;
}
