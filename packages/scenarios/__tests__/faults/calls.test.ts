import {
  ApiError,
  ConnectionLost,
  type PublishedMessage,
  type RestReply,
  type RestRequest,
  type RestService,
} from "@cdktf-serverless-ml/emulator";
import { callId } from "../../src/faults/call";
import { FaultyCalls } from "../../src/faults/calls";
import { Crasher, CrashGuard } from "../../src/faults/crasher";
import { FaultyPublishes } from "../../src/faults/publishes";
import { callFault, deadLetterFails, publishFault } from "../../src/faults/schedule";
import type { CallFault } from "../../src/shared/fault-kinds";
import { injectPoison } from "../../src/shared/inject-poison";
import { FLOW, faultLog, index, LETTERS, seedFor, WORKER } from "./support";

function request(method: string, url: string, email?: string, body: object | string = ""): RestRequest {
  const { host, pathname: path, searchParams: query } = new URL(url);
  const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  return { method, host, path, query, headers: {}, body: bytes, caller: { email } };
}

const WRITE = "https://storage.googleapis.com/upload/storage/v1/b/b/o?uploadType=media&ifGenerationMatch=0&name=r%2F1";
const write = (email?: string, port?: number) => ({ ...request("POST", WRITE, email, "content"), port });
/** Of the worker's connection. */
const PORT = 40_000;
const TARGET = { isWrite: true, hasPrecondition: true, isStorage: true, byFunction: true, faults: 0 };
const seedOf = (fault: CallFault) => seedFor((seed) => callFault(seed, callId(write(WORKER)), 1, TARGET) === fault);

function set(seed: number, reply: RestReply = { status: 200, body: {} }) {
  const log = faultLog();
  const seen: RestRequest[] = [];
  const killed: [string, number?][] = [];
  const inner: RestService = {
    hosts: ["storage.googleapis.com"],
    handle: async (given) => {
      seen.push(given);
      return reply;
    },
  };
  const crashGuard = new CrashGuard();
  const crasher = new Crasher(index(), crashGuard, (name, port) => {
    killed.push(port === undefined ? [name] : [name, port]);
    return port === undefined || port === PORT ? 1 : 0;
  });
  const options = { seed, index: index(), crasher, faultLog: log.faultLog };
  return { ...log, inner, seen, killed, crashGuard, crasher, options, calls: new FaultyCalls(options).service(inner) };
}

