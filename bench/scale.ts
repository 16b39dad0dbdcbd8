// How long a queue takes for many tasks, in virtual time. `node scripts/ts.mjs bench/scale.ts 1000000`
// does it for a million.
import { parseArgs } from "node:util";
import { cloudTasks, type EmulatorContext, VirtualClock } from "@cdktf-serverless-ml/emulator";
import { printTable, type Result, report } from "./measure";

const QUEUE = "projects/p/locations/us-central1/queues/q";
/** Tasks that a submitter creates in a second: 16 requests at a time of 40 ms each. */
const CREATED = 400;
/** Tasks that wait here at most: the others are created as these end, which changes no rate. */
const WAITING = 20_000;

interface Case {
  readonly what: string;
  readonly rate: number;
  readonly concurrent: number;
  /** Milliseconds that a worker takes. */
  readonly work: number;
  /** Tasks that are created in a second. */
  readonly created: number;
}

const CASES: readonly Case[] = [
  { what: "async-batch as it is, half a second a shard", rate: 100, concurrent: 10, work: 500, created: CREATED },
  { what: "maxConcurrentDispatches 50", rate: 100, concurrent: 50, work: 500, created: CREATED },
  { what: "and maxDispatchesPerSecond 500", rate: 500, concurrent: 250, work: 500, created: CREATED },
  { what: "the same, with two submitters at once", rate: 500, concurrent: 250, work: 500, created: 2 * CREATED },
  { what: "task-pipeline as it is, two seconds a step", rate: 10, concurrent: 10, work: 2_000, created: CREATED },
  { what: "maxDispatchesPerSecond 500, 1000 at once", rate: 500, concurrent: 1_000, work: 2_000, created: CREATED },
];

/** @returns virtual seconds until all have ended, and the most that were under way */
async function drain(tasks: number, { rate, concurrent, work, created }: Case) {
  const clock = new VirtualClock();
  let [done, under, most, made] = [0, 0, 0, 0];
  const context = {
    project: "p",
    projectNumber: "1",
    region: "us-central1",
    clock,
    recorder: { hop: () => {} },
    authorizer: { require: () => {} },
    tokens: { accessToken: () => "", idToken: () => "" },
    invoker: {
      invoke: () =>
        new Promise((resolve) => {
          most = Math.max(most, ++under);
          clock.at(clock.now() + work, () => {
            under--;
            done++;
            resolve({ status: 200, headers: {}, body: Buffer.alloc(0) });
          });
        }),
    },
  } as unknown as EmulatorContext;
  const limits = { max_dispatches_per_second: rate, max_concurrent_dispatches: concurrent };
  const attributes = { name: "q", location: "us-central1", project: "p", rate_limits: [limits] };
  const queue = cloudTasks.create(context, [{ address: "q", type: "google_cloud_tasks_queue", attributes }]);
  const start = clock.now();
  const create = () => {
    const due = Math.min(tasks, Math.ceil(((clock.now() - start) / 1000 + 1) * created), done + WAITING);
    for (; made < due; made++) {
      const task = { httpRequest: { url: "https://w.run.app/" } };
      void queue.handlers.CreateTask({ request: { parent: QUEUE, task }, caller: {}, wire: WIRE } as never);
    }
    // What was created is kept for summaries.
    queue.created.length = 0;
    if (made < tasks) clock.at(clock.now() + 1_000, create);
  };
  create();
  clock.run(() => done < tasks);
  while (done < tasks) await new Promise((resolve) => setTimeout(resolve, 20));
  const seconds = (clock.now() - start) / 1000;
  clock.stop();
  queue.stop();
  return { seconds, most };
}

const WIRE = { time: String, duration: String, bytes: String, enumeration: String };

async function main(): Promise<void> {
  const { positionals } = parseArgs({ allowPositionals: true });
  const tasks = Number(positionals[0] ?? 100_000);
  if (!Number.isInteger(tasks) || tasks < 1 || tasks > 10_000_000) {
    throw new Error(`Given ${positionals[0]} tasks; allowed: 1 to 10000000`);
  }
  const rows: string[][] = [];
  const results: Result[] = [];
  for (const each of CASES) {
    const { seconds, most } = await drain(tasks, each);
    rows.push([each.what, `${(tasks / seconds).toFixed(0)}/s`, `${(seconds / 3600).toFixed(2)} h`, String(most)]);
    results.push({ name: `${tasks} tasks, virtual time: ${each.what}`, unit: "h", value: seconds / 3600 });
  }
  printTable([`${tasks.toLocaleString("en-US")} tasks of one queue`, "tasks", "all", "under way"], rows);
  report(results);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
