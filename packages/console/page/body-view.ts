import type { VNode } from "preact";
import type { BodyView } from "../src/api-types";
import { bytes } from "./format";
import { html } from "./html";

/** A payload as text, and what it carries. */
export function Body({ body, title }: { readonly body?: BodyView; readonly title: string }): VNode {
  if (!body || body.size === 0) return html`<p class="quiet">${title}: empty</p>`;
  const cut = body.cut ? ", of which the beginning is shown" : "";
  return html`<figure class="body">
    <figcaption>${title} <span class="quiet">${body.type}, ${bytes(body.size)}${cut}</span></figcaption>
    <pre tabindex="0" aria-label=${title}>${body.text}</pre>
    ${body.inner && html`<${Body} body=${body.inner} title="Carries" />`}
  </figure>`;
}

/** Names and values as a table. */
export function Pairs({
  pairs,
  title,
}: {
  readonly pairs: Readonly<Record<string, unknown>>;
  readonly title: string;
}): VNode {
  const rows = Object.entries(pairs);
  if (rows.length === 0) return html`<p class="quiet">${title}: none</p>`;
  return html`<table class="pairs">
    <caption>${title}</caption>
    <tbody>${rows.map(
      ([name, value]) => html`<tr key=${name}><th scope="row">${name}</th><td>${shown(value)}</td></tr>`,
    )}</tbody>
  </table>`;
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