describe("calls of Google's APIs", () => {
  test.each([
    ["call answered 429", { code: "RESOURCE_EXHAUSTED", http: 429 }, 0],
    ["call answered 500", { code: "INTERNAL", http: 500 }, 0],
    ["call answered 503", { code: "UNAVAILABLE", http: 503 }, 0],
    ["call answered 412", { code: "FAILED_PRECONDITION", http: 412 }, 1],
    ["call reset before", { name: "ConnectionLost" }, 0],
    ["call reset after", { name: "ConnectionLost" }, 1],
  ] as const)("%s", async (fault, error, done) => {
    const { calls, seen, killed, hops } = set(seedOf(fault));
    await expect(calls.handle(write(WORKER))).rejects.toMatchObject(error);
    expect([seen.length, killed]).toEqual([done, []]);
    expect(hops).toEqual([
      {
        from: "fault",
        to: "https://storage.googleapis.com",
        what: "POST /upload/storage/v1/b/b/o r/1",
        attempt: 1,
        status: fault,
        detail: `of ${WORKER}`,
      },
    ]);
  });

  test.each(["call reset after", "caller crashed"] as const)(
    "%s: nothing is heard of a refusal either, but of what is not simulated",
    async (fault) => {
      const { inner, options } = set(seedOf(fault));
      const refusing = (code: "NOT_FOUND" | "UNIMPLEMENTED") =>
        new FaultyCalls(options).service({
          ...inner,
          handle: async () => {
            throw new ApiError(code, "planted");
          },
        });
      await expect(refusing("NOT_FOUND").handle(write(WORKER))).rejects.toThrow(ConnectionLost);
      await expect(refusing("UNIMPLEMENTED").handle(write(WORKER))).rejects.toMatchObject({ http: 501 });
    },
  );

  test("slow call: answered all the same", async () => {
    const { calls, hops } = set(seedOf("slow call"));
    const start = Date.now();
    expect(await calls.handle(write(WORKER))).toMatchObject({ status: 200 });
    expect(Date.now() - start).toBeGreaterThanOrEqual(4);
    expect(hops).toMatchObject([{ status: "slow call", detail: expect.stringMatching(/, \d+ ms of real time$/) }]);
  });

  test.each([
    ["the instance that calls", PORT, [["worker", PORT]]],
    ["all, where it is not known which one calls", PORT + 1, [["worker", PORT + 1], ["worker"]]],
  ])("caller crashed: %s, after the effect, and it hears nothing", async (_, port, kills) => {
    const { calls, seen, killed } = set(seedOf("caller crashed"));
    await expect(calls.handle(write(WORKER, port))).rejects.toThrow(ConnectionLost);
    expect([seen.length, killed]).toEqual([1, kills]);
  });

  test("no fault in a client's call, nor a fourth one in the same call", async () => {
    const { calls, faultLog: log } = set(seedOf("call reset before"));
    for (let count = 0; count < 500; count++) await calls.handle(write("client@p.iam.gserviceaccount.com"));
    await calls.handle(write());
    expect(log.faults).toEqual({});
    for (let count = 0; count < 500; count++) await calls.handle(write(WORKER)).catch(() => {});
    expect(Object.values(log.faults).reduce((sum, each) => sum + each, 0)).toBe(3);
  });

  test("a workflow's calls fail like a function's, and it does not crash", async () => {
    const { calls, killed, faultLog: log } = set(1);
    for (let count = 0; count < 400; count++) {
      await calls.handle(request("POST", `https://storage.googleapis.com/x?count=${count}`, FLOW)).catch(() => {});
    }
    expect(log.faults["call answered 503"]).toBeGreaterThan(0);
    expect([killed, log.faults["caller crashed"]]).toEqual([[], undefined]);
  });

  test("no fault in calls of a function under the crash guard", async () => {
    const { calls, crashGuard, faultLog: log } = set(seedOf("call reset before"));
    await crashGuard.during("worker", () => calls.handle(write(WORKER)));
    expect(log.faults).toEqual({});
  });

  test("calls differ by method, URL, range and body", () => {
    const all = [
      write(),
      request("GET", WRITE),
      request("POST", `${WRITE}2`, undefined, "content"),
      request("POST", WRITE, undefined, "other"),
      { ...write(), headers: { range: "bytes=0-1" } },
    ];
    expect(new Set(all.map(callId)).size).toBe(all.length);
    expect(callId(write(WORKER))).toBe(callId(write(FLOW)));
  });
});

describe("poison", () => {
  const poison = (call: { body: Buffer; caller: string }) =>
    call.caller !== WORKER && call.caller !== FLOW
      ? "fail"
      : call.body.includes("fail")
        ? "fail"
        : call.body.includes("kill")
          ? "kill"
          : undefined;
  const PREDICT = "https://aiplatform.googleapis.com/v1/e:predict";
  const made = (seed = 1) => {
    const all = set(seed);
    const crash = (call: RestRequest) => all.crasher.crash(call);
    const service = injectPoison(all.inner, { poison, index: index(), faultLog: all.faultLog, crash });
    const call = (body: string, email = WORKER) =>
      service.handle({ ...request("POST", PREDICT, email, body), port: PORT });
    return { ...all, call };
  };

  test("fails each time, with a status that is not retried", async () => {
    const { call, seen, killed, faultLog: log } = made();
    for (let count = 0; count < 5; count++) {
      await expect(call("fail")).rejects.toMatchObject({ code: "INTERNAL", http: 500 });
    }
    expect([seen, killed]).toEqual([[], []]);
    expect(log.faults).toEqual({ "poison failed": 5 });
  });

  test("kills each time, before the effect", async () => {
    const { call, seen, killed, faultLog: log } = made();
    for (let count = 0; count < 5; count++) await expect(call("kill")).rejects.toThrow(ConnectionLost);
    expect([seen, killed]).toEqual([[], Array(5).fill(["worker", PORT])]);
    expect(log.faults).toEqual({ "poison killed": 5 });
  });

  test("what is crashGuard, or no process, is not killed; the call fails all the same", async () => {
    const { call, killed, crashGuard, faultLog: log } = made();
    await expect(crashGuard.during("worker", () => call("kill"))).rejects.toThrow(ConnectionLost);
    await expect(call("kill", FLOW)).rejects.toThrow(ConnectionLost);
    expect([killed, log.faults]).toEqual([[], { "poison failed": 2 }]);
  });

  test("everything else passes, and clients are not asked about", async () => {
    const { call, seen } = made();
    expect(await call("good")).toMatchObject({ status: 200 });
    expect(await call("kill", "client@p.iam.gserviceaccount.com")).toMatchObject({ status: 200 });
    expect(seen).toHaveLength(2);
  });
});

