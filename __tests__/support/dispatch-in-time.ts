import type { FakeGoogle } from "./fake-google";
import type { FakeTask } from "./google-limits";
import { type Reply, reply } from "./serve";

export interface TimedDelivery {
  readonly task: string;
  readonly attempt: number;
  readonly status: number;
  /** Milliseconds since the run began. */
  readonly time: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the function answered
  readonly body: any;
}

interface Due {
  readonly task: FakeTask;
  readonly attempt: number;
  readonly time: number;
}

export interface TimedOptions {
  /** Most attempts per task; then it is dropped. @default 10 */
  readonly attempts?: number;
  /** Delivers each task this many times at once. @default 1 */
  readonly duplicates?: number;
  /** Before each delivery. */
  readonly before?: () => void;
  /** Most deliveries. @default 2000 */
  readonly most?: number;
}

const START = Date.UTC(2026, 0, 1);
const BACKOFF = 5_000;

/**
 * Delivers the fake's tasks at their schedule times, one after the other, as a queue whose time
 * jumps. Jobs of the fake see the same time.
 */
export class TimedQueue {
  time = START;
  /** Names of the tasks that were delivered, or wait for their time. */
  private readonly known = new Set<string>();

  constructor(
    private readonly google: FakeGoogle,
    private readonly routes: Readonly<Record<string, string>>,
  ) {
    google.longJobs.now = () => this.time;
  }

  /** Delivers until no task is left. */
  async run({ attempts = 10, duplicates = 1, before, most = 2_000 }: TimedOptions = {}): Promise<TimedDelivery[]> {
    const deliveries: TimedDelivery[] = [];
    const due: Due[] = [];
    for (;;) {
      for (const task of this.google.tasks.values()) {
        if (this.known.has(task.name)) continue;
        this.known.add(task.name);
        const time = Math.max(this.time, Date.parse(task.scheduleTime ?? new Date(this.time).toISOString()));
        for (let copy = 0; copy < duplicates; copy++) due.push({ task, attempt: 1, time });
      }
      due.sort((a, b) => a.time - b.time);
      const next = due.shift();
      if (!next) return deliveries;
      if (deliveries.length >= most) throw new Error(`There are more than ${most} deliveries`);
      this.time = next.time;
      const together = [next, ...due.filter(({ task, time }) => task === next.task && time === next.time)];
      for (const copy of together.slice(1)) due.splice(due.indexOf(copy), 1);
      before?.();
      const answers = await Promise.all(together.map((copy) => this.deliver(copy)));
      for (const [index, { status, body }] of answers.entries()) {
        const { task, attempt } = together[index] as Due;
        deliveries.push({ task: shortName(task), attempt, status, time: this.time - START, body });
        const isDone = status >= 200 && status < 300;
        if (!isDone && attempt < attempts) due.push({ task, attempt: attempt + 1, time: this.time + BACKOFF });
      }
    }
  }

  private async deliver({ task, attempt }: Due): Promise<Reply> {
    const response = await fetch(this.routes[task.httpRequest.url] ?? "", {
      method: task.httpRequest.httpMethod,
      headers: {
        ...task.httpRequest.headers,
        "X-CloudTasks-QueueName": task.name.split("/")[5] ?? "",
        "X-CloudTasks-TaskName": shortName(task),
        "X-CloudTasks-TaskRetryCount": String(attempt - 1),
        "X-CloudTasks-TaskETA": (this.time / 1_000).toFixed(6),
      },
      body: Buffer.from(task.httpRequest.body, "base64"),
    });
    return reply(response);
  }
}

function shortName({ name }: FakeTask): string {
  return name.split("/").at(-1) ?? "";
}
