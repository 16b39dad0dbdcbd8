import type { Invocation, InvocationResult } from "@cdktf-serverless-ml/emulator";
import { ManualClock } from "../../../emulator/src/core/clock";
import { callId } from "../../src/faults/call";
import { CrashGuard } from "../../src/faults/crasher";
import { DelayedWork } from "../../src/faults/delayed-work";
import { FaultyInvoker } from "../../src/faults/deliveries";
import { callHangs, deliveryFault } from "../../src/faults/schedule";
import type { DeliveryFault } from "../../src/shared/fault-kinds";
import { faultLog, index, SUBSCRIPTION, seedFor, WORKER_URL } from "./support";

const DEADLINE = 300_000;
const TASK = "queue q task t";
const task: Invocation = {
  url: WORKER_URL,
  method: "POST",
  headers: { "X-CloudTasks-QueueName": "q", "X-CloudTasks-TaskName": "t", "X-CloudTasks-TaskRetryCount": "0" },
  body: Buffer.from("{}"),
  deadline: DEADLINE,
};

function message(deliveryAttempt: number): Invocation {
  const body = { message: { messageId: "m" }, subscription: SUBSCRIPTION, deliveryAttempt };
  return {
    ...task,
    headers: { "User-Agent": "CloudPubSub-Google" },
    body: Buffer.from(JSON.stringify(body)),
  };
}

/** @param statuses of the target's answers, the last of them over and over */
function set(seed: number, ...statuses: number[]) {
  const clock = new ManualClock();
  const start = clock.now();
  const delayed = new DelayedWork(clock);
  const crashGuard = new CrashGuard();
  const seen: { at: number; crashPoint?: string; deadline: number; headers: object }[] = [];
  const inner = {
    invoke: async ({ crashPoint, deadline, headers }: Invocation): Promise<InvocationResult> => {
      const status = statuses[seen.length] ?? statuses.at(-1) ?? 200;
      seen.push({ at: clock.now() - start, crashPoint, deadline, headers });
      return { status, headers: {}, body: Buffer.from("done") };
    },
  };
  const log = faultLog();
  const invoker = new FaultyInvoker(inner, { seed, index: index(), crashGuard, delayed, faultLog: log.faultLog });
  return { clock, delayed, crashGuard, seen, invoker, start, ...log };
}

/** A seed that injects this fault into the first attempt for an item, and none into the second. */
const seedOf = (fault: DeliveryFault | undefined, item = TASK) =>
  seedFor(
    (seed) =>
      deliveryFault(seed, item, 1, { isFunction: true }) === fault &&
      deliveryFault(seed, item, 2, { isFunction: true }) === undefined,
  );

test("no fault: the delivery is unchanged and nothing is logged", async () => {
  const { invoker, seen, hops, faultLog: log } = set(seedOf(undefined));
  expect(await invoker.invoke(task)).toMatchObject({ status: 200, body: Buffer.from("done") });
  expect(seen).toEqual([{ at: 0, crashPoint: undefined, deadline: DEADLINE, headers: task.headers }]);
  expect(hops).toEqual([]);
  expect(log).toMatchObject({ attempts: 1, deliveries: 1, faults: {} });
});

test.each([500, 503, 429] as const)("answered %i: the target never sees it", async (status) => {
  const { invoker, seen, hops, faultLog: log } = set(seedOf(`answered ${status}`));
  expect(await invoker.invoke(task)).toMatchObject({ status });
  expect(seen).toEqual([]);
  expect(hops).toEqual([
    { from: "fault", to: WORKER_URL, what: "task t", attempt: 1, status: `answered ${status}`, detail: undefined },
  ]);
  expect(log).toMatchObject({ attempts: 1, deliveries: 0, faults: { [`answered ${status}`]: 1 } });
});

test.each([
  ["crash before the work", "crash-before"],
  ["crash after the work", "crash-after"],
] as const)("%s hits the instance that gets the delivery", async (fault, crashPoint) => {
  const { invoker, seen } = set(seedOf(fault));
  await invoker.invoke(task);
  expect(seen).toMatchObject([{ crashPoint }]);
});

test("answer lost: it is done, and the sender hears of no answer", async () => {
  const { invoker, seen } = set(seedOf("answer lost"));
  expect(await invoker.invoke(task)).toMatchObject({ status: 0, failure: "connection", body: Buffer.alloc(0) });
  expect(seen).toHaveLength(1);
});