describe("publishes", () => {
  const publish = (attributes: Record<string, string>, topic = LETTERS, email = WORKER) =>
    request("POST", `https://pubsub.googleapis.com/v1/${topic}:publish`, email, { messages: [{ attributes }] });
  const failing = seedFor((seed) => deadLetterFails(seed, `${LETTERS} task t`));
  const passing = seedFor((seed) => !deadLetterFails(seed, `${LETTERS} task t`));

  test("a function's dead letter fails once, and is then known by its id", async () => {
    const { options, inner, seen, faultLog: log } = set(failing, { status: 200, body: { messageIds: ["77"] } });
    const service = new FaultyPublishes(options).service(inner);
    const letter = publish({ deadLetterTask: "t", deadLetterReason: "attempts_spent" });
    await expect(service.handle(letter)).rejects.toMatchObject({ code: "INTERNAL", http: 500 });
    expect(seen).toEqual([]);
    expect(await service.handle(letter)).toMatchObject({ status: 200 });
    expect(await service.handle(letter)).toMatchObject({ status: 200 });
    expect(log.faults).toEqual({ "dead letter failed": 1 });
    expect(log.links).toContainEqual(["task t", "message 77"]);
  });

  test("not each one, no other message of a function, and none of other callers", async () => {
    const { options, inner, seen } = set(passing);
    await new FaultyPublishes(options).service(inner).handle(publish({ deadLetterTask: "t" }));
    const service = new FaultyPublishes({ ...options, seed: failing }).service(inner);
    await service.handle(publish({ deadLetterTask: "t" }, "projects/p/topics/other"));
    await service.handle(publish({ deadLetterTask: "t" }, LETTERS, "client@p.iam.gserviceaccount.com"));
    expect(seen).toHaveLength(3);
  });

  const message = (attributes: Record<string, string>): PublishedMessage => ({ data: Buffer.from("d"), attributes });
  const publisherOf = (seed: number) => {
    const all = set(seed);
    const published: PublishedMessage[] = [];
    const publisher = new FaultyPublishes(all.options).publisher({
      publish: async (_caller, _topic, given) => {
        published.push(given);
        return "1";
      },
    });
    return { ...all, published, send: (topic: string, given: PublishedMessage) => publisher.publish({}, topic, given) };
  };

  test("a dead letter that Pub/Sub forwards is unavailable once, whatever number its delivery has", async () => {
    const forwarded = (count: number) =>
      message({
        CloudPubSubDeadLetterSourceDeliveryCount: String(count),
        CloudPubSubDeadLetterSourceSubscription: "s",
      });
    let failed = 0;
    for (let seed = 0; seed < 40; seed++) {
      const { send, published } = publisherOf(seed);
      const first = await send(LETTERS, forwarded(5)).catch((error: ApiError) => error);
      if (first instanceof ApiError) failed++;
      expect(first instanceof ApiError ? first.code : "").toBe(first instanceof ApiError ? "UNAVAILABLE" : "");
      expect(await send(LETTERS, forwarded(6))).toBe("1");
      expect(published).toHaveLength(first instanceof ApiError ? 1 : 2);
    }
    expect(failed).toBeGreaterThan(10);
    expect(failed).toBeLessThan(30);
  });

  const NOTIFIED = "//pubsub.googleapis.com/projects/p/topics/uploads";
  const notification = message({ notificationConfig: "n", eventType: "OBJECT_FINALIZE", objectId: "o" });
  const drawnFor = '["n","OBJECT_FINALIZE","o"]';

  test.each([
    ["publish failed", 0],
    ["publish unanswered", 1],
  ] as const)("%s: the first of a notification", async (fault, done) => {
    const { send, published, hops } = publisherOf(
      seedFor((seed) => publishFault(seed, `projects/p/topics/uploads ${drawnFor}`) === fault),
    );
    await expect(send(NOTIFIED, notification)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(published).toHaveLength(done);
    expect(await send(NOTIFIED, notification)).toBe("1");
    expect(hops).toMatchObject([{ from: "fault", to: "topic uploads", what: "OBJECT_FINALIZE o", status: fault }]);
  });
});
