import { redriveWorker } from "@cdktf-serverless-ml/scenarios";
import type { StackResource } from "@cdktf-serverless-ml/terraform-json";
import type {
  Actions,
  CallDetail,
  ConsoleEvent,
  ItemDetail,
  ItemKind,
  ItemLine,
  ItemList,
  ItemState,
  ResourceDetail,
  StackDetail,
  StackState,
  StackSummary,
} from "../api-types";
import { NotFound } from "../errors";
import type { CallRecord } from "./call-record";
import type { Item } from "./item";
import type { OpenedStack } from "./opened-stack";
import { PendingChanges } from "./pending-changes";
import { Recording } from "./recording";
import { Wires } from "./stack-map";
import { StateReader } from "./state";
import { detailOf } from "./timeline";
import { bindingsOf } from "./views";

/** Milliseconds between events of the state, at least. */
const STATE_EVERY = 250;
const LAST_ITEMS = 50;

export interface ItemQuery {
  /** An id, or a text in a payload or a log line. */
  readonly q?: string;
  readonly kind?: ItemKind;
  readonly state?: ItemState;
  /** Only those that nothing made. @default false */
  readonly root?: boolean;
  readonly limit: number;
  /** Id of an item: only older ones. */
  readonly before?: string;
}

/** One stack that runs: what is known of it. */
export class StackSession {
  readonly recording: Recording;
  private readonly changes: PendingChanges;
  private readonly reader: StateReader;
  private readonly unsubscribe: () => void;
  private lastState = "";
  private stateAt = 0;
  private lastSummary = "";

