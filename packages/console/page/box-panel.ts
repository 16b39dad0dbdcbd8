import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { MapBox, ResourceDetail } from "../src/api-types";
import { pathOf } from "./api";
import { badgeOf } from "./badge";
import { Bindings } from "./bindings";
import { BoxActions } from "./box-actions";
import { clockTime, duration } from "./format";
import { useApi } from "./hooks";
import { html } from "./html";
import { LogLines } from "./log-lines";
import { hrefOf } from "./route";
import { StateMark } from "./status";
import type { StackView } from "./store";

/** A box of the map: its state, what can be done to it, its last items, logs and configuration. */
export function BoxPanel({
  view,
  box,
  onClose,
}: {
  readonly view: StackView;
  readonly box: MapBox;
  readonly onClose: () => void;
}): VNode {
  const { name: stack } = view.summary;
  const [address] = box.addresses;
  const state = view.state?.boxes[box.id];
  const { value, error } = useApi<ResourceDetail>(
    address === undefined ? undefined : pathOf(stack, "resources", address),
    JSON.stringify(state),
    1500,
  );
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), [box.id]);
  return html`<aside class="panel scroll" aria-labelledby="panel-title">
    <header>
      <h2 id="panel-title" tabindex="-1" ref=${title}>${box.name.join(" ")} <span class="quiet">${box.kind}</span></h2>
      <button type="button" class="plain" onClick=${onClose} aria-label="Close the panel">✕</button>
    </header>
    ${address && html`<p><code>${address}</code></p>`}
    <p>${badgeOf(box.kind, state) || "idle"}${state?.calls ? `, ${state.calls} calls` : ""}${
      state?.errors ? html`, <span class="bad">${state.errors} failed</span>` : ""
    }${state?.denied ? html`, <span class="bad">${state.denied} refused for want of a binding</span>` : ""}</p>
    ${state?.median !== undefined && html`<p>Calls take ${duration(state.median)} at the median, ${duration(state.longest ?? state.median)} at most</p>`}
    ${state?.failing !== undefined && html`<p class="bad">Failing since ${clockTime(state.failing)} UTC</p>`}
    ${error && html`<p class="bad">${error}</p>`}
    ${value && html`<${BoxActions} view=${view} box=${box} resource=${value} />`}
    ${
      value &&
      value.items.length > 0 &&
      html`<h3>Last items</h3><ul class="lines">${value.items.slice(0, 15).map(
        (item) => html`<li key=${item.id}><${StateMark} state=${item.state} />
          ${" "}<a href=${hrefOf(stack, "items", item.id)}>${item.title}</a>
          ${item.reason && item.state !== "done" && html` <span class="bad">${item.reason}</span>`}</li>`,
      )}</ul>`
    }
    ${value && value.logs.length > 0 && html`<h3>Log</h3><${LogLines} lines=${value.logs.slice(0, 30)} />`}
    ${value && html`<h3>IAM bindings on it</h3>`}
    ${value && (value.bindings.length > 0 ? html`<${Bindings} stack=${stack} bindings=${value.bindings} />` : html`<p class="quiet">none</p>`)}
    ${
      value &&
      html`<details open><summary>Configuration</summary>
      <pre tabindex="0" aria-label="Configuration">${JSON.stringify(value.attributes, undefined, 2)}</pre></details>`
    }
  </aside>`;
}
