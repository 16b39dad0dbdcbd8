import { ConnectionLost } from "../../src/core/api-error";
import { ManualClock } from "../../src/core/clock";
import { Bench, json } from "./support";

// Instances: how many, for how long, and what happens when they hang or crash. Time is the clock's;
// the processes are real.

/** Answers at once with the process's id, or does what the path says. */
const CODE = `
let held = [];
exports.handler = async (req, res) => {
  if (req.path === "/hold") { await new Promise((resolve) => held.push(resolve)); }
  if (req.path === "/let-go") { for (const each of held) each(); held = []; }
  if (req.path === "/crash") { console.log("about to crash"); process.exit(7); }
  if (req.path === "/kill") { process.kill(process.pid, "SIGKILL"); }
  if (req.path === "/drop") { return req.socket.destroy(); }
  if (req.path === "/ask") {
    const asked = require("node:https").get("https://storage.googleapis.com/");
    await new Promise((resolve) => asked.once("response", resolve).once("error", resolve));
  }
  res.json({ pid: process.pid, held: held.length });
};`;

const benches: Bench[] = [];
async function start(service: Record<string, unknown>, clock = new ManualClock(), maxProcesses = 4) {
  const bench = await new Bench({ f: { code: CODE, service } }, { clock, maxProcesses }).start();
  benches.push(bench);
  return { bench, clock, call: (path: string, deadline = 1_800_000) => bench.call("f", path, { deadline }) };
}
afterEach(async () => {
  await Promise.all(benches.splice(0).map((bench) => bench.stop()));
});

/** Waits until requests are really held by the function, which only it knows. */
async function heldBy(call: (path: string) => Promise<{ body: Buffer }>, count: number): Promise<void> {
  while (JSON.parse((await call("/")).body.toString()).held < count)
    await new Promise((resolve) => setTimeout(resolve, 5));
}

test("a request that takes too long gets 504; its instance goes on", async () => {
  const { clock, call } = await start({ timeout_seconds: 60, max_instance_request_concurrency: 4 });
  const { pid } = json(await call("/"));
  const hanging = call("/hold");
  await heldBy(call, 1);
  await clock.advance(59_999);
  await clock.advance(1);
  const reply = await hanging;
  expect([reply.status, reply.failure]).toEqual([504, undefined]);
  expect(json(await call("/"))).toEqual({ pid, held: 1 });
});

test("the caller may give up sooner: no answer, and the instance is still busy", async () => {
  const { bench, clock, call } = await start({ timeout_seconds: 60, max_instance_request_concurrency: 4 });
  const hanging = call("/hold", 10_000);
  await heldBy(call, 1);
  await clock.advance(10_000);
  expect(await hanging).toMatchObject({ status: 0, failure: "deadline" });
  expect(bench.host.pending()).toBe(1);
  await call("/let-go");
  while (bench.host.pending() > 0) await new Promise((resolve) => setImmediate(resolve));
});

test.each(["/crash", "/kill"])("a crash (%s) costs its request 503; the next one gets a new instance", async (path) => {
  const { bench, call } = await start({});
  const before = json(await call("/")).pid;
  const reply = await call(path);
  expect(reply.status).toBe(path === "/crash" ? 500 : 503);
  while ((await bench.call("f")).status !== 200);
  expect(json(await call("/")).pid).not.toBe(before);
});

test("a dropped connection is 503, and the instance stays", async () => {
  const { call } = await start({});
  const before = json(await call("/")).pid;
  const reply = await call("/drop");
  expect(reply.status).toBe(503);
  expect(reply.body.toString()).toContain("the connection to the instance had an error");
  expect(json(await call("/")).pid).toBe(before);
});

test("crash() kills what is under way", async () => {
  const { bench, call } = await start({ max_instance_request_concurrency: 2 });
  const hanging = call("/hold");
  await heldBy(call, 1);
  expect(bench.host.crash("f")).toBe(1);
  expect((await hanging).status).toBe(503);
  expect((await call("/")).status).toBe(200);
});

