import type { VNode } from "preact";
import type { ActionResult } from "../src/api-types";
import { html } from "./html";
import { hrefOf } from "./route";

/** What became of an action. */
export interface Outcome {
  readonly isBusy?: boolean;
  readonly result?: ActionResult;
  readonly error?: string;
}

export async function outcomeOf(action: Promise<ActionResult>): Promise<Outcome> {
  try {
    return { result: await action };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

/** Says it to people and to screen readers. */
export function OutcomeText({ outcome, stack }: { readonly outcome?: Outcome; readonly stack: string }): VNode {
  const { isBusy, result, error } = outcome ?? {};
  return html`<p class=${error ? "outcome bad" : "outcome"} role="status">
    ${isBusy && "…"}${error}${result?.done}
    ${result?.item && html` <a href=${hrefOf(stack, "items", result.item)}>Follow it</a>`}
  </p>`;
}
