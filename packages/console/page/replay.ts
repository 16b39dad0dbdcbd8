import type { VNode } from "preact";
import { useRef, useState } from "preact/hooks";
import type { CallDetail } from "../src/api-types";
import { act } from "./api";
import { Body } from "./body-view";
import { html } from "./html";
import { type Outcome, OutcomeText, outcomeOf } from "./outcome";

/** Sends a call's request again, with a body that can be edited first. */
export function Replay({
  stack,
  call,
  onClose,
}: {
  readonly stack: string;
  readonly call: CallDetail;
  readonly onClose: () => void;
}): VNode {
  const original = call.request?.text ?? "";
  const [outcome, setOutcome] = useState<Outcome>();
  const editor = useRef<HTMLTextAreaElement>(null);
  const isCut = call.request?.cut ?? false;
  const isBinary = call.request?.type === "binary";
  const send = async (event: Event) => {
    event.preventDefault();
    const body = editor.current?.value ?? original;
    setOutcome({ isBusy: true });
    setOutcome(await outcomeOf(act(stack, "replay", { call: call.call, ...(body !== original && { body }) })));
  };
  return html`<form class="editor" onSubmit=${send}>
    <label>Body ${isCut && "(its beginning is shown; unchanged, the whole is sent)"}
      <textarea ref=${editor} rows="10" spellcheck=${false} readonly=${isBinary}>${original}</textarea></label>
    <div class="buttons">
      <button type="submit" disabled=${outcome?.isBusy}>Send as ${call.caller === "" ? "nobody" : call.caller}</button>
      <button type="button" class="plain" onClick=${onClose}>Close</button>
    </div>
    <${OutcomeText} outcome=${outcome} stack=${stack} />
    ${outcome?.result?.reply && html`<${Body} body=${outcome.result.reply} title=${`Answer ${outcome.result.status ?? ""}`} />`}
  </form>`;
}
