import type { VNode } from "preact";
import { useRef, useState } from "preact/hooks";
import type { DeadLetterLine, DeadLetterList } from "../src/api-types";
import { act, pathOf } from "./api";
import { Body, Pairs } from "./body-view";
import { counted, dateTime } from "./format";
import { useApi } from "./hooks";
import { html } from "./html";
import { type Outcome, OutcomeText, outcomeOf } from "./outcome";
import { hrefOf } from "./route";
import type { StackView } from "./store";

/** Dead letters by reason. Each can be edited and put back. */
export function DeadLettersView({ view }: { readonly view: StackView }): VNode {
  const { name } = view.summary;
  const { value, error, reload } = useApi<DeadLetterList>(
    pathOf(name, "dead-letters"),
    view.state?.summary.deadLetters,
  );
  const [outcome, setOutcome] = useState<Outcome>();
  const all = async () => {
    setOutcome({ isBusy: true });
    setOutcome(await outcomeOf(act(name, "redrive", {})));
    reload();
  };
  const putBack = (done: Outcome) => {
    setOutcome(done);
    reload();
  };
  const canRedrive = view.detail?.actions.redrive ?? false;
  return html`<section class="scroll" aria-labelledby="letters-title">
    <h2 id="letters-title">Dead letters</h2>
    ${error && html`<p class="bad">${error}</p>`}
    ${value?.groups.length === 0 && html`<p class="quiet">There is none.</p>`}
    ${
      canRedrive &&
      value &&
      value.groups.length > 0 &&
      html`<div class="buttons"><button type="button" onClick=${all}>Put all back</button></div>`
    }
    <${OutcomeText} outcome=${outcome} stack=${name} />
    ${value?.groups.map(
      ({ reason, letters }) => html`<section key=${reason} class="group">
        <h3><span class="bad">${reason}</span> <span class="quiet">${counted(letters.length, "letter")}</span></h3>
        ${letters.map(
          (letter) => html`<${Letter} key=${letter.messageId} stack=${name} letter=${letter}
          canRedrive=${canRedrive} onDone=${putBack} />`,
        )}
      </section>`,
    )}
  </section>`;
}

function Letter({
  stack,
  letter,
  canRedrive,
  onDone,
}: {
  readonly stack: string;
  readonly letter: DeadLetterLine;
  readonly canRedrive: boolean;
  readonly onDone: (outcome: Outcome) => void;
}): VNode {
  const [isEdited, setEdited] = useState(false);
  const [outcome, setOutcome] = useState<Outcome>();
  const editor = useRef<HTMLTextAreaElement>(null);
  const send = async (event: Event) => {
    event.preventDefault();
    const data = editor.current?.value;
    const isNew = data !== undefined && data !== letter.data.text;
    setOutcome({ isBusy: true });
    const done = await outcomeOf(act(stack, "redrive", { messageId: letter.messageId, ...(isNew && { data }) }));
    setOutcome(done);
    // The letter is gone then, and with it what it says.
    if (done.result) onDone(done);
  };
  return html`<details class="letter">
    <summary>message ${letter.originalId ?? letter.messageId}${
      letter.originalId !== undefined && letter.originalId !== letter.messageId && `, kept as ${letter.messageId}`
    } <span class="quiet">${dateTime(letter.published)} in ${letter.subscription}</span></summary>
    ${letter.item && html`<p><a href=${hrefOf(stack, "items", letter.item)}>What happened to it</a></p>`}
    ${
      isEdited
        ? html`<form class="editor" onSubmit=${send}>
          <label>Data <textarea ref=${editor} rows="10" spellcheck=${false}>${letter.data.text}</textarea></label>
          <div class="buttons"><button type="submit" disabled=${outcome?.isBusy}>Put back</button>
            <button type="button" class="plain" onClick=${() => setEdited(false)}>Cancel</button></div>
        </form>`
        : html`<${Body} body=${letter.data} title="Data" />
        ${
          canRedrive &&
          html`<div class="buttons"><button type="button" onClick=${send}>Put back as it is</button>
            ${
              !letter.data.cut &&
              letter.data.type !== "binary" &&
              html`<button type="button" class="plain" onClick=${() => setEdited(true)}>Edit …</button>`
            }</div>`
        }`
    }
    <${OutcomeText} outcome=${outcome} stack=${stack} />
    <${Pairs} pairs=${letter.attributes} title="Attributes" />
  </details>`;
}