test("hang: nothing until the deadline; then it arrives, and the run waits for it", async () => {
  const { invoker, seen, clock, delayed, hops } = set(seedOf("hang"));
  let result: InvocationResult | undefined;
  void invoker.invoke(task).then((given) => {
    result = given;
  });
  await clock.advance(DEADLINE - 1);
  expect([result, seen]).toEqual([undefined, []]);
  expect(delayed.pending).toBe(2);
  await clock.advance(1);
  expect(result).toMatchObject({ status: 0, failure: "deadline" });
  await clock.advance(1_000);
  expect(seen).toHaveLength(1);
  expect(seen[0]?.at).toBeGreaterThanOrEqual(DEADLINE);
  expect(delayed.pending).toBe(0);
  expect(hops.map(({ status }) => status)).toEqual(["hang", "arrives too late: 200"]);
});

test("twice at once: both are real, and the second's answer counts", async () => {
  const { invoker, seen, faultLog: log } = set(seedOf("twice at once"), 200, 503);
  expect(await invoker.invoke(task)).toMatchObject({ status: 503 });
  expect(seen.map(({ at }) => at)).toEqual([0, 0]);
  expect(log).toMatchObject({ attempts: 1, deliveries: 2 });
});

test("again later: only what succeeded, as it was, some time after the answer", async () => {
  const { invoker, seen, clock, delayed, hops } = set(seedOf("again later"));
  expect(await invoker.invoke(task)).toMatchObject({ status: 200 });
  expect(delayed.pending).toBe(1);
  await clock.advance(60_000);
  expect(seen).toHaveLength(2);
  expect(seen[1]?.at).toBeGreaterThanOrEqual(1_000);
  expect(seen[1]?.headers).toEqual(task.headers);
  expect(delayed.pending).toBe(0);
  expect(hops.map(({ status }) => status)).toEqual(["again later", "arrives again: 200"]);

  const failing = set(seedOf("again later"), 500);
  expect(await failing.invoker.invoke(task)).toMatchObject({ status: 500 });
  await failing.clock.advance(60_000);
  expect(failing.seen).toHaveLength(1);
  expect(failing.faultLog.faults).toEqual({});
});

test("delayed: it is delivered later, and has that much less time", async () => {
  const { invoker, seen, clock } = set(seedOf("delayed"));
  const answer = invoker.invoke(task);
  await clock.advance(99);
  expect(seen).toEqual([]);
  await clock.advance(60_000);
  expect(await answer).toMatchObject({ status: 200 });
  expect(seen).toHaveLength(1);
  expect((seen[0]?.at ?? 0) + (seen[0]?.deadline ?? 0)).toBe(DEADLINE);
});

test("the same seed injects the same faults into the same item, whatever else is delivered", async () => {
  const faults = async (seed: number, ids: readonly string[]) => {
    const { invoker, hops, clock } = set(seed, 503);
    for (const id of ids) {
      void invoker.invoke({ ...task, headers: { ...task.headers, "X-CloudTasks-TaskName": id } });
      await clock.advance(DEADLINE + 1_000);
    }
    return hops
      .filter(({ status }) => !status.startsWith("arrives"))
      .map(({ what, attempt, status }) => `${what} ${attempt} ${status}`)
      .sort();
  };
  const ids = Array.from({ length: 40 }, (_, index) => `t${index}`);
  const one = await faults(11, [...ids, ...ids]);
  expect(one.length).toBeGreaterThan(10);
  expect(await faults(11, [...ids, ...[...ids].reverse()])).toEqual(one);
  expect(await faults(12, [...ids, ...ids])).not.toEqual(one);
});

describe("a schedule's request to an API of Google's", () => {
  const execution: Invocation = {
    ...task,
    url: "https://cloudtasks.googleapis.com/v2/projects/p/locations/l/queues/q/tasks",
    headers: { "X-CloudScheduler-JobName": "j", "X-CloudScheduler-ScheduleTime": "2026-01-01T00:00:00Z" },
  };

  test("does not crash; executions of one time are as many items, of which none is attempted for ever", async () => {
    const { invoker, seen, faultLog: log } = set(3);
    for (let count = 0; count < 300; count++) void invoker.invoke(execution);
    await new Promise((resolve) => setImmediate(resolve));
    const faulted = Object.values(log.faults).reduce((sum, count) => sum + count, 0);
    expect(faulted).toBeGreaterThan(75);
    expect(faulted).toBeLessThan(135);
    expect(seen.filter(({ crashPoint }) => crashPoint !== undefined)).toEqual([]);
    expect(log.endless).toBeUndefined();
  });
});

