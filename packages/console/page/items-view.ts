import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { ItemLine, ItemList } from "../src/api-types";
import { pathOf } from "./api";
import { counted } from "./format";
import { useApi } from "./hooks";
import { html } from "./html";
import { ItemTable } from "./item-list";
import type { StackView } from "./store";

const KINDS = ["request", "task", "message", "delivery", "execution", "object", "schedule", "job"];
const STATES = ["waiting", "running", "done", "retrying", "failed", "dead-lettered"];

interface Filter {
  readonly q: string;
  readonly kind: string;
  readonly state: string;
  /** Only items that a client or a schedule began. */
  readonly root: boolean;
}

const ALL: Filter = { q: "", kind: "", state: "", root: false };

/** All items of a stack, newest first, and a search by id or by text in a payload. */
export function ItemsView({ view }: { readonly view: StackView }): VNode {
  const [filter, setFilter] = useState(ALL);
  const query = new URLSearchParams({ limit: "500" });
  for (const [name, value] of Object.entries(filter)) if (value) query.set(name, String(value));
  // What is new comes by events; the list is read anew for what only the console can search.
  const { value, error } = useApi<ItemList>(`${pathOf(view.summary.name, "items")}?${query}`, view.items.size, 1500);
  const items =
    filter.q === ""
      ? merged(value?.items ?? [], view, filter)
      : (value?.items ?? []).map((item) => view.items.get(item.id) ?? item);
  const set = (part: Partial<Filter>) => setFilter({ ...filter, ...part });
  return html`<section class="fill" aria-labelledby="items-title">
    <h2 id="items-title">Items</h2>
    <form class="filter" role="search" onSubmit=${(event: Event) => event.preventDefault()}>
      <label>Search <input type="search" value=${filter.q} placeholder="id or text in a payload"
        onInput=${(event: Event) => set({ q: (event.target as HTMLInputElement).value })} /></label>
      <${Choice} label="Kind" value=${filter.kind} options=${KINDS} onChange=${(kind: string) => set({ kind })} />
      <${Choice} label="State" value=${filter.state} options=${STATES} onChange=${(state: string) => set({ state })} />
      <label class="check"><input type="checkbox" checked=${filter.root}
        onChange=${(event: Event) => set({ root: (event.target as HTMLInputElement).checked })} /> first of a flow</label>
      <span class="quiet" role="status">${error ?? counted(Math.max(value?.total ?? 0, items.length), "item")}</span>
    </form>
    <${ItemTable} stack=${view.summary.name} items=${items}
      empty=${value ? "No item matches. “Do” puts one in." : "Reading …"} />
  </section>`;
}

function Choice({
  label,
  value,
  options,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly options: readonly string[];
  readonly onChange: (value: string) => void;
}): VNode {
  return html`<label>${label} <select value=${value}
    onChange=${(event: Event) => onChange((event.target as HTMLSelectElement).value)}>
    <option value="">all</option>
    ${options.map((option) => html`<option key=${option} value=${option}>${option}</option>`)}
  </select></label>`;
}

/** What was read and what has come since, newest first. */
function merged(read: readonly ItemLine[], view: StackView, filter: Filter): ItemLine[] {
  const all = new Map(read.map((item) => [item.id, item]));
  for (const item of view.items.values()) all.set(item.id, item);
  return [...all.values()]
    .filter(
      ({ id, kind, state, root }) =>
        (filter.kind === "" || kind === filter.kind) &&
        (filter.state === "" || state === filter.state) &&
        (!filter.root || root === id),
    )
    .sort((one, other) => other.began - one.began);
}
