import type { VNode } from "preact";
import { act } from "./api";
import { ActionForm, base64Of, type Field, jsonOf } from "./fields";
import { html } from "./html";

const choice = (name: string, label: string, options: readonly string[]): Field => ({
  name,
  label,
  type: "choice",
  options,
});

/** Topics that keep dead letters, or put them back, come last. */
function ownFirst(topics: readonly string[]): string[] {
  const isOwn = (topic: string) => !/dead-letter|redrive/.test(topic);
  return [...topics.filter(isOwn), ...topics.filter((topic) => !isOwn(topic))];
}

interface FormProps {
  readonly stack: string;
  /** Names to choose from. */
  readonly of: readonly string[];
}

export function SubmitForm({
  stack,
  sample,
}: {
  readonly stack: string;
  readonly sample?: { name: string; takes: string };
}): VNode {
  const help = sample
    ? `Without a file: the sample ${sample.name}. The stack takes ${sample.takes}.`
    : "The stack takes no file; its schedule is fired.";
  return html`<${ActionForm} stack=${stack} title="Submit" help=${help} button="Submit"
    fields=${sample ? [{ name: "file", label: "File", type: "file" }] : []}
    run=${async (_: unknown, file?: File) =>
      act(stack, "submit", file ? { name: file.name, content: await base64Of(file) } : {})} />`;
}

export function UploadForm({ stack, of }: FormProps): VNode {
  return html`<${ActionForm} stack=${stack} title="Upload a file" button="Upload" fields=${[
    choice("bucket", "Bucket", of),
    { name: "file", label: "File", type: "file", required: true },
    { name: "name", label: "Object name", help: "the file's name unless given" },
  ]} run=${async ({ bucket = "", name = "" }: Record<string, string>, file?: File) => {
    if (!file) throw new Error("Choose a file that is not empty");
    return act(stack, "upload", {
      bucket,
      name: name || file.name,
      content: await base64Of(file),
      contentType: file.type || undefined,
    });
  }} />`;
}

export function PublishForm({ stack, of }: FormProps): VNode {
  return html`<${ActionForm} stack=${stack} title="Publish a message" button="Publish" fields=${[
    choice("topic", "Topic", ownFirst(of)),
    { name: "data", label: "Data", type: "lines", required: true },
    {
      name: "attributes",
      label: "Attributes",
      type: "lines",
      value: "{}",
      help: 'JSON, such as {"modality": "image"}',
    },
    { name: "orderingKey", label: "Ordering key", help: "optional" },
  ]} run=${async ({ topic = "", data = "", attributes = "", orderingKey = "" }: Record<string, string>) =>
    act(stack, "publish", {
      topic,
      data,
      attributes: jsonOf(attributes || "{}", "Attributes") as Record<string, string>,
      ...(orderingKey && { orderingKey }),
    })} />`;
}

export function CallForm({ stack, of }: FormProps): VNode {
  return html`<${ActionForm} stack=${stack} title="Call a worker" button="Call"
    help="As an account that has run.invoker on it. A pipeline's run is begun by its start function." fields=${[
      choice("worker", "Worker", of),
      { name: "body", label: "JSON body", type: "lines", value: "{}" },
      { name: "path", label: "Path", value: "/" },
    ]} run=${async ({ worker = "", body = "", path = "/" }: Record<string, string>) =>
      act(stack, "call", { worker, body: jsonOf(body || "{}", "The body"), path: path || "/" })} />`;
}

export function ExecuteForm({ stack, of }: FormProps): VNode {
  return html`<${ActionForm} stack=${stack} title="Execute a workflow" button="Execute" fields=${[
    choice("workflow", "Workflow", of),
    { name: "argument", label: "Argument (JSON)", type: "lines", value: "{}" },
  ]} run=${async ({ workflow = "", argument = "" }: Record<string, string>) =>
    act(stack, "execute", { workflow, argument: jsonOf(argument || "null", "The argument") })} />`;
}

export function FireForm({ stack, of }: FormProps): VNode {
  return html`<${ActionForm} stack=${stack} title="Fire a schedule" button="Fire now" fields=${[choice("schedule", "Schedule", of)]}
    run=${async ({ schedule = "" }: Record<string, string>) => act(stack, "fire", { schedule })} />`;
}

export function QueueForm({ stack, of, isPaused }: FormProps & { readonly isPaused?: boolean }): VNode {
  const options = isPaused === undefined ? ["pause", "resume"] : [isPaused ? "resume" : "pause"];
  return html`<${ActionForm} stack=${stack} title="Pause or resume a queue" button="Do it" fields=${[
    choice("queue", "Queue", of),
    choice("what", "What", options),
  ]} run=${async ({ queue = "", what = "" }: Record<string, string>) =>
    act(stack, what === "resume" ? "resume" : "pause", { queue })} />`;
}

export function FailForm({ stack, of }: FormProps): VNode {
  return html`<${ActionForm} stack=${stack} title="Fail the next calls" button="Fail them" fields=${[
    choice("worker", "Worker", of),
    { name: "count", label: "How many", type: "number", value: "1" },
    { name: "status", label: "Status", type: "number", value: "500" },
  ]} run=${async ({ worker = "", count = "1", status = "500" }: Record<string, string>) =>
    act(stack, "fail", { worker, count: Number(count), status: Number(status) })} />`;
}

export function KillForm({ stack, of }: FormProps): VNode {
  return html`<${ActionForm} stack=${stack} title="Kill an instance" button="Kill" help="The busiest one, as if it had crashed."
    fields=${[choice("worker", "Worker", of)]}
    run=${async ({ worker = "" }: Record<string, string>) => act(stack, "kill", { worker })} />`;
}