describe("a workflow's call", () => {
  const call: Invocation = {
    url: "https://storage.googleapis.com/storage/v1/b/b/o/r%2F1?alt=media",
    method: "GET",
    headers: { "user-agent": "GoogleCloudWorkflows; (+https://cloud.google.com/workflows/docs)" },
    body: Buffer.alloc(0),
    deadline: 60_000,
  };
  const { host, pathname: path, searchParams: query } = new URL(call.url);
  const id = callId({ ...call, host, path, query });

  test("may hang once: nothing until its timeout, then it arrives all the same", async () => {
    const { invoker, seen, clock, hops, delayed } = set(seedFor((seed) => callHangs(seed, id)));
    let result: InvocationResult | undefined;
    void invoker.invoke(call).then((given) => {
      result = given;
    });
    await clock.advance(59_999);
    expect([result, seen]).toEqual([undefined, []]);
    await clock.advance(1_001);
    expect(result).toMatchObject({ status: 0, failure: "deadline" });
    expect([seen.length, delayed.pending]).toEqual([1, 0]);
    expect(hops).toMatchObject([
      { from: "fault", what: "GET /storage/v1/b/b/o/r/1", status: "call hangs" },
      { from: "fault", what: "GET /storage/v1/b/b/o/r/1", status: "arrives too late: 200" },
    ]);
    expect(await invoker.invoke(call)).toMatchObject({ status: 200 });
  });

  test("is no delivery, and passes as a rule; a function passes always", async () => {
    const { invoker, seen, faultLog: log } = set(seedFor((seed) => !callHangs(seed, id)));
    for (let count = 0; count < 100; count++) await invoker.invoke(call);
    for (let count = 0; count < 100; count++) await invoker.invoke({ ...call, url: `${WORKER_URL}?count=${count}` });
    expect(seen).toHaveLength(200);
    expect(log).toMatchObject({ attempts: 0, deliveries: 0, faults: {} });
  });
});

describe("the last delivery of a message", () => {
  const item = `subscription ${SUBSCRIPTION} message m`;

  test("goes through, and its function gets no faults meanwhile", async () => {
    const seed = seedOf("answer lost", item);
    const early = set(seed);
    expect(await early.invoker.invoke(message(1))).toMatchObject({ failure: "connection" });
    const last = set(seed);
    const crashGuard: boolean[] = [];
    last.seen.push = (...all) => {
      crashGuard.push(last.crashGuard.has("worker"));
      return Array.prototype.push.apply(last.seen, all);
    };
    expect(await last.invoker.invoke(message(5))).toMatchObject({ status: 200 });
    expect([crashGuard, last.crashGuard.has("worker")]).toEqual([[true], false]);
  });

  test("keeps other deliveries from crashing the function", async () => {
    const { invoker, seen, crashGuard, faultLog: log } = set(seedOf("crash after the work"));
    await crashGuard.during("worker", () => invoker.invoke(task));
    expect(seen).toMatchObject([{ crashPoint: undefined }]);
    expect(log.faults).toEqual({});
  });
});

test("an item that is attempted more often than any limit is reported", async () => {
  const { invoker, clock, faultLog: log } = set(1, 500);
  const attempt = async () => {
    void invoker.invoke(task);
    await clock.advance(DEADLINE + 1_000);
  };
  // The worker gives up after 7.
  for (let count = 1; count <= 107; count++) await attempt();
  expect(log.endless).toBeUndefined();
  await attempt();
  expect(log.endless).toEqual({ what: "task t", attempts: 108 });
});

test("nothing is begun once it is stopped", async () => {
  const { invoker, seen, clock, delayed } = set(seedOf("again later"));
  await invoker.invoke(task);
  delayed.stop();
  await clock.advance(60_000);
  expect([seen.length, delayed.pending]).toEqual([1, 0]);
});
