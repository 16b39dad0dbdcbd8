import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { BucketList, ObjectDetail, ObjectList } from "../src/api-types";
import { act, pathOf } from "./api";
import { Body } from "./body-view";
import { base64Of } from "./fields";
import { bytes, counted, dateTime } from "./format";
import { useApi } from "./hooks";
import { html } from "./html";
import { type Outcome, OutcomeText, outcomeOf } from "./outcome";
import { hrefOf } from "./route";
import type { StackView } from "./store";

/** Objects of the buckets: folders, a preview, a download, and files that are dropped into them. */
export function BucketsView({ view, rest }: { readonly view: StackView; readonly rest: readonly string[] }): VNode {
  const { name } = view.summary;
  const [bucket, prefix = "", object] = rest;
  const { value, error } = useApi<BucketList>(pathOf(name, "buckets"), view.state?.summary.calls, 1500);
  return html`<section class="split" aria-labelledby="buckets-title">
    <nav class="scroll" aria-label="Buckets">
      <h2 id="buckets-title">Buckets</h2>
      ${error && html`<p class="bad">${error}</p>`}
      <ul class="lines">${value?.buckets.map(
        (each) => html`<li key=${each.name}><a href=${hrefOf(name, "buckets", each.name)}
          aria-current=${each.name === bucket ? "page" : undefined}>${each.name}</a>
          <div class="quiet">${counted(each.objects, "object")}, ${bytes(each.bytes)}</div></li>`,
      )}</ul>
    </nav>
    ${bucket && html`<${Folder} view=${view} bucket=${bucket} prefix=${prefix === "/" ? "" : prefix} />`}
    ${bucket && object && html`<${Preview} key=${object} stack=${name} bucket=${bucket} object=${object} />`}
  </section>`;
}

function Folder({
  view,
  bucket,
  prefix,
}: {
  readonly view: StackView;
  readonly bucket: string;
  readonly prefix: string;
}): VNode {
  const { name } = view.summary;
  const [outcome, setOutcome] = useState<Outcome>();
  const [isOver, setOver] = useState(false);
  const path = `${pathOf(name, "buckets", bucket)}?${new URLSearchParams({ prefix })}`;
  const { value, error, reload } = useApi<ObjectList>(path, view.state?.summary.calls, 1500);
  const drop = async (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    for (const file of event.dataTransfer?.files ?? []) {
      setOutcome({ isBusy: true });
      const content = await base64Of(file);
      setOutcome(await outcomeOf(act(name, "upload", { bucket, name: `${prefix}${file.name}`, content })));
    }
    reload();
  };
  const short = (full: string) => full.slice(prefix.length);
  const above = prefix.replace(/[^/]+\/$/, "");
  const over = (is: boolean) => (event: DragEvent) => {
    event.preventDefault();
    setOver(is);
  };
  return html`<div class=${`scroll folder ${isOver ? "over" : ""}`} onDragOver=${over(true)} onDragLeave=${over(false)} onDrop=${drop}>
    <h3>${bucket}/${prefix}</h3>
    ${error && html`<p class="bad">${error}</p>`}
    <${OutcomeText} outcome=${outcome} stack=${name} />
    <table class="objects"><thead><tr><th scope="col">name</th><th scope="col">size</th><th scope="col">updated</th></tr></thead><tbody>
      ${prefix !== "" && html`<tr><td><a href=${hrefOf(name, "buckets", bucket, above || "/")}>..</a></td><td></td><td></td></tr>`}
      ${value?.folders.map(
        (folder) =>
          html`<tr key=${folder}><td><a href=${hrefOf(name, "buckets", bucket, folder)}>${short(folder)}</a></td><td></td><td></td></tr>`,
      )}
      ${value?.objects.map(
        (object) => html`<tr key=${object.name}>
          <td><a href=${hrefOf(name, "buckets", bucket, prefix || "/", object.name)}>${short(object.name)}</a></td>
          <td>${bytes(object.size)}</td><td>${dateTime(object.updated)}</td></tr>`,
      )}
    </tbody></table>
    <p class="quiet">${value?.more && "There are more. "}Drop files here to upload them as the stack's client.</p>
  </div>`;
}

function Preview({
  stack,
  bucket,
  object,
}: {
  readonly stack: string;
  readonly bucket: string;
  readonly object: string;
}): VNode {
  const path = pathOf(stack, "buckets", bucket, "objects", object);
  const { value, error } = useApi<ObjectDetail>(path);
  return html`<aside class="scroll" aria-label="Preview">
    <h3>${object}</h3>
    ${error && html`<p class="bad">${error}</p>`}
    ${
      value &&
      html`<p class="quiet">${value.contentType}, ${bytes(value.size)}, generation ${value.generation}, ${dateTime(value.updated)} UTC</p>
      <p><a href=${`${path}?download=true`} download>Download</a></p>
      ${
        value.content.type === "csv"
          ? html`<${Csv} text=${value.content.text} cut=${value.content.cut} />`
          : html`<${Body} body=${value.content} title="Content" />`
      }`
    }
  </aside>`;
}

/** The first lines of simple CSV as a table. Lines with quotes stay text. */
function Csv({ text, cut }: { readonly text: string; readonly cut: boolean }): VNode {
  if (text.includes('"')) return html`<pre tabindex="0" aria-label="Content">${text}</pre>`;
  const [head = [], ...rows] = text
    .trimEnd()
    .split(/\r?\n/)
    .slice(0, 201)
    .map((line) => line.split(","));
  return html`<div class="body" tabindex="0" role="group" aria-label="Content"><table class="objects">
    <thead><tr>${head.map((cell, index) => html`<th scope="col" key=${index}>${cell}</th>`)}</tr></thead>
    <tbody>${rows.map((row, index) => html`<tr key=${index}>${row.map((cell, place) => html`<td key=${place}>${cell}</td>`)}</tr>`)}</tbody>
  </table>${(cut || rows.length >= 200) && html`<p class="quiet">The beginning is shown.</p>`}</div>`;
}
