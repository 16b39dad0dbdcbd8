import type { VNode } from "preact";
import type { Actions, MapBox, ResourceDetail } from "../src/api-types";
import {
  CallForm,
  ExecuteForm,
  FailForm,
  FireForm,
  KillForm,
  PublishForm,
  QueueForm,
  UploadForm,
} from "./action-forms";
import { html } from "./html";
import type { StackView } from "./store";

/** What can be done to the resource of a box. */
export function BoxActions({
  view,
  box,
  resource,
}: {
  readonly view: StackView;
  readonly box: MapBox;
  readonly resource: ResourceDetail;
}): VNode | null {
  const actions = view.detail?.actions;
  if (!actions) return null;
  const { name: stack } = view.summary;
  // The name as the actions know it: of the attributes, or the last part of a full name.
  const of = (names: readonly string[]) => {
    const { name, topic, id } = resource.attributes as Record<string, unknown>;
    return names.filter((each) => [name, topic, id].some((own) => own === each || String(own).endsWith(`/${each}`)));
  };
  const forms = formsOf(actions, stack, of, view.state?.boxes[box.id]?.paused);
  if (forms.length === 0) return null;
  return html`<details><summary>Do</summary><div class="actions narrow">${forms}</div></details>`;
}

function formsOf(
  actions: Actions,
  stack: string,
  of: (names: readonly string[]) => readonly string[],
  isPaused: boolean | undefined,
): VNode[] {
  const [workers, queues, topics, buckets, schedules, workflows] = [
    of(actions.workers),
    of(actions.queues),
    of(actions.topics),
    of(actions.buckets),
    of(actions.schedules),
    of(actions.workflows),
  ];
  return [
    ...(workers.length > 0
      ? [
          html`<${CallForm} stack=${stack} of=${workers} />`,
          html`<${FailForm} stack=${stack} of=${workers} />`,
          html`<${KillForm} stack=${stack} of=${workers} />`,
        ]
      : []),
    ...(queues.length > 0 ? [html`<${QueueForm} stack=${stack} of=${queues} isPaused=${isPaused ?? false} />`] : []),
    ...(topics.length > 0 ? [html`<${PublishForm} stack=${stack} of=${topics} />`] : []),
    ...(buckets.length > 0 ? [html`<${UploadForm} stack=${stack} of=${buckets} />`] : []),
    ...(schedules.length > 0 ? [html`<${FireForm} stack=${stack} of=${schedules} />`] : []),
    ...(workflows.length > 0 ? [html`<${ExecuteForm} stack=${stack} of=${workflows} />`] : []),
  ];
}
