import type { VNode } from "preact";
import { html } from "./html";
import { LogText } from "./log-lines";
import type { StackView } from "./store";
import { Windowed } from "./windowed";

/** Log lines of all workers as they come, newest first. */
export function LogsView({ view: { logs } }: { readonly view: StackView }): VNode {
  const row = (index: number) => {
    const line = logs.newest(index);
    return line && html`<div role="cell" class="log-row" title=${line.message}><${LogText} line=${line} /></div>`;
  };
  return html`<section class="fill" aria-labelledby="logs-title">
    <h2 id="logs-title">Logs</h2>
    <${Windowed} label="Log lines" count=${logs.length} rowHeight=${24} row=${row} empty="No worker has logged anything since the page was opened." />
  </section>`;
}
