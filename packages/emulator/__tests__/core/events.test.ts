import { ApiError } from "../../src/core/api-error";
import { Calls, endingOf } from "../../src/core/calls";
import { ManualClock } from "../../src/core/clock";
import { pathWithoutCredentials, withoutCredentials } from "../../src/core/credentials";
import { EventStream } from "../../src/core/event-stream";
import type { CallBegun, CallEvent, EventKind, Events } from "../../src/core/events";
import { Log } from "../../src/core/log";

const ARRIVAL = {
  service: "Cloud Storage",
  isWorker: false,
  method: "storage.objects.get",
  protocol: "rest",
  verb: "GET",
  host: "storage.googleapis.com",
  path: "/storage/v1/b/b/o/o?alt=media&access_token=ya29.secret",
  caller: "worker@p",
  headers: { authorization: "Bearer ya29.secret", "user-agent": "test" },
} as const;

function recorded(servedAt: (port: number) => readonly number[] = () => []) {
  const clock = new ManualClock();
  const events = new EventStream(clock);
  const calls = new Calls(events, servedAt);
  const begun: CallBegun[] = [];
  const ended: CallEvent[] = [];
  const stop = events.subscribe({ begin: (event) => begun.push(event), call: (event) => ended.push(event) });
  return { clock, events, calls, begun, ended, stop };
}

test("events have a number over all kinds, and the time since the run began", async () => {
  const clock = new ManualClock();
  await clock.advance(5_000);
  const events = new EventStream(clock);
  const seen: Events[EventKind][] = [];
  const keep = (event: Events[EventKind]) => seen.push(event);
  events.subscribe({ hop: keep, made: keep });
  await clock.advance(10);
  events.hop({ from: "a", to: "b", what: "w", status: "200" });
  events.made("message 1", { email: "a", item: "object b/o#1" });
  expect(seen).toEqual([
    { kind: "hop", number: 1, time: 10, from: "a", to: "b", what: "w", status: "200" },
    { kind: "made", number: 2, time: 10, made: "message 1", item: "object b/o#1" },
  ]);
});

test("a reader that has left, and a run that has ended, get nothing", () => {
  const { events, calls, begun, stop } = recorded();
  calls.begin(() => ARRIVAL);
  stop();
  expect(calls.wanted).toBe(false);
  expect(calls.begin(() => ARRIVAL)).toBeUndefined();
  const more: unknown[] = [];
  events.subscribe({ call: (event) => more.push(event) });
  const call = calls.begin(() => ARRIVAL);
  events.end();
  call?.end({ status: 200 });
  expect([begun.length, more.length]).toEqual([1, 0]);
});

test("nobody reads calls: what arrives is not even looked at", () => {
  const events = new EventStream(new ManualClock());
  const calls = new Calls(events, () => []);
  events.subscribe({ hop: () => {}, log: () => {} });
  const arrival = jest.fn(() => ARRIVAL);
  expect(calls.begin(arrival)).toBeUndefined();
  expect(arrival).not.toHaveBeenCalled();
});

test("a call: what came, what was answered and how long it took, without tokens", async () => {
  const { clock, calls, begun, ended } = recorded();
  await clock.advance(7);
  const call = calls.begin(() => ({ ...ARRIVAL, item: "queue q task t", attempt: 2, body: Buffer.from("in") }));
  expect(begun).toMatchObject([{ kind: "begin", call: 1, item: "queue q task t", attempt: 2, caller: "worker@p" }]);
  await clock.advance(30);
  call?.end({ status: 200, reply: { out: 1 }, headers: { "Set-Cookie": "a=secret", "Content-Type": "text/plain" } });
  expect(ended).toMatchObject([
    {
      call: 1,
      start: 7,
      duration: 30,
      status: 200,
      path: "/storage/v1/b/b/o/o?alt=media",
      headers: { "user-agent": "test" },
      replyHeaders: { "content-type": "text/plain" },
      body: Buffer.from("in"),
      reply: { out: 1 },
    },
  ]);
  expect(JSON.stringify([begun, ended])).not.toContain("secret");
});