test("crash() with the port of a call kills the instance that calls, and no other", async () => {
  const { bench, call } = await start({});
  const killed: number[] = [];
  let arrived = () => {};
  const first = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  let letGo = (_: { status: number }) => {};
  bench.network.services.add({
    rest: [
      {
        hosts: ["storage.googleapis.com"],
        handle: async ({ port = 0 }) => {
          if (killed.length === 0) {
            killed.push(-1);
            arrived();
            return new Promise((resolve) => {
              letGo = resolve;
            });
          }
          killed.push(bench.host.crash("f", port));
          throw new ConnectionLost("planted");
        },
      },
    ],
    grpc: [],
  });
  // Both instances have a call under way when the second one's kills it.
  const crashGuard = call("/ask");
  await first;
  const doomed = await call("/ask");
  letGo({ status: 200 });
  expect([doomed.status, (await crashGuard).status]).toEqual([503, 200]);
  expect(killed).toEqual([-1, 1]);
  expect(bench.host.crash("f", 1)).toBe(0);
});

test("an instance takes its concurrency, more requests get more instances", async () => {
  const { bench, call } = await start({ max_instance_request_concurrency: 3 });
  const three = [call("/hold"), call("/hold")];
  await heldBy(call, 2);
  three.push(call("/hold"));
  const { pid } = json(await call("/"));
  expect(json(await call("/")).pid).toBe(pid);
  bench.host.crash("f");
  expect((await Promise.all(three)).map(({ status }) => status)).toEqual([503, 503, 503]);
});

test("when all instances that may be are busy, a request waits, and gets 429 after 10 seconds", async () => {
  const { bench, clock, call } = await start({ max_instance_count: 1 });
  const hanging = call("/hold");
  const waiting = call("/");
  await clock.advance(9_999);
  expect(bench.host.pending()).toBe(2);
  await clock.advance(1);
  expect((await waiting).status).toBe(429);
  bench.host.crash("f");
  await hanging;
});

test("a waiting request is served when an instance becomes free, in order", async () => {
  const { call } = await start({ max_instance_count: 1 });
  const order: number[] = [];
  await Promise.all([1, 2, 3].map((number) => call("/").then(() => order.push(number))));
  expect(order).toEqual([1, 2, 3]);
});

test("where only this machine's limit holds requests back, they wait on", async () => {
  const { bench, clock, call } = await start({ max_instance_count: 10 }, new ManualClock(), 1);
  const hanging = call("/hold");
  const waiting = call("/");
  await clock.advance(30_000);
  expect(bench.host.pending()).toBe(2);
  bench.host.crash("f");
  expect([(await hanging).status, (await waiting).status]).toEqual([503, 200]);
});

test("beyond what the stack's instances would take, a request gets 429 though this machine runs fewer", async () => {
  const { bench, clock, call } = await start({ max_instance_count: 2 }, new ManualClock(), 1);
  const calls = [call("/hold"), call("/"), call("/")];
  await clock.advance(9_999);
  expect(bench.host.pending()).toBe(3);
  await clock.advance(1);
  // The second one would be on the second instance.
  expect([(await calls[2])?.status, bench.host.pending()]).toEqual([429, 2]);
  await clock.advance(30_000);
  bench.host.crash("f");
  expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([503, 200, 429]);
});

test("a caller that gives up while waiting leaves the queue", async () => {
  const { bench, clock, call } = await start({ max_instance_count: 1 });
  const hanging = call("/hold");
  const waiting = call("/", 5_000);
  await clock.advance(5_000);
  expect(await waiting).toMatchObject({ failure: "deadline" });
  expect(bench.host.pending()).toBe(1);
  bench.host.crash("f");
  await hanging;
});

test("an instance that idles for 15 minutes ends; the next request starts one", async () => {
  const { clock, call } = await start({});
  const { pid } = json(await call("/"));
  await clock.advance(14 * 60_000);
  expect(json(await call("/")).pid).toBe(pid);
  await clock.advance(15 * 60_000);
  expect(json(await call("/")).pid).not.toBe(pid);
});

test("instances that are kept do not end", async () => {
  const { clock, call } = await start({ min_instance_count: 1 });
  const { pid } = json(await call("/"));
  await clock.advance(60 * 60_000);
  expect(json(await call("/")).pid).toBe(pid);
});
