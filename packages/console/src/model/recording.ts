import type {
  CallBegun,
  CallEvent,
  DecisionEvent,
  EventReader,
  HopEvent,
  LogEvent,
  MadeEvent,
} from "@cdktf-serverless-ml/emulator";
import type { ArrowState, BoxState, Decision, HopLine, ItemLine, LogLine } from "../api-types";
import { CallRecord, defined } from "./call-record";
import { DELIVERIES_FAILED, reasonOfLetter } from "./dead-letters";
import { Item } from "./item";
import { messageOf, ownerOf } from "./item-id";
import { Pace } from "./pace";
import type { Wires } from "./stack-map";

/** Items that are kept in full. */
export const ITEMS_IN_FULL = 10_000;
/** Items of which a line is kept. */
const OLD_LINES = 100_000;
/** Bytes of bodies that are kept. */
const BODIES = 256 * 1024 * 1024;
const LOGS_OF_A_WORKER = 200;
/** Objects whose makers are remembered though no item of theirs is kept. */
const MAKERS = 20_000;

/** Gets what changes, as it does. */
export interface Changes {
  hop(hop: HopLine): void;
  call(call: CallRecord): void;
  denied(decision: Decision): void;
  log(log: LogLine): void;
  item(id: string): void;
}

type Counts = { -readonly [K in keyof ArrowState]: ArrowState[K] };
type BoxCounts = { calls: number; errors: number; denied: number };

/** What happened in a run, by items and by calls. Its memory is bounded. */
export class Recording {
  readonly reader: EventReader = {
    begin: (event) => this.begin(event),
    call: (event) => this.end(event),
    decision: (event) => this.decision(event),
    made: (event) => this.made(event),
    hop: (event) => this.hop(event),
    log: (event) => this.log(event),
  };
  readonly items = new Map<string, Item>();
  /** Oldest first. */
  readonly old = new Map<string, ItemLine>();
  readonly calls = new Map<number, CallRecord>();
  readonly arrows = new Map<string, Counts>();
  readonly boxes = new Map<string, BoxCounts>();
  readonly logs = new Map<string, LogLine[]>();
  private readonly paces = new Map<string, Pace>();
  denials = 0;
  callCount = 0;
  /** Number of the last call that began. */
  lastCall = 0;
  failures = 0;
  private readonly makers = new Map<string, { readonly item?: string; readonly call?: number }>();
  private bodies = 0;
  private readonly withBodies = new Set<CallRecord>();

  /** @param start milliseconds since 1970 at which the run began, by its clock */
  constructor(
    private readonly start: number,
    private readonly wires: Wires,
    private readonly changes: Changes,
  ) {}

  /** The first ancestor of an item. */
  rootOf(id: string): string {
    const seen = new Set<string>();
    for (let at = id; ; ) {
      seen.add(at);
      const parent = this.items.get(at)?.parent ?? this.old.get(at)?.parent;
      if (parent === undefined || seen.has(parent)) return at;
      at = parent;
    }
  }

  /** The first call after one, that a client made, which is what is looked for. */
  firstAfter(call: number, isIt: (begun: CallBegun) => boolean): CallRecord | undefined {
    for (let number = call + 1; number <= this.lastCall; number++) {
      const found = this.calls.get(number);
      if (found && found.begun.parent === undefined && found.begun.oneOf === undefined && isIt(found.begun))
        return found;
    }
    return undefined;
  }

  lineOf(item: Item): ItemLine {
    return item.line(this.rootOf(item.id));
  }

  private begin(event: CallBegun): void {
    this.callCount++;
    this.lastCall = event.call;
    const item = this.itemOf(event);
    const call = new CallRecord(event, item.id, this.start + event.time);
    call.from = this.boxFrom(event);
    call.to = event.isWorker
      ? this.wires.named(`worker ${event.service}`)
      : this.wires.target(event.method, event.path);
    this.calls.set(event.call, call);
    for (const { call: number } of item.addCall(call)) this.forget(number);
    if (event.item !== undefined && event.isWorker) {
      item.attempts = Math.max(item.attempts + 1, event.attempt ?? 0);
      item.state = "running";
      item.denial = undefined;
      item.ended = undefined;
      item.box = call.to;
    }
    this.changes.call(call);
    this.changes.item(item.id);
  }

  private end(event: CallEvent): void {
    const call = this.calls.get(event.call);
    if (!call) return;
    call.end(event);
    this.keepBodies(call);
    const failed = hasFailed(event);
    const arrow = this.wires.arrow(call.from, call.to);
    if (arrow !== undefined) this.count(arrow, failed);
    if (call.to !== undefined) {
      const counts = this.boxCounts(call.to);
      counts.calls++;
      if (failed) counts.errors++;
      const isRefused = call.decisions.some(({ allowed }) => !allowed);
      if (event.isWorker) this.paceOf(call.to).add(event, failed, call.time, isRefused);
    }
    const item = this.items.get(call.item);
    if (item?.isDeadLettered && !failed && this.deadLetterTopic(call) !== undefined) item.giveUp(letterReason(event));
    // What a client asks for ends with the answer.
    if (item?.kind === "request" && item.calls[0] === call) {
      item.end(failed ? "failed" : "done", this.start + event.time, failed ? reasonOf(event) : undefined);
    }
    this.changes.call(call);
    this.changes.item(call.item);
  }

