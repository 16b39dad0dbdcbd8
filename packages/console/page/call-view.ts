import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { CallDetail } from "../src/api-types";
import { pathOf } from "./api";
import { Body, Pairs } from "./body-view";
import { Decisions } from "./decisions";
import { account } from "./format";
import { useApi } from "./hooks";
import { html } from "./html";
import { LogLines } from "./log-lines";
import { Replay } from "./replay";

/** One call with its payloads, decisions and log lines, and sending it again. */
export function CallView({
  stack,
  call,
  version,
}: {
  readonly stack: string;
  readonly call: number;
  readonly version: unknown;
}): VNode {
  const { value, error } = useApi<CallDetail>(pathOf(stack, "calls", String(call)), version);
  const [isOpen, setOpen] = useState(false);
  if (error) return html`<p class="bad">${error}</p>`;
  if (!value) return html`<p class="quiet">Reading …</p>`;
  return html`<div class="call">
    <p><code>${value.verb} https://${value.host}${value.path}</code> ${value.protocol === "grpc" && "over gRPC"}
      ${" as "}<strong title=${value.caller}>${account(value.caller)}</strong></p>
    ${value.message && html`<p class="bad">${value.message}</p>`}
    <${Decisions} decisions=${value.decisions} />
    ${
      value.replayable &&
      html`<button type="button" aria-expanded=${isOpen} onClick=${() => setOpen(!isOpen)}>Send again …</button>`
    }
    ${isOpen && html`<${Replay} stack=${stack} call=${value} onClose=${() => setOpen(false)} />`}
    <div class="payloads">
      <div><${Body} body=${value.request} title="Request" /><${Pairs} pairs=${value.headers} title="Request headers" /></div>
      <div><${Body} body=${value.reply} title="Answer" /><${Pairs} pairs=${value.replyHeaders} title="Answer headers" /></div>
    </div>
    ${value.logs.length > 0 && html`<h4>Log</h4><${LogLines} lines=${value.logs} />`}
  </div>`;
}
