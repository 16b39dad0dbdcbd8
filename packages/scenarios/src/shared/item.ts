import type { Invocation } from "@cdktf-serverless-ml/emulator";

/** The work item that a request of a queue, a push subscription or a schedule is about. */
export interface Item {
  /** The same for each delivery of it, and in each run. */
  readonly id: string;
  /** As hops tell it: `task T`, `message M`, `execution of TIME`. */
  readonly what: string;
  /** Executions of a schedule that are due at one time, as when somebody runs it several times, cannot be told apart. */
  readonly isExecution?: true;
  /** Of messages: the subscription's full name, and which delivery it is where the message says so. */
  readonly message?: { readonly subscription: string; readonly attempt?: number };
}

/** Told by what the request itself says; undefined for what is no delivery, such as a workflow's call. */
export function itemOf({ headers, body }: Pick<Invocation, "headers" | "body">): Item | undefined {
  const task = headers["X-CloudTasks-TaskName"];
  if (task) return { id: `queue ${headers["X-CloudTasks-QueueName"]} task ${task}`, what: `task ${task}` };
  const job = headers["X-CloudScheduler-JobName"];
  if (job) {
    const what = `execution of ${headers["X-CloudScheduler-ScheduleTime"]}`;
    return { id: `schedule ${job} ${what}`, what, isExecution: true };
  }
  if (headers["User-Agent"] !== "CloudPubSub-Google") return undefined;
  const { message, subscription, deliveryAttempt: attempt } = JSON.parse(body.toString());
  const what = `message ${message.messageId}`;
  return { id: `subscription ${subscription} ${what}`, what, message: { subscription, attempt } };
}
