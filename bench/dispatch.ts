import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "@cdktf-serverless-ml/emulator";
import { faster } from "./faster-clock";
import { CONCURRENCY, LocalStack, type Received, work, writeStack } from "./local-stack";
import { median, printTable, type Result, report, verdict } from "./measure";

// `npm run bench -- dispatch`: the cost of the emulators and the front, compared with the same
// requests sent directly to the same process. Compared runs take turns.

const RUNS = 5;
const TASKS = 2_000;
const MESSAGES = 5_000;
/** Of the rate of straight calls. */
const GOAL = { atLeast: 0.9 };
const folder = mkdtempSync(join(tmpdir(), "bench-dispatch-"));

/**
 * Work through the emulators, the front and a function's process, compared with the same requests
 * sent directly to that process.
 */
async function compareDispatch(): Promise<void> {
  // A queue dispatches at most 500 tasks per second of virtual time. With this clock that is 20,000
  // per second of real time.
  const tasks = await measure({
    clock: faster(40),
    count: TASKS,
    through: async (stack, count) => {
      for (let index = 0; index < count; index++) {
        await stack.enqueue(work(index));
        // As between requests that come over a network, the run sees what else has arrived.
        if (index % CONCURRENCY === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    },
    body: (_, index) => work(index),
  });
  const messages = await measure({
    count: MESSAGES,
    through: (stack, count) => stack.publish(count),
    // biome-ignore lint/suspicious/noExplicitAny: a push request's body.
    body: ({ body }: { readonly body: any }, index) => {
      const data = Buffer.from(JSON.stringify(work(index))).toString("base64");
      return { ...body, message: { ...body.message, data } };
    },
  });
  const row = (name: string, count: number, { through, straight }: Measured) => {
    const ratio = median(straight) / median(through);
    return [
      name,
      `${rate(count, median(through))}/s`,
      `${rate(count, median(straight))}/s`,
      `${ratio.toFixed(2)}x`,
      verdict(ratio, (value) => value >= GOAL.atLeast),
    ];
  };
  printTable(
    [
      `${CONCURRENCY} at a time, median of ${RUNS}`,
      "through the run",
      "straight to the process",
      "ratio",
      `at least ${GOAL.atLeast}x`,
    ],
    [
      row(`${TASKS} tasks of a queue`, TASKS, tasks),
      row(`${MESSAGES} messages, two filtered pushes`, MESSAGES, messages),
    ],
  );
  report([
    resultOf("tasks of a queue, against straight calls", TASKS, tasks),
    resultOf("messages of two filtered pushes, against straight calls", MESSAGES, messages),
  ]);
}

function resultOf(name: string, count: number, { through, straight }: Measured): Result {
  const value = (count / median(through)) * 1000;
  return { name, unit: "/s", value, ratio: median(straight) / median(through), goal: GOAL };
}

interface Measured {
  readonly through: readonly number[];
  readonly straight: readonly number[];
}

interface Comparison {
  readonly clock?: Clock;
  readonly count: number;
  readonly through: (stack: LocalStack, count: number) => Promise<void>;
  /** The body of a request that is sent directly. */
  readonly body: (first: Received, index: number) => object;
}

async function measure({ clock, count, through, body }: Comparison): Promise<Measured> {
  const stackFolder = join(folder, "stack");
  writeStack(stackFolder);
  const stack = await LocalStack.start(stackFolder, { clock });
  try {
    await through(stack, 1);
    await stack.settled();
    const target = await stack.first;
    const bodies = Array.from({ length: count }, (_, index) => JSON.stringify(body(target, index)));
    const times = { through: [] as number[], straight: [] as number[] };
    // The first round warms up.
    for (let run = 0; run <= RUNS; run++) {
      const viaStack = await wall(async () => {
        await through(stack, count);
        await stack.settled();
      });
      const direct = await wall(() => sendStraight(target, bodies));
      if (run === 0) continue;
      times.through.push(viaStack);
      times.straight.push(direct);
    }
    return times;
  } finally {
    await stack.stop();
  }
}

/**
 * Sends requests like one of the run, over as many kept connections as there are concurrent
 * requests.
 */
async function sendStraight({ port, headers }: Received, bodies: readonly string[]): Promise<void> {
  const { connection, "content-length": _, ...same } = headers;
  const agent = new Agent({ keepAlive: true });
  let next = 0;
  const worker = async () => {
    for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) {
      const status = await sendOne(agent, port, same, Buffer.from(body));
      if (status !== 204) throw new Error(`the function answered ${status}`);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  agent.destroy();
}

function sendOne(agent: Agent, port: number, headers: Record<string, string>, body: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      agent,
      host: "127.0.0.1",
      port,
      method: "POST",
      path: "/",
      headers: { ...headers, "content-length": String(body.length) },
    });
    outgoing.once("error", reject);
    outgoing.once("response", (response) => {
      response.resume().once("end", () => resolve(response.statusCode ?? 0));
    });
    outgoing.end(body);
  });
}

async function wall(work: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

function rate(count: number, milliseconds: number): string {
  return ((count / milliseconds) * 1000).toFixed(0);
}

compareDispatch()
  .catch((error) => {
    console.error(error);
    process.exitCode = 1;
  })
  .finally(() => rmSync(folder, { recursive: true, force: true }));
