import type { ItemDetail, ItemLine, TimelineEntry } from "../api-types";
import type { CallRecord } from "./call-record";
import type { Item } from "./item";
import type { Recording } from "./recording";

/** Entries of a timeline, and children of an item, that are shown. */
const MOST = 2_000;
const MOST_CHILDREN = 500;

/** An item from the client to its end. */
export function detailOf(recording: Recording, item: Item): ItemDetail {
  const ancestors = ancestorsOf(recording, item);
  const below = descendantsOf(recording, item);
  const entries = [
    ...ancestors.flatMap(({ item: ancestor, way }) => [
      ...callsOnTheWay(recording, ancestor, way).map(callEntry),
      ...ancestor.decisions.map((decision): TimelineEntry => ({ kind: "decision", decision })),
    ]),
    ...below.flatMap(entriesOf),
    ...waitsOf(item),
  ];
  entries.sort((one, other) => timeOf(one) - timeOf(other) || rank(one) - rank(other));
  return {
    ...recording.lineOf(item),
    ancestors: ancestors.map(({ item: ancestor }) => recording.lineOf(ancestor)),
    children: [...item.children].slice(0, MOST_CHILDREN).flatMap((id) => lineOf(recording, id) ?? []),
    timeline: entries.slice(0, MOST),
    family: familyOf(recording, item),
  };
}

/** All items of one root, oldest first. */
function familyOf(recording: Recording, { id }: Pick<Item, "id">): ItemLine[] {
  const found = [recording.rootOf(id)];
  for (const each of found) {
    for (const child of recording.items.get(each)?.children ?? []) {
      if (found.length < MOST_CHILDREN && !found.includes(child)) found.push(child);
    }
  }
  return found.flatMap((each) => lineOf(recording, each) ?? []).sort((one, other) => one.began - other.began);
}

function lineOf(recording: Recording, id: string): ItemLine | undefined {
  const item = recording.items.get(id);
  return item ? recording.lineOf(item) : recording.old.get(id);
}

/** From the first one to the parent, each with the call that made the next one. */
function ancestorsOf(recording: Recording, item: Item): { item: Item; way?: number }[] {
  const found: { item: Item; way?: number }[] = [];
  const seen = new Set([item]);
  for (let at = item; at.parent !== undefined; ) {
    const parent = recording.items.get(at.parent);
    if (!parent || seen.has(parent)) break;
    seen.add(parent);
    found.unshift({ item: parent, way: at.madeBy });
    at = parent;
  }
  return found;
}

/** The call that made the next item, and those during which it was made. */
function callsOnTheWay(recording: Recording, item: Item, way: number | undefined): CallRecord[] {
  const calls: CallRecord[] = [];
  for (let number = way; number !== undefined; ) {
    const call = recording.calls.get(number);
    if (!call || calls.includes(call)) break;
    calls.unshift(call);
    number = call.begun.parent;
  }
  // An object, and a message, were made by no call of their own.
  return calls.length > 0 ? calls : item.calls.slice(0, 1);
}

function descendantsOf(recording: Recording, item: Item): Item[] {
  const found: Item[] = [item];
  let size = 0;
  for (const each of found) {
    size += each.calls.length + each.hops.length;
    if (size > MOST) break;
    for (const child of each.children) {
      const next = recording.items.get(child);
      if (next && !found.includes(next)) found.push(next);
    }
  }
  return found;
}

function entriesOf(item: Item): TimelineEntry[] {
  return [
    ...item.calls.map(callEntry),
    ...item.calls.flatMap(({ logs }) => logs.map((log): TimelineEntry => ({ kind: "log", log }))),
    ...item.hops.map((hop): TimelineEntry => ({ kind: "hop", hop })),
    ...item.decisions.map((decision): TimelineEntry => ({ kind: "decision", decision })),
    ...item.made.map((made): TimelineEntry => ({ kind: "made", ...made })),
  ];
}

function callEntry(call: CallRecord): TimelineEntry {
  return { kind: "call", call: call.line(), decisions: call.decisions };
}

/** Milliseconds below which a wait is not worth a line. */
const SHORT = 20;

/** Between its creation and its first attempt, and between attempts. */
function waitsOf(item: Item): TimelineEntry[] {
  if (item.kind !== "task" && item.kind !== "delivery") return [];
  const attempts = item.calls.filter(({ begun }) => begun.item === item.id && begun.isWorker);
  return attempts.flatMap((attempt, index): TimelineEntry[] => {
    const before = attempts[index - 1];
    const since = before ? before.time + (before.duration ?? 0) : item.began;
    const duration = attempt.time - since;
    if (duration < SHORT) return [];
    const first = item.kind === "task" ? "for its time, the rate of its queue, or an instance" : "for its subscription";
    const why = before ? `before the next attempt, after ${before.status ?? "no answer"}` : first;
    return [{ kind: "wait", time: since, duration, why }];
  });
}

function timeOf(entry: TimelineEntry): number {
  if (entry.kind === "call") return entry.call.time;
  if (entry.kind === "hop") return entry.hop.time;
  if (entry.kind === "decision") return entry.decision.time;
  if (entry.kind === "log") return entry.log.time;
  return entry.time;
}

/** What happens at one time: a call before what it leads to, a hop at its end. */
function rank({ kind }: TimelineEntry): number {
  return ["wait", "decision", "call", "log", "made", "hop"].indexOf(kind);
}
