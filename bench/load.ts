import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  burstOf,
  type Clock,
  type Interceptors,
  RealClock,
  type RunOptions,
  VirtualClock,
} from "@cdktf-serverless-ml/emulator";
import { faster } from "./faster-clock";
import { ARRIVED, LocalStack, type StackOptions, work, writeStack } from "./local-stack";
import { printTable, verdict } from "./measure";

// Throughput of the emulators, and how exactly a queue keeps its limits. Part of `npm run soak`.

const SUSTAINED = 10_000;
/** The rates of the five stacks' queues, and the maximum. */
const RATES = [1, 10, 100, 500];
/** Seconds for which a queue is at its limit. */
const SECONDS = 20;
const DELAYED = 5_000;

/** @returns whether all limits were kept */
export async function load(): Promise<boolean> {
  await throughput();
  await delay();
  return rates();
}

/**
 * Wall time for a backlog. Tasks use a clock so fast that no rate limit delays them. Messages have
 * no rate limit and use real time: on the fast clock, messages that wait for a free instance would
 * soon time out.
 */
async function throughput(): Promise<void> {
  const measure = (options: RunOptions, put: (stack: LocalStack, count: number) => Promise<void>) =>
    withStack({}, options, async (stack) => {
      await put(stack, SUSTAINED / 20);
      await stack.settled();
      const begin = performance.now();
      await put(stack, SUSTAINED);
      await stack.settled();
      return (SUSTAINED / (performance.now() - begin)) * 1000;
    });
  const tasks = await measure({ clock: faster(40) }, async (stack, count) => {
    for (let index = 0; index < count; index++) await stack.enqueue(work(index));
  });
  const messages = await measure({}, (stack, count) => stack.publish(count));
  printTable(
    [`${SUSTAINED} at once, one function`, "sustained"],
    [
      ["tasks of a queue", `${tasks.toFixed(0)}/s`],
      ["messages, two filtered pushes", `${messages.toFixed(0)}/s`],
    ],
  );
}

/** Time from the moment when the rate limit permits a task to the start of the function's code. */
async function delay(): Promise<void> {
  const rate = 200;
  const arrivals: number[] = [];
  const watch = watching((_, result) => arrivals.push(Number(result.headers[ARRIVED])));
  const begin = await withStack({ rate, concurrency: 100 }, { intercept: watch }, async (stack) => {
    await stack.enqueue(work(0));
    await stack.settled();
    // Waits until the burst is full again.
    await new Promise((resolve) => setTimeout(resolve, (burstOf(rate) / rate) * 1000 + 100));
    arrivals.length = 0;
    const begin = performance.timeOrigin + performance.now();
    for (let index = 0; index < DELAYED; index++) await stack.enqueue(work(index));
    await stack.settled();
    return begin;
  });
  const late = arrivals
    .sort((one, other) => one - other)
    .map((time, index) => time - begin - Math.max(0, (index + 1 - burstOf(rate)) / rate) * 1000)
    .sort((one, other) => one - other);
  const at = (share: number) => `${late[Math.floor(late.length * share)]?.toFixed(1)} ms`;
  printTable(
    [`${DELAYED} tasks at ${rate}/s: delay beyond the limit`, "p50", "p99"],
    [["until they reach the function's code", at(0.5), at(0.99)]],
  );
}

/** In virtual time, so that the machine's own speed does not count. */
async function rates(): Promise<boolean> {
  const rows: string[][] = [];
  for (const rate of RATES) {
    const burst = burstOf(rate);
    const clock = new VirtualClock();
    const times: number[] = [];
    const watch = watching((time) => times.push(time), clock);
    await withStack({ rate, concurrency: 1000 }, { clock, intercept: watch }, async (stack) => {
      for (let index = 0; index < burst + rate * SECONDS; index++) await stack.enqueue(work(index));
      await stack.settled();
    });
    times.sort((one, other) => one - other);
    const measured = ((times.length - burst) / ((times.at(-1) ?? 0) - (times[0] ?? 0))) * 1000;
    const most = mostAtOnce(times, rate);
    rows.push([
      `${rate}/s`,
      `${measured.toFixed(3)}/s`,
      verdict(measured / rate, (ratio) => Math.abs(ratio - 1) <= 0.05),
      `${burst}`,
      most.toFixed(2),
      verdict(most, (value) => value <= burst + 1e-3),
    ]);
  }
  printTable(
    [`limit, for ${SECONDS} s of virtual time`, "measured", "within 5 %", "burst", "most above the rate", "never more"],
    rows,
  );
  return rows.every((row) => !row.includes("MISSED"));
}

/**
 * Most dispatches in any span of time beyond the rate's share of that span.
 *
 * @param times milliseconds, ascending
 */
function mostAtOnce(times: readonly number[], rate: number): number {
  let lowest = Number.POSITIVE_INFINITY;
  let most = 0;
  for (const [index, time] of times.entries()) {
    const above = index - (time * rate) / 1000;
    lowest = Math.min(lowest, above);
    most = Math.max(most, above - lowest + 1);
  }
  return most;
}

type Watch = (time: number, result: { readonly headers: Readonly<Record<string, string>> }) => void;

/** Reports the start of each dispatch, and its answer. */
function watching(watch: Watch, clock: Clock = new RealClock()): () => Interceptors {
  return () => ({
    invoker: (inner) => ({
      invoke: async (invocation) => {
        const time = clock.now();
        const result = await inner.invoke(invocation);
        watch(time, result);
        return result;
      },
    }),
  });
}

async function withStack<T>(
  settings: StackOptions,
  options: RunOptions,
  use: (stack: LocalStack) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "load-"));
  try {
    writeStack(folder, settings);
    const stack = await LocalStack.start(folder, options);
    try {
      return await use(stack);
    } finally {
      await stack.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
