import type { VNode } from "preact";
import type { LogLine } from "../src/api-types";
import { clockTime } from "./format";
import { html } from "./html";

const ALARMING = /^(WARNING|ERROR|CRITICAL|ALERT|EMERGENCY)$/;

export function LogLines({ lines }: { readonly lines: readonly LogLine[] }): VNode {
  return html`<ol class="log">${lines.map((line, index) => html`<li key=${index}><${LogText} line=${line} /></li>`)}</ol>`;
}

export function LogText({ line }: { readonly line: LogLine }): VNode {
  const { time, worker, severity, message, fields } = line;
  const more = Object.fromEntries(
    Object.entries(fields ?? {}).filter(
      ([name]) => !["message", "severity"].includes(name) && !name.startsWith("logging.googleapis.com/"),
    ),
  );
  const text = Object.keys(more).length === 0 ? "" : ` ${JSON.stringify(more)}`;
  return html`<time>${clockTime(time)}</time> <span class="worker">${worker}</span>
    ${" "}<span class=${`severity ${ALARMING.test(severity) ? "bad" : ""}`}>${severity}</span>
    ${" "}<span class="message">${message}<span class="quiet">${text}</span></span>`;
}
