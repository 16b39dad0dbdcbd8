import type { VNode } from "preact";
import type { Decision } from "../src/api-types";
import { account } from "./format";
import { html } from "./html";

/** Who needed which permission, and which binding allowed it or is missing. */
export function Decisions({ decisions }: { readonly decisions: readonly Decision[] }): VNode | null {
  if (decisions.length === 0) return null;
  return html`<ul class="decisions">${decisions.map(
    (decision, index) => html`<li key=${index} class=${decision.allowed ? "allowed" : "denied"}>
      <span class="mark" aria-hidden="true">${decision.allowed ? "✓" : "✗"}</span>
      <span>
        <strong>${account(decision.email)}</strong> ${decision.allowed ? "may" : "may not"} <code>${decision.permission}</code>
        ${" on "}<code>${decision.resource}</code>
        ${
          decision.allowed
            ? html`<span class="quiet"> by </span>${decision.bindings.map(
                (binding, place) => html`${place > 0 && ", "}<code>${binding}</code>`,
              )}`
            : html`<span class="remedy"> Missing: ${decision.remedy ?? "a binding that allows it"}</span>`
        }
      </span>
    </li>`,
  )}</ul>`;
}
