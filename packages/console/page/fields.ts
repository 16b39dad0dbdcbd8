import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { ActionResult } from "../src/api-types";
import { Body } from "./body-view";
import { html } from "./html";
import { type Outcome, OutcomeText, outcomeOf } from "./outcome";

export interface Field {
  readonly name: string;
  readonly label: string;
  /** @default "text" */
  readonly type?: "text" | "lines" | "number" | "choice" | "file";
  readonly options?: readonly string[];
  readonly value?: string;
  readonly required?: boolean;
  /** Below the field. */
  readonly help?: string;
}

export interface ActionFormProps {
  readonly stack: string;
  readonly title: string;
  readonly help?: string;
  readonly button: string;
  readonly fields: readonly Field[];
  /** Values of the fields by name, a file's in base64. @throws Error for bad input */
  readonly run: (values: Readonly<Record<string, string>>, file?: File) => Promise<ActionResult>;
}

/** A form that does one thing, and says what became of it. */
export function ActionForm({ stack, title, help, button, fields, run }: ActionFormProps): VNode {
  const [outcome, setOutcome] = useState<Outcome>();
  const submit = async (event: Event) => {
    event.preventDefault();
    const data = new FormData(event.target as HTMLFormElement);
    const values = Object.fromEntries([...data].map(([name, value]) => [name, typeof value === "string" ? value : ""]));
    const file = [...data.values()].find((value) => value instanceof File && value.size > 0) as File | undefined;
    setOutcome({ isBusy: true });
    setOutcome(await outcomeOf((async () => run(values, file))()));
  };
  return html`<form class="action" onSubmit=${submit}>
    <h3>${title}</h3>
    ${help && html`<p class="quiet">${help}</p>`}
    ${fields.map((field) => html`<${Input} key=${field.name} field=${field} />`)}
    <div class="buttons"><button type="submit" disabled=${outcome?.isBusy}>${button}</button></div>
    <${OutcomeText} outcome=${outcome} stack=${stack} />
    ${outcome?.result?.reply && html`<${Body} body=${outcome.result.reply} title=${`Answer ${outcome.result.status ?? ""}`} />`}
  </form>`;
}

function Input({
  field: { name, label, type = "text", options = [], value = "", required, help },
}: {
  readonly field: Field;
}): VNode {
  const control =
    type === "choice"
      ? html`<select name=${name}>${options.map((option) => html`<option key=${option} value=${option}>${option}</option>`)}</select>`
      : type === "lines"
        ? html`<textarea name=${name} rows="5" spellcheck=${false} required=${required}>${value}</textarea>`
        : html`<input name=${name} type=${type} required=${required} ...${type === "file" ? {} : { defaultValue: value }} />`;
  return html`<label>${label} ${control}${help && html`<span class="quiet">${help}</span>`}</label>`;
}

/** The content of a file in base64. */
export function base64Of(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ""));
    reader.onerror = () => reject(new Error(`${file.name} cannot be read`));
    reader.readAsDataURL(file);
  });
}

/** @throws Error that says what is allowed */
export function jsonOf(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${what} is not JSON: ${(error as Error).message}`);
  }
}
