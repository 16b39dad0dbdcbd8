import type { BilledWorker } from "@cdktf-serverless-ml/emulator";
import { billOf, totalOf } from "../../src/cost/bill";
import { billedSeconds } from "../../src/cost/instance-time";
import { leversOf } from "../../src/cost/levers";
import { timeCharges } from "../../src/cost/meter";
import { readPrices } from "../../src/cost/prices";
import { standingOf } from "../../src/cost/standing";
import { costTable, countsLine } from "../../src/cost/table";
import { perItem, sum, type Usage } from "../../src/cost/usage";

const prices = readPrices();

// https://cloud.google.com/run/pricing , "Billable instance time"
test.each([
  ["one request, rounded up", [[0, 130]], 1, 0.2],
  [
    "an instance that is used again",
    [
      [0, 100],
      [500, 600],
    ],
    1,
    0.2,
  ],
  [
    "two instances, since each takes one",
    [
      [0, 100],
      [50, 150],
    ],
    1,
    0.2,
  ],
  [
    "one instance that takes both",
    [
      [0, 100],
      [50, 150],
    ],
    2,
    0.2,
  ],
  [
    "what overlaps, once",
    [
      [0, 1000],
      [0, 1000],
      [0, 1000],
    ],
    80,
    1,
  ],
  [
    "three instances for the same",
    [
      [0, 1000],
      [0, 1000],
      [0, 1000],
    ],
    1,
    3,
  ],
  [
    "from the first start to the last end",
    [
      [0, 300],
      [100, 1000],
      [900, 1200],
    ],
    2,
    1.2,
  ],
  ["nothing", [], 1, 0],
])("billed time: %s", (_name, requests, concurrency, seconds) => {
  expect(
    billedSeconds(
      requests.map(([start = 0, end = 0]) => ({ start, end })),
      concurrency,
    ),
  ).toBeCloseTo(seconds, 6);
});

test("a bill is quantity times price; what has no price is not summed", () => {
  const lines = billOf(
    { "tasks.operations": 2_000_000, "storage.classA": 1000, "pubsub.bytes": 2 ** 40, "vertex.predictions": 7 },
    prices,
  );
  expect(lines.map(({ metered, cost }) => [metered, cost])).toEqual([
    ["tasks.operations", 0.8],
    ["pubsub.bytes", 40],
    ["storage.classA", 0.005],
    ["vertex.predictions", undefined],
  ]);
  expect(totalOf(lines)).toBeCloseTo(40.805, 6);
});

test("each price has a source and a date, and says how sure it is", () => {
  for (const price of Object.values(prices.prices)) {
    expect(price).toMatchObject({ source: expect.stringMatching(/^https:/), date: expect.stringMatching(/^2026-/) });
  }
  expect(prices.prices["run.cpuSeconds"]).toMatchObject({ price: 0.000024, per: 1, sure: "verified" });
});

const worker: BilledWorker = {
  address: "google_cloudfunctions2_function.worker",
  name: "worker",
  kind: "function",
  size: { cpus: 0.333, memory: 0.5 },
  cpusByMemory: true,
  concurrency: 1,
  minInstances: 0,
  byRequest: true,
};
/** Eight requests that wait together. */
const requests = Array.from({ length: 8 }, () => ({ start: 0, end: 10_000 }));

function usageOf(): Usage {
  const counted = { "tasks.operations": 16, "run.requests": 8 } as const;
  const items = 8;
  const measured = sum(timeCharges(worker, requests));
  return { item: "shard", items, counted, measured, perItem: perItem({ items }, counted) };
}

test("settings are compared by what the same requests would cost", () => {
  const usage = usageOf();
  expect(usage.measured).toEqual({ "run.cpuSeconds": 0.333 * 80, "run.memorySeconds": 40 });
  const levers = leversOf({ usage, workers: [{ worker, requests }], prices, batch: "batchSize" });
  const total = totalOf(billOf({ ...usage.counted, ...usage.measured }, prices));
  const together = 10 * 0.000024 + 5 * 0.0000025 + (16 + 8) * 0.4e-6;
  expect(levers.map(({ setting, to }) => `${setting}: ${to}`)).toEqual([
    "concurrency of worker: 8, with a whole CPU",
    "memory of worker: 256 MiB, 0.167 CPUs instead of 0.333",
    "batchSize: twice as many",
  ]);
  expect(levers[0]?.saves).toBeCloseTo(1 - together / total, 6);
  // Requests one after the other gain nothing from concurrency.
  const apart = requests.map((_, at) => ({ start: at * 10_000, end: (at + 1) * 10_000 }));
  const others = leversOf({ usage, workers: [{ worker, requests: apart }], prices });
  expect(others.map(({ setting }) => setting)).toEqual(["memory of worker"]);
});

test("what a stack costs without work: schedules, kept instances, pools", () => {
  const resource = (type: string, attributes: object) => ({ address: `${type}.x`, type, attributes });
  const limits = { cpu: "2", memory: "1Gi" };
  const resources = [
    resource("google_cloud_scheduler_job", {}),
    resource("google_cloudfunctions2_function", {
      name: "f",
      service_config: [{ available_memory: "512Mi", min_instance_count: 2 }],
    }),
    resource("google_cloud_run_v2_worker_pool", {
      name: "p",
      scaling: [{ manual_instance_count: 1 }],
      template: [{ containers: [{ resources: [{ limits }] }] }],
    }),
  ];
  const month = 730 * 3600;
  expect(standingOf({ resources } as never)).toEqual({
    "scheduler.jobMonths": 1,
    "run.idleCpuSeconds": 0.333 * 2 * month,
    "run.idleMemorySeconds": month,
    "run.poolCpuSeconds": 2 * month,
    "run.poolMemorySeconds": month,
  });
});

test("the table has a line for each, the share of the bill, and what is not counted", () => {
  const usage = usageOf();
  const lines = costTable({ usage, standing: {}, prices, levers: [], notCounted: ["free tiers"] }).split("\n");
  expect(lines[0]).toBe("Cost at list prices of us-central1, from 8 shards of this run");
  expect(lines.find((line) => line.includes("Cloud Tasks"))).toMatch(/Cloud Tasks {2}operations +2 +0\.80 +0\.9 %$/);
  expect(lines.find((line) => line.trimStart().startsWith("all "))).toMatch(/all +93\.62$/);
  expect(lines).toEqual(expect.arrayContaining(["Not counted", "  free tiers", "No setting that was tried lowers it"]));
  expect(countsLine(usage)).toBe("Cloud Tasks 2 operations; Cloud Run 1 requests");
});
