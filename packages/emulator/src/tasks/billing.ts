import { type Billing, byteLength } from "../core/billing";

/** Google bills tasks and answers in pieces of this many bytes. */
const PIECE = 32 * 1024;

/**
 * "A billable operation is an API call or push delivery attempt", tasks "are chunked by size (32 KB)",
 * and a list request is as many operations as it returns tasks, at least one. Sizes are those on the
 * wire, where a task's body is base64. Source: https://cloud.google.com/tasks/pricing
 */
export const tasksBilling: Billing = ({ item, isWorker, method, body, status, reply }) => {
  if (item?.startsWith("queue ")) return operations(piecesOf(byteLength(body)));
  if (isWorker || !method.startsWith("google.cloud.tasks.")) return [];
  const tasks: unknown[] = method.endsWith("/ListTasks") ? ((reply as { tasks?: unknown[] })?.tasks ?? []) : [];
  const pieces = tasks.map((task) => piecesOf(byteLength(task as object))).reduce((sum, count) => sum + count, 0);
  if (status >= 500 || status === 0) return [];
  return operations(Math.max(pieces, tasks.length > 0 ? 0 : piecesOf(Math.max(byteLength(body), byteLength(reply)))));
};

const piecesOf = (bytes: number) => Math.max(1, Math.ceil(bytes / PIECE));
const operations = (quantity: number) => [{ metered: "tasks.operations", quantity }] as const;
