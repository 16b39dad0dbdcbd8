import type { FakeGoogle } from "./fake-google";
import type { FakeTask } from "./google-limits";
import { type Reply, reply } from "./serve";

export interface Delivery {
  task: string;
  attempt: number;
  status: number;
}

/**
 * Delivers the fake's tasks to local servers, as Cloud Tasks does: headers, retries until 2xx, no
 * order promised. Tasks that are enqueued meanwhile are delivered too.
 *
 * @param routes local URL by the task's URL.
 * @param options.attempts most attempts per task; then it is dropped.
 * @param options.duplicates delivers each task this many times at once. Default 1.
 */
export async function dispatchAll(
  google: FakeGoogle,
  routes: Record<string, string>,
  options: { attempts?: number; duplicates?: number } = {},
): Promise<Delivery[]> {
  const { attempts = 5, duplicates = 1 } = options;
  const deliveries: Delivery[] = [];
  const delivered = new Set<string>();

  const deliver = async (task: FakeTask) => {
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const { status } = await attemptOnce(task, routes[task.httpRequest.url] ?? "", attempt);
      deliveries.push({ task: shortName(task), attempt, status });
      if (status >= 200 && status < 300) return;
    }
  };

  for (;;) {
    const waiting = [...google.tasks.values()].filter(({ name }) => !delivered.has(name));
    if (waiting.length === 0) return deliveries;
    for (const { name } of waiting) delivered.add(name);
    const copies = waiting.flatMap((task) => Array.from({ length: duplicates }, () => task));
    await Promise.all(copies.map(deliver));
  }
}

async function attemptOnce(task: FakeTask, url: string, attempt: number): Promise<Reply> {
  const response = await fetch(url, {
    method: task.httpRequest.httpMethod,
    headers: {
      ...task.httpRequest.headers,
      "User-Agent": "Google-Cloud-Tasks",
      "X-CloudTasks-QueueName": task.name.split("/")[5] ?? "",
      "X-CloudTasks-TaskName": shortName(task),
      "X-CloudTasks-TaskRetryCount": String(attempt - 1),
      "X-CloudTasks-TaskExecutionCount": String(attempt - 1),
      "X-CloudTasks-TaskETA": String(Date.now() / 1000),
    },
    body: Buffer.from(task.httpRequest.body, "base64"),
  });
  return reply(response);
}

function shortName({ name }: FakeTask): string {
  return name.split("/").at(-1) ?? "";
}