  private decision(event: DecisionEvent): void {
    const { kind, number, item: about, time, ...rest } = event;
    const decision: Decision = { time: this.start + time, ...rest };
    const call = event.call === undefined ? undefined : this.calls.get(event.call);
    const item = call ? this.items.get(call.item) : about === undefined ? undefined : this.ensure(about, time);
    if (call) call.decisions.push(decision);
    else item?.decisions.push(decision);
    if (event.allowed) return;
    this.denials++;
    this.failures++;
    if (item) {
      item.denied++;
      // It may be that of another request.
      if (call?.begun.oneOf === undefined) item.denial = decision;
      this.changes.item(item.id);
    }
    const box = call?.from ?? this.wires.caller(event.email);
    if (box !== undefined) this.boxCounts(box).denied++;
    this.changes.denied(decision);
  }

  private made({ made, call, item, time }: MadeEvent): void {
    const by = call === undefined ? undefined : this.calls.get(call);
    const maker = by?.item ?? (item === undefined ? undefined : this.ensure(item, time).id);
    if (maker !== undefined) {
      this.items.get(maker)?.made.push({ time: this.start + time, made, ...defined({ call }) });
    }
    if (by && this.deadLetterTopic(by) !== undefined && maker !== undefined) {
      const failed = this.items.get(maker);
      if (failed) failed.isDeadLettered = true;
      this.failures++;
    }
    // An object is an item only if something comes of it.
    if (made.startsWith("object ") && !this.items.has(made)) {
      this.makers.set(made, { item: maker, call });
      if (this.makers.size > MAKERS) this.makers.delete(this.makers.keys().next().value as string);
      return;
    }
    this.childOf(this.ensure(made, time), maker, call);
  }

  private hop(event: HopEvent): void {
    const { kind, number, time, ...rest } = event;
    const hop: HopLine = { time: this.start + time, ...rest };
    this.changes.hop(hop);
    const { from, to, what, status, detail = "" } = event;
    const id = [`${from} ${what}`, what, /\bexecution \S+/.exec(detail)?.[0], /\bmessage \d+/.exec(detail)?.[0]].find(
      (each) => each !== undefined && this.items.has(each),
    );
    const item = id === undefined ? undefined : this.items.get(id);
    const failed = isFailure(status);
    // Deliveries of Google's own services that are no call.
    if (/^bucket /.test(from)) this.countBetween(this.wires.named(from), this.wires.named(to), failed);
    if (!item) return;
    item.addHop(hop);
    this.settle(item, hop, failed);
    this.changes.item(item.id);
  }

  /** What a hop says about the state of an item. */
  private settle(item: Item, { time, from, what, status, detail }: HopLine, failed: boolean): void {
    const reason = detail ?? status;
    if (item.kind === "execution") {
      if (/^(SUCCEEDED|CANCELLED|FAILED)/.test(status)) {
        if (failed) this.failures++;
        item.end(failed ? "failed" : "done", time, failed ? status : undefined);
      }
      return;
    }
    if (item.kind === "message") {
      if (status === "LOST") item.end("failed", time, reason);
      return;
    }
    if (item.id !== `${from} ${what}`) return;
    if (status === "DROPPED" || status === "SKIPPED") {
      this.failures++;
      item.end("failed", time, reason);
    } else if (status === "DEAD_LETTERED") {
      this.failures++;
      item.end("dead-lettered", time);
      item.reason ??= DELIVERIES_FAILED;
    } else if (failed) item.end(item.kind === "schedule" ? "failed" : "retrying", time, reason);
    else item.end("done", time);
  }

  private log({ kind, number, time, ...rest }: LogEvent): void {
    const line: LogLine = { time: this.start + time, ...rest };
    const lines = this.logs.get(line.worker) ?? [];
    this.logs.set(line.worker, lines);
    lines.push(line);
    if (lines.length > LOGS_OF_A_WORKER) lines.shift();
    for (const number of line.call === undefined ? (line.oneOf ?? []) : [line.call])
      this.calls.get(number)?.addLog(line);
    this.changes.log(line);
  }

  /** The item that a call belongs to: that which it delivers, that of its parent, or a new one. */
  private itemOf({ item, parent, oneOf = [], call, time, verb, host, path, service, isWorker }: CallBegun): Item {
    if (item !== undefined) return this.ensure(item, time);
    for (const number of parent === undefined ? oneOf : [parent]) {
      const found = this.items.get(this.calls.get(number)?.item ?? "");
      if (found) return found;
    }
    const made = this.ensure(`request ${call}`, time);
    made.title = `${verb} ${isWorker ? service : host.replace(/\.googleapis\.com$/, "")}${decode(path.replace(/\?.*/, ""))}`;
    return made;
  }

