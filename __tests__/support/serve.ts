import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import * as functions from "@google-cloud/functions-framework";
import { getTestServer } from "@google-cloud/functions-framework/testing";
import { leaveBodiesAlone } from "../../functions/shared/host";
import type { HttpHandler } from "../../functions/shared/http";

// Undone at the end, for the tests that share this process.
afterAll(leaveBodiesAlone());

export interface Reply {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the function answered
  body: any;
}

/** A function under Functions Framework, in this process. */
export interface Served {
  url: string;
  /** Posts JSON, or a string or bytes as they are. */
  post(body: unknown, headers?: Record<string, string>): Promise<Reply>;
  /** Posts as Cloud Tasks does. */
  task(payload: unknown, task?: { id?: string; retries?: number | string; queue?: string }): Promise<Reply>;
  /** Posts as a Pub/Sub push subscription does. */
  message(data: unknown, message?: Message): Promise<Reply>;
  stop(): Promise<void>;
}

export interface Message {
  id?: string;
  attributes?: Record<string, string>;
  publishTime?: string;
  attempt?: number;
  orderingKey?: string;
}

export async function serve(handler: HttpHandler): Promise<Served> {
  functions.http("served", (request, response) => handler(request, response));
  const server: Server = getTestServer("served");
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const served: Served = {
    url,
    post: async (body, headers = {}) => {
      const raw = typeof body === "string" || body instanceof Uint8Array;
      const response = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...headers },
        body: raw ? (body as string) : JSON.stringify(body),
      });
      return reply(response);
    },
    task: (payload, { id = "task-1", retries = 0, queue = "my-queue" } = {}) =>
      served.post(payload, {
        "X-CloudTasks-QueueName": queue,
        "X-CloudTasks-TaskName": id,
        "X-CloudTasks-TaskRetryCount": String(retries),
        "X-CloudTasks-TaskExecutionCount": String(retries),
      }),
    message: (data, message = {}) => served.post(envelope(data, message)),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return served;
}

/** A wrapped push message. */
export function envelope(data: unknown, message: Message = {}) {
  const { id = "1001", attributes, publishTime = "2026-03-01T08:09:10.123Z", attempt, orderingKey } = message;
  const bytes = typeof data === "string" || data instanceof Uint8Array ? data : JSON.stringify(data);
  return {
    message: {
      data: Buffer.from(bytes as string).toString("base64"),
      attributes,
      messageId: id,
      message_id: id,
      publishTime,
      publish_time: publishTime,
      orderingKey,
    },
    subscription: "projects/my-project/subscriptions/my-subscription",
    deliveryAttempt: attempt,
  };
}

export async function reply(response: Response): Promise<Reply> {
  const text = await response.text();
  const json = response.headers.get("content-type")?.startsWith("application/json");
  return { status: response.status, headers: response.headers, text, body: json ? JSON.parse(text) : undefined };
}
