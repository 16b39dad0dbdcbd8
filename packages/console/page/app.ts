import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { MapBox } from "../src/api-types";
import { ActivityView } from "./activity-view";
import { Announcer } from "./announcer";
import { BoxPanel } from "./box-panel";
import { BucketsView } from "./buckets-view";
import { DeadLettersView } from "./dead-letters-view";
import { DoView } from "./do-view";
import { ExecutionsView } from "./executions-view";
import { Header } from "./header";
import { useHash, useStore } from "./hooks";
import { html } from "./html";
import { ItemView } from "./item-view";
import { ItemsView } from "./items-view";
import { LogsView } from "./logs-view";
import { MapView } from "./map-view";
import { hrefOf, type Route, readRoute, VIEWS, type View } from "./route";
import type { StackView, Store } from "./store";
import { WatchNote } from "./watch-note";

const TITLES: Readonly<Record<View, string>> = {
  map: "Map",
  items: "Items",
  activity: "Activity",
  "dead-letters": "Dead letters",
  buckets: "Buckets",
  executions: "Workflows",
  logs: "Logs",
  do: "Do",
};

export function App({ store }: { readonly store: Store }): VNode {
  useStore(store);
  const route = readRoute(useHash());
  const [first] = store.stacks.values();
  const view = (route.stack !== undefined && store.stacks.get(route.stack)) || first;
  return html`<div class="app">
    <a class="skip" href="#main" onClick=${skip}>Skip to the content</a>
    <${Header} store=${store} view=${view} route=${route.view} />
    ${view && html`<${Tabs} view=${view} current=${route.view} />`}
    <main id="main" tabindex="-1">
      ${store.error && html`<p class="bad" role="alert">${store.error}</p>`}
      ${view && html`<${WatchNote} watch=${view.watch} />`}
      ${view && html`<${Content} key=${view.summary.name} view=${view} route=${route} />`}
    </main>
    <${Announcer} store=${store} />
  </div>`;
}

/** The address's hash is the route, so the link cannot be one. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function Tabs({ view, current }: { readonly view: StackView; readonly current: View }): VNode {
  const { name } = view.summary;
  const letters = view.state?.summary.deadLetters ?? 0;
  const shown = VIEWS.filter((each) => each !== "executions" || (view.detail?.actions.workflows.length ?? 0) > 0);
  return html`<nav class="bar tabs" aria-label="Views"><ul>${shown.map(
    (each) =>
      html`<li key=${each}><a href=${hrefOf(name, each)} aria-current=${each === current ? "page" : undefined}>${TITLES[each]}${
        each === "dead-letters" && letters > 0 ? html` <span class="pill">${letters}</span>` : ""
      }</a></li>`,
  )}</ul></nav>`;
}

function Content({ view, route }: { readonly view: StackView; readonly route: Route }): VNode {
  const { summary } = view;
  if (summary.state === "failed")
    return html`<p class="bad" role="alert">${summary.name} does not run: ${summary.error}</p>`;
  if (!view.detail)
    return html`<p class="quiet">${summary.state === "starting" ? `${summary.name} starts …` : "Reading …"}</p>`;
  const [id] = route.rest;
  switch (route.view) {
    case "map":
      return html`<${MapPage} view=${view} />`;
    case "items":
      return id === undefined ? html`<${ItemsView} view=${view} />` : html`<${ItemView} view=${view} id=${id} />`;
    case "activity":
      return html`<${ActivityView} view=${view} />`;
    case "dead-letters":
      return html`<${DeadLettersView} view=${view} />`;
    case "buckets":
      return html`<${BucketsView} view=${view} rest=${route.rest} />`;
    case "executions":
      return html`<${ExecutionsView} view=${view} />`;
    case "logs":
      return html`<${LogsView} view=${view} />`;
    case "do":
      return html`<${DoView} view=${view} />`;
  }
}

function MapPage({ view }: { readonly view: StackView }): VNode {
  const [box, choose] = useState<MapBox>();
  const notices = view.detail?.notices ?? [];
  return html`<div class="map-page">
    <div class="scroll map-scroll" tabindex="0" role="group" aria-label="Map">
      ${view.detail && html`<${MapView} map=${view.detail.map} state=${view.state} chosen=${box?.id} onChoose=${choose} />`}
      ${
        notices.length > 0 &&
        html`<details class="notices"><summary>Notices of the start (${notices.length})</summary>
        <ul>${notices.map((notice, index) => html`<li key=${index}>${notice}</li>`)}</ul></details>`
      }
    </div>
    ${box && html`<${BoxPanel} key=${box.id} view=${view} box=${box} onClose=${() => choose(undefined)} />`}
  </div>`;
}
