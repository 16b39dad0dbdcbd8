import type { CallBegun, CallEvent } from "@cdktf-serverless-ml/emulator";
import type { ConsoleEvent } from "../src";
import { Feed } from "../src/model/feed";
import { ITEMS_IN_FULL, Recording } from "../src/model/recording";
import type { Wires } from "../src/model/stack-map";
import { detailOf } from "../src/model/timeline";

const START = 1_000_000;
const NO_WIRES = {
  named: () => undefined,
  target: () => undefined,
  caller: () => undefined,
  topicOf: () => undefined,
  arrow: () => undefined,
  isDeadLetterTopic: (topic: string) => topic.endsWith("/dead"),
} as unknown as Wires;
const nothing = () => {};

/** A recording that gets made-up events. */
function recording() {
  const made = new Recording(START, NO_WIRES, {
    hop: nothing,
    call: nothing,
    denied: nothing,
    log: nothing,
    item: nothing,
  });
  let number = 0;
  const common = (time: number) => ({ number: ++number, time });
  const begin = (call: number, more: Partial<CallBegun> = {}, time = 0) =>
    made.reader.begin?.({
      ...common(time),
      kind: "begin",
      call,
      caller: "a@p",
      service: "w",
      isWorker: true,
      method: "POST",
      protocol: "rest",
      verb: "POST",
      host: "w.run.app",
      path: "/",
      ...more,
    });
  const end = (call: number, more: Partial<CallEvent> = {}, time = 0) => {
    const { begun } = made.calls.get(call) ?? {};
    if (!begun) return;
    made.reader.call?.({
      ...begun,
      ...common(time),
      kind: "call",
      start: 0,
      duration: time,
      realStart: 0,
      realDuration: 0,
      headers: {},
      replyHeaders: {},
      status: 200,
      ...more,
    });
  };
  const hop = (from: string, what: string, status: string, time = 0, detail?: string) =>
    made.reader.hop?.({ ...common(time), kind: "hop", from, to: "w", what, status, attempt: 1, detail });
  const creates = (item: string, by: { call?: number; item?: string }) =>
    made.reader.made?.({ ...common(0), kind: "made", made: item, ...by });
  return { made, begin, end, hop, creates };
}

test("memory is bounded: of the oldest items lines are left, and their calls are gone", () => {
  const { made, begin, end } = recording();
  for (let call = 1; call <= ITEMS_IN_FULL + 3; call++) {
    begin(call);
    end(call, { body: Buffer.from("body") });
  }
  expect(made.items.size).toBe(ITEMS_IN_FULL);
  expect([...made.old.values()]).toMatchObject([
    { id: "request 1", state: "done", calls: 1, old: true },
    { id: "request 2" },
    { id: "request 3" },
  ]);
  expect([made.calls.has(3), made.calls.has(4), made.calls.size]).toEqual([false, true, ITEMS_IN_FULL]);
});

test("of one item with very many calls the last thousand are kept, and all are counted", () => {
  const { made, begin } = recording();
  for (let call = 1; call <= 1_500; call++) begin(call, { item: "queue q task t" });
  const item = made.items.get("queue q task t");
  expect([item?.callCount, item?.calls.length, made.calls.size]).toEqual([1_500, 1_000, 1_000]);
});

test("how a task ends", () => {
  const { made, begin, end, hop, creates } = recording();
  const state = () => made.items.get("queue q task t")?.state;
  const seen = [];
  begin(1);
  creates("queue q task t", { call: 1 });
  seen.push(state());
  begin(2, { item: "queue q task t", attempt: 1 });
  seen.push(state());
  end(2, { status: 500 });
  hop("queue q", "task t", "500");
  seen.push(state());
  begin(3, { item: "queue q task t", attempt: 2 });
  hop("queue q", "task t", "200");
  seen.push(state());
  hop("queue q", "task t", "DROPPED", 0, "All 5 attempts failed");
  seen.push(state());
  expect(seen).toEqual(["waiting", "running", "retrying", "done", "failed"]);
  expect(made.items.get("queue q task t")).toMatchObject({
    attempts: 2,
    reason: "All 5 attempts failed",
    parent: "request 1",
  });
});

