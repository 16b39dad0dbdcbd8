import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { TimelineEntry } from "../src/api-types";
import { CallView } from "./call-view";
import { Decisions } from "./decisions";
import { account, duration, isFailure, shortMethod } from "./format";
import { html } from "./html";
import { LogText } from "./log-lines";
import { CallStatus } from "./status";

/** How many entries are shown before somebody asks for more. */
const SHOWN = 300;

/** What happened to an item, oldest first, across services. */
export function Timeline({
  stack,
  entries,
}: {
  readonly stack: string;
  readonly entries: readonly TimelineEntry[];
}): VNode {
  const [count, setCount] = useState(SHOWN);
  const [first] = entries;
  const begin = first ? timeOf(first) : 0;
  return html`<ol class="timeline">
    ${entries.slice(0, count).map(
      (entry, index) => html`<li key=${keyOf(entry, index)} class=${classOf(entry)}>
      <span class="when">+${duration(timeOf(entry) - begin)}</span>
      <div><${Entry} stack=${stack} entry=${entry} /></div>
    </li>`,
    )}
    ${
      entries.length > count &&
      html`<li><span></span><button type="button" onClick=${() => setCount(count + SHOWN)}>
        Show ${Math.min(SHOWN, entries.length - count)} more of ${entries.length}</button></li>`
    }
  </ol>`;
}

function Entry({ stack, entry }: { readonly stack: string; readonly entry: TimelineEntry }): VNode {
  switch (entry.kind) {
    case "call":
      return html`<${CallEntry} stack=${stack} entry=${entry} />`;
    case "hop": {
      const { from, to, what, attempt, status, detail } = entry.hop;
      return html`<span>${from} → ${to} <strong>${what}</strong> ${attempt !== undefined && `attempt ${attempt} `}
        <span class="status">${status}</span> ${detail}</span>`;
    }
    case "decision":
      return html`<${Decisions} decisions=${[entry.decision]} />`;
    case "log":
      return html`<${LogText} line=${entry.log} />`;
    case "wait":
      return html`<span class="quiet">waited ${duration(entry.duration)}: ${entry.why}</span>`;
    case "made":
      return html`<span>made <code>${entry.made}</code></span>`;
  }
}

function CallEntry({
  stack,
  entry: { call, decisions },
}: {
  readonly stack: string;
  readonly entry: Extract<TimelineEntry, { kind: "call" }>;
}): VNode {
  const [isOpen, setOpen] = useState(false);
  const denied = decisions.filter(({ allowed }) => !allowed);
  return html`<div>
    <button type="button" class="row-button" aria-expanded=${isOpen} onClick=${() => setOpen(!isOpen)}>
      <span class="twist" aria-hidden="true">${isOpen ? "▾" : "▸"}</span>
      <strong title=${call.caller}>${account(call.caller)}</strong> → ${call.service}
      ${" "}<code>${shortMethod(call.method)}</code>
      ${call.attempt !== undefined && ` attempt ${call.attempt}`}
      ${" "}<${CallStatus} call=${call} />
      ${call.duration !== undefined && html` <span class="quiet">${duration(call.duration)}</span>`}
      ${call.oneOf && html` <span class="quiet">(one of ${call.oneOf.length} requests made it)</span>`}
    </button>
    ${!isOpen && denied.length > 0 && html`<${Decisions} decisions=${denied} />`}
    ${!isOpen && denied.length === 0 && call.message && isFailure(call) && html`<p class="bad">${call.message}</p>`}
    ${isOpen && html`<${CallView} stack=${stack} call=${call.call} version=${call.status} />`}
  </div>`;
}

function timeOf(entry: TimelineEntry): number {
  switch (entry.kind) {
    case "call":
      return entry.call.time;
    case "hop":
      return entry.hop.time;
    case "decision":
      return entry.decision.time;
    case "log":
      return entry.log.time;
    default:
      return entry.time;
  }
}

function keyOf(entry: TimelineEntry, index: number): string {
  return entry.kind === "call" ? `call ${entry.call.call}` : `${entry.kind} ${index}`;
}

function classOf(entry: TimelineEntry): string {
  const isBad =
    (entry.kind === "call" && isFailure(entry.call)) || (entry.kind === "decision" && !entry.decision.allowed);
  return `${entry.kind}${entry.kind === "call" && entry.call.isWorker ? " worker-call" : ""}${isBad ? " bad-entry" : ""}`;
}
