import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "@cdktf-serverless-ml/emulator";
import { faster } from "./faster-clock";
import { CONCURRENCY, LocalStack, type Received, work, writeStack } from "./local-stack";
import { median, printTable, verdict } from "./measure";

// `npm run bench:local`: how long stacks take to start and to run on this machine, the cost of the
// emulators and the front compared with the same requests sent directly to the same process, and
// the memory of queued tasks. Compared runs take turns.

const RUNS = 3;
const TASKS = 2_000;
const MESSAGES = 10_000;
const QUEUED = 100_000;
const RUNNER = join("scripts", "ts.mjs");
const CACHE = join("node_modules", ".cache", "cdktf-serverless-ml");
const folder = mkdtempSync(join(tmpdir(), "bench-local-"));
const outdir = join(folder, "cdktf.out");

/** All stacks in a fresh clone of the project: synthesized, started and run on their samples. */
function runAll(): void {
  rmSync(CACHE, { recursive: true, force: true });
  const begin = performance.now();
  const { stdout, stderr } = spawnSync("npm", ["start"], {
    env: { ...process.env, CDKTF_OUTDIR: outdir },
    encoding: "utf8",
  });
  const spent = performance.now() - begin;
  const bad = stacks().filter(({ name }) => !stdout.includes(`\nOK  ${name}  `));
  const done = `${stacks().length - bad.length} of ${stacks().length}`;
  printTable(
    ["npm start, functions bundled anew", "stacks that passed", "time", "all, in at most 30 s"],
    [["", done, seconds(spent), verdict(spent, (value) => value <= 30_000 && bad.length === 0)]],
  );
  if (bad.length > 0) console.log(`failed: ${bad.map(({ name }) => name).join(", ")}\n${stderr}`);
}

/** From the command to the moment when all functions listen, stack by stack. */
async function startEach(): Promise<void> {
  const times = new Map<string, (number | undefined)[]>(stacks().map(({ name }) => [name, []]));
  for (let run = 0; run < RUNS; run++) {
    for (const stack of stacks()) times.get(stack.name)?.push(await ready(stack.folder));
  }
  const rows = [...times].map(([name, measured]) => {
    if (!measured.every((each) => typeof each === "number")) return [name, "", "does not start"];
    const spent = median(measured);
    return [name, seconds(spent), verdict(spent, (value) => value <= 2000)];
  });
  printTable([`until all functions listen, median of ${RUNS}`, "time", "at most 2 s"], rows);
}

/** @returns milliseconds; undefined if it does not start */
function ready(stack: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const begin = performance.now();
    const child = spawn("node", [RUNNER, "packages/scenarios/src/cli.ts", "--terraform", stack, "--keep", "--quiet"]);
    let result: number | undefined;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (result !== undefined || !text.includes("runs here until Ctrl-C")) return;
      result = performance.now() - begin;
      child.kill("SIGINT");
    });
    child.stderr.resume();
    child.once("close", () => resolve(result));
  });
}

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
      for (let index = 0; index < count; index++) await stack.enqueue(work(index));
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
      verdict(ratio, (value) => value >= 0.5),
    ];
  };
  printTable(
    [
      `${CONCURRENCY} at a time, median of ${RUNS}`,
      "through the run",
      "straight to the process",
      "ratio",
      "at least 0.5x",
    ],
    [
      row(`${TASKS} tasks of a queue`, TASKS, tasks),
      row(`${MESSAGES} messages, two filtered pushes`, MESSAGES, messages),
    ],
  );
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

/** Memory of a separate runtime, without functions. */
function remember(): void {
  const args = [RUNNER, "bench/local-memory.ts", join(folder, "memory"), String(QUEUED)];
  const { stdout, stderr, status } = spawnSync("node", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  const { empty, peak } = JSON.parse(stdout);
  printTable(
    ["memory of the runtime", "nothing queued", `${QUEUED} tasks, peak`, "below 250 MB"],
    [["resident", `${empty.toFixed(0)} MB`, `${peak.toFixed(0)} MB`, verdict(peak, (value) => value < 250)]],
  );
}

function stacks(): { name: string; folder: string }[] {
  const all = join(outdir, "stacks");
  return readdirSync(all)
    .sort()
    .map((name) => ({ name, folder: join(all, name) }));
}

async function wall(work: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

function rate(count: number, milliseconds: number): string {
  return ((count / milliseconds) * 1000).toFixed(0);
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

async function main(): Promise<void> {
  runAll();
  await startEach();
  await compareDispatch();
  remember();
}

main()
  .catch((error) => {
    console.error(error);
    process.exitCode = 1;
  })
  .finally(() => rmSync(folder, { recursive: true, force: true }));
