import { gzipSync } from "node:zlib";
import { Console } from "@cdktf-serverless-ml/console";
import type { ConsoleEvent, StackDetail } from "@cdktf-serverless-ml/console/api-types";
import { type Browser, chromium, type Page, type Route } from "playwright-core";
import { findChromium, NO_CHROMIUM } from "../scripts/chromium";
import { median, printTable, report, verdict } from "./measure";

// `npm run bench -- console`: the size of the console's page, and how long its frames take when
// 10,000 events come at once, in each view that lists them. The events are made up; the page and its
// server are the real ones.

const RUNS = 5;
const EVENTS = 10_000;
/** As many as the console sends at once, at most ten times a second. */
const BATCH = 100;
const VIEWS = ["map", "items", "activity", "logs"] as const;
const MOST_KIBIBYTES = 60;
const MOST_MILLISECONDS = 100;

async function main(): Promise<void> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error(NO_CHROMIUM);
  const shown = await Console.start();
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    const size = await sizeOf(shown);
    const frames = new Map<string, number>();
    for (const view of VIEWS) {
      const longest: number[] = [];
      for (let run = 0; run < RUNS; run++) longest.push(await longestFrame(browser, shown, view));
      frames.set(view, median(longest));
    }
    printTable(
      ["the console's page", "figure", "goal", ""],
      [
        [
          "gzip of page, script and styles",
          `${size.toFixed(1)} KiB`,
          `at most ${MOST_KIBIBYTES}`,
          verdict(size, (value) => value <= MOST_KIBIBYTES),
        ],
        ...[...frames].map(([view, value]) => [
          `longest frame, 10,000 events, ${view}`,
          `${value.toFixed(0)} ms`,
          `at most ${MOST_MILLISECONDS}`,
          verdict(value, (each) => each <= MOST_MILLISECONDS),
        ]),
      ],
    );
    report([
      { name: "console: gzip of the page", unit: "KiB", value: size, goal: { atMost: MOST_KIBIBYTES } },
      ...[...frames].map(([view, value]) => ({
        name: `console: longest frame of 10,000 events, ${view}`,
        unit: "ms",
        value,
        goal: { atMost: MOST_MILLISECONDS },
      })),
    ]);
  } finally {
    await browser.close();
    await shown.stop();
  }
}

async function sizeOf({ port, token }: Console): Promise<number> {
  const files = await Promise.all(
    ["/", "/app.js", "/app.css"].map(async (path) => {
      const reply = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: `Bearer ${token}` } });
      if (!reply.ok) throw new Error(`${path}: ${reply.status}`);
      return gzipSync(Buffer.from(await reply.arrayBuffer())).length;
    }),
  );
  return files.reduce((sum, length) => sum + length, 0) / 1024;
}

/** Milliseconds between two frames while all events come, at most. */
async function longestFrame(browser: Browser, { url }: Console, view: string): Promise<number> {
  const page = await browser.newPage({ viewport: { width: 1360, height: 820 } });
  try {
    await answer(page);
    await page.goto(url);
    await page.evaluate((hash) => {
      // biome-ignore lint/suspicious/noExplicitAny: this runs in the browser.
      (globalThis as any).location.hash = hash;
    }, `#/${STACK}/${view}`);
    await page.locator("main svg, main h2").first().waitFor();
    await page.evaluate(MEASURE);
    await page
      .locator("dd", { hasText: EVENTS.toLocaleString("en") })
      .first()
      .waitFor();
    // The frames after the last event count, too.
    await page.waitForTimeout(300);
    return Number(await page.evaluate("globalThis.longest"));
  } finally {
    await page.close();
  }
}

/** Says when the page may have its events, and keeps the longest time between two frames. */
const MEASURE = `
  globalThis.longest = 0;
  let last = performance.now();
  const frame = (now) => {
    globalThis.longest = Math.max(globalThis.longest, now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  fetch("/api/begin");
`;