test("the value of a secret is withheld", () => {
  const { calls, ended } = recorded();
  const method = "google.cloud.secretmanager.v1.SecretManagerService/AccessSecretVersion";
  calls.begin(() => ({ ...ARRIVAL, method }))?.end({ status: 200, reply: { payload: { data: "c2VjcmV0" } } });
  expect(ended[0]?.reply).toEqual({ withheld: "the value of a secret" });
});

test("how a call ends that throws: an error of an API, or no answer", () => {
  expect(endingOf(new ApiError("FAILED_PRECONDITION", "why", 412))).toMatchObject({
    status: 412,
    code: "FAILED_PRECONDITION",
    message: "why",
  });
  expect(endingOf(new Error("lost"))).toEqual({ status: 0, message: "lost" });
});

describe("during which call of a worker a call is made", () => {
  const parents = ({ parent, oneOf }: Partial<CallBegun> = {}) => ({ parent, oneOf });

  test("the instance that opened the connection serves one request: that one", () => {
    const { calls, begun } = recorded((port) => (port === 4711 ? [8] : []));
    calls.begin(() => ({ ...ARRIVAL, port: 4711 }));
    calls.begin(() => ({ ...ARRIVAL, port: 1 }));
    calls.begin(() => ARRIVAL);
    expect(begun.map(parents)).toEqual([{ parent: 8 }, {}, {}]);
  });

  test("it serves several: one of these, unless the trace says which", () => {
    const { calls, begun } = recorded(() => [8, 9]);
    const span = "00f067aa0ba902b7";
    const traceparent = `00-4bf92f3577b34da6a3ce929d0e0e4736-${span}-00`;
    calls.trace(9, traceparent);
    calls.begin(() => ({ ...ARRIVAL, port: 1 }));
    calls.begin(() => ({ ...ARRIVAL, port: 1, headers: { traceparent } }));
    calls.begin(() => ({ ...ARRIVAL, port: 1, headers: { traceparent: "of somebody else" } }));
    expect(begun.map(parents)).toEqual([{ oneOf: [8, 9] }, { parent: 9 }, { oneOf: [8, 9] }]);
    expect([calls.withSpan(span), calls.withSpan("0000000000000001"), calls.withSpan(undefined)]).toEqual([
      9,
      undefined,
      undefined,
    ]);
  });

  test("traces are remembered for the last 10,000 calls of workers", () => {
    const { calls } = recorded();
    const span = (call: number) => call.toString(16).padStart(16, "0");
    for (let call = 1; call <= 10_001; call++) calls.trace(call, `00-${"a".repeat(32)}-${span(call)}-00`);
    expect([calls.withSpan(span(1)), calls.withSpan(span(2))]).toEqual([undefined, 2]);
  });
});

test("credentials in headers, in any case, and in queries", () => {
  expect(
    withoutCredentials({ Authorization: "a", COOKIE: "a", "x-serverless-authorization": "a", "X-Goog-Meta-a": "b" }),
  ).toEqual({ "x-goog-meta-a": "b" });
  expect(
    ["/a", "/a?b=1", "/a?access_token=s", "/a?b=1&key=s&upload_id=s", "/a?b=x%26key=1"].map(pathWithoutCredentials),
  ).toEqual(["/a", "/a?b=1", "/a", "/a?b=1", "/a?b=x%26key%3D1"]);
});

test("a line of a log knows what its process served when it wrote it", () => {
  const lines: [string, readonly number[]][] = [];
  const log = new Log(({ message }, serving) => lines.push([message, serving]));
  let serving: readonly number[] = [];
  const [one, other] = [log.of(() => serving), log.of(() => [9])];
  one.write("before");
  serving = [3, 4];
  one.write('{"message":"structured"}');
  other.write("another process");
  log.write("the service");
  expect(lines).toEqual([
    ["before", []],
    ["structured", [3, 4]],
    ["another process", [9]],
    ["the service", []],
  ]);
  expect(log.tail(2)).toBe("another process\nthe service");
});