test("a worker that hands a task to a dead letter: the task is dead-lettered, whatever it answers", () => {
  const { made, begin, end, creates, hop } = recording();
  begin(1, { item: "queue q task t" });
  const path = "/v1/projects/p/topics/dead:publish";
  begin(2, { parent: 1, isWorker: false, path });
  creates("message 7", { call: 2 });
  const attributes = { deadLetterReason: "INVALID", deadLetterMessage: "The payload is no JSON" };
  // Longer than what is kept of a body.
  const data = Buffer.alloc(100_000).toString("base64");
  end(2, { body: Buffer.from(JSON.stringify({ messages: [{ data, attributes }] })) });
  hop("queue q", "task t", "200");
  expect(made.items.get("queue q task t")).toMatchObject({
    state: "dead-lettered",
    reason: "The payload is no JSON",
  });
  expect(made.items.get("message 7")).toMatchObject({ parent: "queue q task t" });
});

test("from an upload to an execution: whichever event comes first", () => {
  const { made, begin, creates } = recording();
  begin(1, { isWorker: false });
  // The notification is published before the answer of the upload.
  creates("message 5", { item: "object b/o#1" });
  creates("object b/o#1", { call: 1 });
  begin(2, { item: "subscription s message 5" });
  creates("execution e", { call: 3 });
  begin(3, { parent: 2 });
  creates("execution e", { call: 3 });
  begin(4, { item: "execution e", isWorker: false });
  const item = made.items.get("execution e");
  const ids = item && detailOf(made, item).ancestors.map(({ id }) => id);
  expect(ids).toEqual(["request 1", "object b/o#1", "message 5", "subscription s message 5"]);
  expect(item && made.rootOf(item.id)).toBe("request 1");
  expect(item && detailOf(made, item).family.map(({ id }) => id)).toHaveLength(5);
});

test("a call that one of several requests made is in none of the others", () => {
  const { made, begin } = recording();
  begin(1, { item: "queue q task one" });
  begin(2, { item: "queue q task two" });
  begin(3, { oneOf: [1, 2], isWorker: false });
  expect(made.calls.get(3)?.line()).toMatchObject({ item: "queue q task one", oneOf: [1, 2] });
});

describe("the feed", () => {
  const event = (what: string): ConsoleEvent => ({
    stack: "s",
    kind: "hop",
    hop: { time: 0, from: "a", to: "b", what, status: "200" },
  });

  test("whoever comes back gets what came since, or a gap where that is not kept", () => {
    const feed = new Feed();
    for (let count = 1; count <= 10_001; count++) {
      feed.send(event(String(count)));
      if (count % 1_000 === 0) feed.flush();
    }
    feed.flush();
    const since = (after: number) => {
      let numbers: number[] = [];
      let kinds: string[] = [];
      feed.read((batch) => {
        numbers = batch.map(({ number }) => number);
        kinds = batch.map(({ event: { kind } }) => kind);
      }, after)();
      return [numbers.length, numbers[0], kinds[0]];
    };
    expect(since(9_999)).toEqual([2, 10_000, "hop"]);
    expect(since(1)).toEqual([10_000, 2, "hop"]);
    expect(since(0)).toEqual([1, 10_001, "gap"]);
    expect(since(10_002)).toEqual([1, 10_001, "gap"]);
    feed.stop();
  });

  test("more than 5,000 events at once: the last ones, after a gap", () => {
    const feed = new Feed();
    const kinds: string[] = [];
    feed.read((batch) => kinds.push(...batch.map(({ event: { kind } }) => kind)));
    for (let count = 0; count < 6_000; count++) feed.send(event(String(count)));
    feed.flush();
    expect([kinds.length, kinds[0], kinds[1]]).toEqual([5_001, "gap", "hop"]);
    feed.stop();
  });
});