/** Answers the page's questions about a stack that is not there. */
async function answer(page: Page): Promise<void> {
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const json = (route: Route, body: object) =>
    route.fulfill({ contentType: "application/json", body: JSON.stringify(body) });
  await page.route("**/api/**", async (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === "/api/begin") {
      begin();
      return json(route, {});
    }
    if (pathname === "/api/events") {
      await begun;
      return route.fulfill({ contentType: "text/event-stream", body: EVENT_STREAM });
    }
    if (pathname === "/api/stacks") return json(route, { stacks: [SUMMARY], itemsInFull: 10_000 });
    if (pathname === `/api/stacks/${STACK}`) return json(route, detail());
    return json(route, { items: [], total: 0, groups: [] });
  });
}

const STACK = "bench";
const SUMMARY = { name: STACK, state: "running", failures: 0 } as const;
const BOXES = 12;

function detail(): StackDetail {
  const boxes = Array.from({ length: BOXES }, (_, index) => ({
    id: `box ${index}`,
    kind: index % 2 === 0 ? "function" : "queue",
    name: [`box ${index}`],
    details: [],
    addresses: [],
    middle: [(index % 4) * 200 + 60, Math.floor(index / 4) * 120 + 30] as const,
    width: 100,
    height: 40,
    outline: `M${(index % 4) * 200},${Math.floor(index / 4) * 120}h100v40h-100Z`,
  }));
  const arrows = boxes.slice(1).map(({ id }, index) => ({
    id: `arrow ${index}`,
    from: `box ${index}`,
    to: id,
    delivered: false,
    line: `M${index * 50},0C${index * 50},40 ${index * 60},80 ${index * 60},120`,
    head: "",
    label: ["calls"],
    labelMiddle: [index * 55, 60] as const,
  }));
  return {
    ...SUMMARY,
    project: "acme-ml",
    region: "us-central1",
    outputs: {},
    map: { width: 800, height: 400, boxes, arrows },
    current: stateAfter(0),
    actions: {
      workers: [],
      queues: [],
      topics: [],
      buckets: [],
      schedules: [],
      workflows: [],
      bindings: [],
      redrive: false,
    },
    notices: [],
  };
}

function stateAfter(count: number): StackDetail["current"] {
  return {
    now: count,
    pending: 0,
    boxes: Object.fromEntries(
      Array.from({ length: BOXES }, (_, index) => [`box ${index}`, { tasks: count, inFlight: index, calls: count }]),
    ),
    arrows: Object.fromEntries(Array.from({ length: BOXES }, (_, index) => [`arrow ${index}`, { count, failed: 0 }])),
    summary: { accepted: count, calls: count, denied: 0, deadLetters: 0, notSimulated: [] },
  };
}

/** A third calls, items and log lines each. */
function eventAt(index: number): ConsoleEvent {
  const time = index;
  if (index % 3 === 0) {
    const log = { time, worker: "worker", severity: "INFO", message: `line ${index}` };
    return { stack: STACK, kind: "log", log };
  }
  if (index % 3 === 1) {
    const id = `task ${index}`;
    const item = {
      id,
      kind: "task",
      title: id,
      root: id,
      state: "done",
      began: time,
      attempts: 1,
      calls: 2,
      denied: 0,
    } as const;
    return { stack: STACK, kind: "item", item };
  }
  const call = {
    call: index,
    item: `task ${index - 1}`,
    time,
    caller: "worker@acme-ml.iam.gserviceaccount.com",
    service: "Cloud Storage",
    isWorker: false,
    method: "storage.objects.insert",
    host: "storage.googleapis.com",
    path: "/upload/storage/v1/b/out/o",
    status: 200,
    duration: 3,
  };
  return { stack: STACK, kind: "call", call };
}

const EVENT_STREAM = Array.from({ length: EVENTS / BATCH }, (_, batch) => {
  const first = batch * BATCH;
  const events: ConsoleEvent[] = Array.from({ length: BATCH }, (_, index) => eventAt(first + index));
  events.push({ stack: STACK, kind: "state", state: stateAfter(first + BATCH) });
  return `id: ${first + BATCH}\ndata: ${JSON.stringify({ events })}\n\n`;
}).join("");

main().catch((error: Error) => {
  console.error(error.message);
  process.exit(1);
});