  private ensure(id: string, time: number): Item {
    const known = this.items.get(id);
    if (known) return known;
    const item = new Item(id, this.start + time);
    this.items.set(id, item);
    item.box = this.wires.named(ownerOf(id) ?? "");
    const message = messageOf(id);
    if (message !== undefined) {
      this.childOf(item, this.ensure(message, time).id);
      const subscription = ownerOf(id);
      const to = this.wires.named(subscription ?? "");
      this.countBetween(this.wires.topicOf(subscription?.replace("subscription ", "") ?? ""), to, false);
    }
    const maker = this.makers.get(id);
    if (maker) this.childOf(item, maker.item, maker.call);
    if (this.items.size > ITEMS_IN_FULL) this.makeRoom();
    return item;
  }

  /** A request that somebody sent again belongs to the item that it was at first. */
  replayed(again: string, first: string): void {
    const item = this.items.get(again);
    if (item) this.childOf(item, first);
  }

  private childOf(item: Item, parent: string | undefined, call?: number): void {
    if (parent === undefined || parent === item.id || item.parent !== undefined) return;
    item.parent = parent;
    item.madeBy = call;
    this.items.get(parent)?.children.add(item.id);
    this.changes.item(item.id);
  }

  private boxFrom({ item, caller }: CallBegun): string | undefined {
    return this.wires.named(ownerOf(item ?? "") ?? "") ?? this.wires.caller(caller);
  }

  private countBetween(from: string | undefined, to: string | undefined, failed: boolean): void {
    const arrow = this.wires.arrow(from, to);
    if (arrow !== undefined) this.count(arrow, failed);
  }

  private count(arrow: string, failed: boolean): void {
    const counts = this.arrows.get(arrow) ?? { count: 0, failed: 0 };
    this.arrows.set(arrow, counts);
    counts.count++;
    if (failed) counts.failed++;
  }

  private deadLetterTopic({ begun: { path } }: CallRecord): string | undefined {
    const topic = /\/(projects\/[^/]+\/topics\/[^/:]+):publish$/.exec(decode(path))?.[1];
    return topic !== undefined && this.wires.isDeadLetterTopic(topic) ? topic : undefined;
  }

  private paceOf(box: string): Pace {
    const pace = this.paces.get(box) ?? new Pace();
    this.paces.set(box, pace);
    return pace;
  }

  private boxCounts(box: string): BoxCounts {
    const counts = this.boxes.get(box) ?? { calls: 0, errors: 0, denied: 0 };
    this.boxes.set(box, counts);
    return counts;
  }

  /** Of the oldest item a line is left. */
  private makeRoom(): void {
    const [oldest] = this.items.values();
    if (!oldest) return;
    this.old.set(oldest.id, { ...this.lineOf(oldest), old: true });
    this.items.delete(oldest.id);
    for (const { call } of oldest.calls) this.forget(call);
    if (this.old.size > OLD_LINES) this.old.delete(this.old.keys().next().value as string);
  }

  private forget(number: number): void {
    const call = this.calls.get(number);
    if (!call) return;
    this.calls.delete(number);
    if (this.withBodies.delete(call)) this.bodies -= call.bytes;
  }

  private keepBodies(call: CallRecord): void {
    if (call.bytes === 0) return;
    this.withBodies.add(call);
    this.bodies += call.bytes;
    for (const oldest of this.withBodies) {
      if (this.bodies <= BODIES) return;
      this.bodies -= oldest.bytes;
      oldest.dropBodies();
      this.withBodies.delete(oldest);
    }
  }

  /** Of a box, for its state. */
  countsOf(box: string): BoxState {
    const { calls = 0, errors = 0, denied = 0 } = this.boxes.get(box) ?? {};
    return {
      ...(calls > 0 && { calls }),
      ...(errors > 0 && { errors }),
      ...(denied > 0 && { denied }),
      ...this.paces.get(box)?.state(),
    };
  }
}

interface PublishRequest {
  readonly messages?: readonly { readonly attributes?: Readonly<Record<string, string>> }[];
}

/** The sentence of the letter that a call has published. */
function letterReason({ body }: CallEvent): string | undefined {
  if (body === undefined) return undefined;
  const isText = typeof body === "string" || Buffer.isBuffer(body);
  // Pub/Sub has taken it, so it is JSON.
  const { messages }: PublishRequest = isText ? JSON.parse(body.toString()) : body;
  return reasonOfLetter(messages?.[0]?.attributes ?? {});
}

/** An API that says that there is nothing, or that a precondition does not hold, has answered. */
function hasFailed({ status, isWorker }: Pick<CallEvent, "status" | "isWorker">): boolean {
  return status === 0 || (isWorker ? status >= 400 : [400, 401, 403, 429].includes(status) || status >= 500);
}

function isFailure(status: string): boolean {
  return /^[345]\d\d|^0$|fail|lost|denied|deadline|connection|cancel|unavailable|dropped|not_dead/i.test(status);
}

function reasonOf({ status, code, message }: CallEvent): string {
  return message ?? code ?? (status === 0 ? "no answer" : String(status));
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
