import type { VNode } from "preact";
import {
  CallForm,
  ExecuteForm,
  FailForm,
  FireForm,
  KillForm,
  PublishForm,
  QueueForm,
  SubmitForm,
  UploadForm,
} from "./action-forms";
import { Bindings } from "./bindings";
import { html } from "./html";
import type { StackView } from "./store";

/** Everything that can be done to a stack. */
export function DoView({ view }: { readonly view: StackView }): VNode {
  const actions = view.detail?.actions;
  const { name: stack } = view.summary;
  if (!actions) return html`<p class="quiet">Reading …</p>`;
  const form = (Form: unknown, of: readonly string[]) => of.length > 0 && html`<${Form} stack=${stack} of=${of} />`;
  return html`<section class="scroll" aria-labelledby="do-title">
    <h2 id="do-title">Do</h2>
    <div class="actions">
      <${SubmitForm} stack=${stack} sample=${actions.sample} />
      ${form(UploadForm, actions.buckets)}
      ${form(PublishForm, actions.topics)}
      ${form(CallForm, actions.workers)}
      ${form(ExecuteForm, actions.workflows)}
      ${form(FireForm, actions.schedules)}
      ${form(QueueForm, actions.queues)}
      ${form(FailForm, actions.workers)}
      ${form(KillForm, actions.workers)}
    </div>
    <h3>IAM bindings</h3>
    <${Bindings} stack=${stack} bindings=${actions.bindings} />
  </section>`;
}
