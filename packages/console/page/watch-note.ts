import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { WatchEvent } from "../src/api-types";
import { clockTime, duration } from "./format";
import { html } from "./html";

/** What the loop did after a file was saved. */
export function WatchNote({ watch }: { readonly watch?: WatchEvent }): VNode | null {
  const [closed, close] = useState<WatchEvent>();
  if (!watch || watch === closed) return null;
  const { what, functions, files, milliseconds, error, changes, needsRestart, time } = watch;
  const text =
    what === "failed"
      ? `${files.join(", ")} could not be taken over`
      : what === "bundled"
        ? `${functions.join(", ")} ${functions.length === 1 ? "runs" : "run"} new code, ${duration(milliseconds)} after the save`
        : `Synthesized after a change of ${files.join(", ")}`;
  return html`<section class=${`watch ${what}`} aria-label="Development loop">
    <p><time>${clockTime(time).slice(0, 8)}</time> ${text}${needsRestart && ". Restart the console to run it."}</p>
    <button type="button" class="plain" aria-label="Close the note" onClick=${() => close(watch)}>✕</button>
    ${
      (error || changes) &&
      html`<details open=${what === "failed"}><summary>${error ? "Error" : "What changed"}</summary>
      <pre tabindex="0">${error ?? changes}</pre></details>`
    }
  </section>`;
}
