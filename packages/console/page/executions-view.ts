import type { VNode } from "preact";
import type { ExecutionList } from "../src/api-types";
import { pathOf } from "./api";
import { Body } from "./body-view";
import { clockTime, duration } from "./format";
import { useApi } from "./hooks";
import { html } from "./html";
import { hrefOf } from "./route";
import type { StackView } from "./store";

/** Executions of workflows, with the step where each is. */
export function ExecutionsView({ view }: { readonly view: StackView }): VNode {
  const { name } = view.summary;
  const { value, error } = useApi<ExecutionList>(pathOf(name, "executions"), view.state?.summary.calls, 700);
  return html`<section class="scroll" aria-labelledby="executions-title">
    <h2 id="executions-title">Workflow executions</h2>
    ${error && html`<p class="bad">${error}</p>`}
    ${value?.executions.length === 0 && html`<p class="quiet">There is none yet.</p>`}
    ${value?.executions.map(
      (each) => html`<details key=${each.id} class="letter">
        <summary><span class=${`status ${each.state === "FAILED" ? "bad" : each.state === "ACTIVE" ? "open" : "good"}`}>${each.state}</span>
          ${" "}${each.workflow} <span class="quiet">${clockTime(each.started)}${
            each.ended === undefined ? "" : `, took ${duration(each.ended - each.started)}`
          }, at step</span> <code>${each.step.routine}.${each.step.step}</code></summary>
        <p><a href=${hrefOf(name, "items", each.item)}>Its timeline</a></p>
        ${each.error && html`<p class="bad">${each.error}</p>`}
        <${Body} body=${each.argument} title="Argument" />
        <${Body} body=${each.result} title="Result" />
      </details>`,
    )}
  </section>`;
}
