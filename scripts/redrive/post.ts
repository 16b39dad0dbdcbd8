import { request as requestHttp } from "node:http";
import { type RequestOptions, request as requestHttps } from "node:https";

/** What the user can mend. It is shown without a stack trace. */
export class RedriveError extends Error {}

/** The function's answer. */
export interface Reply {
  /** 0 without an answer. */
  readonly status: number;
  readonly text: string;
}

/** Calls the redrive function. @throws RedriveError */
export type Post = (body: object) => Promise<Reply>;

/** A call takes up to the function's timeout, which Node's fetch does not wait for. */
export function postJson(url: URL, body: object, token: string, options: RequestOptions = {}): Promise<Reply> {
  const bytes = Buffer.from(JSON.stringify(body));
  const headers = {
    Authorization: `Bearer ${token}`,
    "Content-Type": "application/json",
    "Content-Length": bytes.length,
  };
  return send(url, { ...options, method: "POST", headers: { ...options.headers, ...headers } }, bytes);
}

/** Sends one request. */
export function send(url: URL, options: RequestOptions, body?: Buffer): Promise<Reply> {
  const request = url.protocol === "https:" ? requestHttps : requestHttp;
  return new Promise((resolve) => {
    const failed = (error: Error) => resolve({ status: 0, text: error.message });
    const outgoing = request(url, options, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.once("end", () => resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      incoming.once("error", failed);
    });
    outgoing.once("error", failed);
    outgoing.end(body);
  });
}