  private readonly submitted = new Set<string>();
  private lastRedrive: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly opened: OpenedStack,
    readonly wires: Wires,
  ) {
    const { running } = opened;
    const { events, clock } = running.parts;
    this.changes = new PendingChanges(this.name, (id) => this.itemEvent(id));
    this.recording = new Recording(clock.now() - events.now(), wires, this.changes);
    this.reader = new StateReader(opened, this.recording, wires);
    this.unsubscribe = events.subscribe(this.recording.reader);
  }

  static async open(opened: OpenedStack): Promise<StackSession> {
    return new StackSession(opened, await Wires.of(opened.running.stack));
  }

  get name(): string {
    return this.opened.running.stack.name;
  }

  /** A name that nothing was submitted under: stacks refuse to replace what went in. */
  freshName(name: string): string {
    const dot = name.lastIndexOf(".");
    const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
    let fresh = name;
    for (let count = 2; name !== "" && this.submitted.has(fresh); count++) fresh = `${stem}-${count}${extension}`;
    this.submitted.add(fresh);
    return fresh;
  }

  /** Letters are put back by one action at a time: each waits for those before it. */
  oneRedrive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.lastRedrive.then(work);
    this.lastRedrive = result.catch(() => {});
    return result;
  }

  close(): void {
    this.unsubscribe();
  }

  /** What has happened since it was last asked. */
  take(): ConsoleEvent[] {
    const events = this.changes.take();
    const state = this.changedState();
    const summary = this.changedSummary();
    return [...events, ...(state ? [state] : []), ...(summary ? [summary] : [])];
  }

  summary(): StackSummary {
    const { scenario } = this.opened;
    return {
      name: this.name,
      ...(scenario && { pattern: scenario.name }),
      state: "running",
      failures: this.recording.failures,
    };
  }

  detail(): StackDetail {
    const { running, notices } = this.opened;
    const { defaults, outputs } = running.stack;
    return {
      ...this.summary(),
      project: defaults.project,
      region: defaults.region,
      outputs,
      map: this.wires.map,
      current: this.state(),
      actions: this.actions(),
      notices,
    };
  }

  state(): StackState {
    return this.reader.state();
  }

  /** @throws NotFound */
  resource(address: string): ResourceDetail {
    const { running } = this.opened;
    const resource = running.index.at(address);
    if (!resource) throw new NotFound(`There is no resource ${address}`);
    const box = this.wires.at(address);
    const name = String(resource.attributes.name);
    const items = [...this.recording.items.values()].filter((item) => box !== undefined && touches(item, box));
    return {
      address,
      type: resource.type,
      ...(box !== undefined && { box }),
      attributes: resource.attributes,
      state: (box && this.state().boxes[box]) || {},
      items: items
        .slice(-LAST_ITEMS)
        .reverse()
        .map((item) => this.line(item)),
      logs: [...(this.recording.logs.get(name) ?? [])].reverse(),
      bindings: bindingsOf(running).filter((binding) => isOn(binding.resource, resource)),
    };
  }

  items({ q, kind, state, root = false, limit, before }: ItemQuery): ItemList {
    const newest = [...this.recording.items.values()].reverse().map((item) => this.line(item));
    const all = [...newest, ...[...this.recording.old.values()].reverse()];
    const matching = all.filter(
      (line) =>
        (kind === undefined || line.kind === kind) &&
        (state === undefined || line.state === state) &&
        (!root || line.parent === undefined) &&
        (q === undefined || this.contains(line, q)),
    );
    const start = before === undefined ? 0 : matching.findIndex(({ id }) => id === before) + 1;
    const items = matching.slice(start, start + limit);
    const last = start + limit < matching.length ? items.at(-1)?.id : undefined;
    return { items, total: matching.length, ...(last !== undefined && { next: last }) };
  }

  /** @throws NotFound */
  item(id: string): ItemDetail {
    const item = this.recording.items.get(id);
    if (item) return { ...detailOf(this.recording, item), title: this.line(item).title };
    const old = this.recording.old.get(id);
    if (!old) throw new NotFound(`There is no item ${id}`);
    return { ...old, ancestors: [], children: [], timeline: [], family: [old] };
  }

  /** @throws NotFound */
  call(number: number): CallRecord {
    const call = this.recording.calls.get(number);
    if (!call) throw new NotFound(`There is no call ${number}, or it is no longer kept`);
    return call;
  }

  callDetail(number: number): CallDetail {
    return this.call(number).detail();
  }

  private actions(): Actions {
    const { running, scenario, input } = this.opened;
    const names = (type: string) => running.named(type).map(({ attributes }) => String(attributes.name));
    return {
      workers: running.index.workers().map(({ name }) => name),
      queues: names("google_cloud_tasks_queue"),
      topics: names("google_pubsub_topic"),
      buckets: names("google_storage_bucket"),
      schedules: running.schedules(),
      workflows: names("google_workflows_workflow"),
      bindings: bindingsOf(running),
      ...(scenario && input && { sample: { name: input.name, takes: scenario.takes } }),
      redrive: redriveWorker(running.index) !== undefined,
    };
  }

  private line(item: Item): ItemLine {
    const line = this.recording.lineOf(item);
    const mark = item.id.replace(/#\d+$/, "").split(/[ ]/).at(-1) ?? "";
    const name = this.reader.nameOf(mark) ?? this.reader.nameOf(mark.slice(mark.indexOf("/") + 1));
    return name === undefined || name === mark ? line : { ...line, title: `${line.title} (${name})` };
  }

  private contains({ id, title }: ItemLine, q: string): boolean {
    if (id.includes(q) || title.includes(q)) return true;
    const calls = this.recording.items.get(id)?.calls ?? [];
    return calls.some(
      ({ request, reply, logs, begun }) =>
        request?.bytes.includes(q) ||
        reply?.bytes.includes(q) ||
        begun.path.includes(q) ||
        logs.some(({ message }) => message.includes(q)),
    );
  }

  private itemEvent(id: string): ConsoleEvent | undefined {
    const item = this.recording.items.get(id);
    return item && { stack: this.name, kind: "item", item: this.line(item) };
  }

  private changedState(): ConsoleEvent | undefined {
    if (Date.now() - this.stateAt < STATE_EVERY) return undefined;
    this.stateAt = Date.now();
    const state = this.state();
    // Time alone is no change.
    const text = JSON.stringify({ ...state, now: 0 });
    if (text === this.lastState) return undefined;
    this.lastState = text;
    return { stack: this.name, kind: "state", state };
  }

  private changedSummary(): ConsoleEvent | undefined {
    const summary = this.summary();
    const text = JSON.stringify(summary);
    if (text === this.lastSummary) return undefined;
    this.lastSummary = text;
    return { stack: this.name, kind: "stack", summary };
  }
}

function touches(item: Item, box: string): boolean {
  return item.box === box || item.calls.some(({ from, to }) => from === box || to === box);
}

/** Whether a binding's full resource name is that of a resource. */
function isOn(fullName: string, { attributes }: StackResource): boolean {
  const own = String(attributes.email ?? attributes.name);
  return fullName.endsWith(`/${own}`);
}
