import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { BindingLine } from "../src/api-types";
import { act } from "./api";
import { html } from "./html";
import { type Outcome, OutcomeText, outcomeOf } from "./outcome";

/** IAM bindings, which can be taken away and put back. */
export function Bindings({
  stack,
  bindings,
}: {
  readonly stack: string;
  readonly bindings: readonly BindingLine[];
}): VNode {
  const [outcome, setOutcome] = useState<Outcome>();
  // Until the console says it anew.
  const [changed, setChanged] = useState<Readonly<Record<string, boolean>>>({});
  const change = async ({ address }: BindingLine, withheld: boolean) => {
    setOutcome({ isBusy: true });
    const done = await outcomeOf(act(stack, withheld ? "withhold" : "restore", { binding: address }));
    if (done.result) setChanged({ ...changed, [address]: withheld });
    setOutcome(done);
  };
  return html`<div>
    <ul class="lines">${bindings.map((binding) => {
      const withheld = changed[binding.address] ?? binding.withheld;
      return html`<li key=${binding.address} class=${withheld ? "withheld" : ""}>
        <code>${binding.role}</code> to <strong>${binding.member.replace(/^serviceAccount:/, "").split("@")[0]}</strong>
        ${" on "}<code>${binding.resource}</code>
        <div class="quiet"><code>${binding.address}</code></div>
        <button type="button" onClick=${() => change(binding, !withheld)}
          aria-label=${`${withheld ? "Put back" : "Take away"} ${binding.address}`}>${withheld ? "Put back" : "Take away"}</button>
      </li>`;
    })}</ul>
    <${OutcomeText} outcome=${outcome} stack=${stack} />
  </div>`;
}
