import { request } from "node:http";

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: each test says what it expects.
  readonly json: any;
}

const PATIENCE = 25_000;

/** A program that uses a console. */
export class Api {
  constructor(
    private readonly port: number,
    private readonly token: string,
    private readonly stack = "small",
  ) {}

  get(path: string): Promise<Reply> {
    return this.send("GET", `/api/stacks/${this.stack}${path}`);
  }

  async act(action: string, body: object = {}): Promise<Reply> {
    return this.send("POST", `/api/stacks/${this.stack}/actions/${action}`, { body: JSON.stringify(body) });
  }

  send(
    method: string,
    path: string,
    { body, headers = {} }: { body?: string; headers?: Record<string, string> } = {},
  ): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const outgoing = request({
        host: "127.0.0.1",
        port: this.port,
        method,
        path,
        headers: {
          ...(this.token && { authorization: `Bearer ${this.token}` }),
          ...(body !== undefined && { "content-type": "application/json" }),
          ...headers,
        },
      });
      outgoing.once("error", reject).once("response", (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk) => {
          text += chunk;
        });
        response.once("end", () => {
          const isJson = response.headers["content-type"]?.startsWith("application/json");
          const json = isJson ? JSON.parse(text) : undefined;
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
        });
      });
      outgoing.end(body);
    });
  }

  /** Asks until what it gets is what is waited for. */
  async until<T>(ask: () => Promise<T>, done: (answer: T) => boolean): Promise<T> {
    // A test that waits for ever would keep its stack running.
    for (const begun = Date.now(); ; ) {
      const answer = await ask();
      if (done(answer)) return answer;
      if (Date.now() - begun > PATIENCE) throw new Error(`it stays ${JSON.stringify(answer)?.slice(0, 2000)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** An item, once it is in a state. */
  async item(id: string, ...states: readonly string[]) {
    const ask = () => this.get(`/items/${encodeURIComponent(id)}`);
    const found = await this.until(ask, ({ status, json }) => status === 200 && states.includes(json.state));
    return found.json;
  }

  /** Batches of events. @returns a function that ends the stream */
  events(path: string, onEvents: (id: number, events: readonly Record<string, unknown>[]) => void, lastId?: number) {
    const outgoing = request({
      host: "127.0.0.1",
      port: this.port,
      path: `/api/events${path}`,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(lastId !== undefined && { "last-event-id": String(lastId) }),
      },
    });
    outgoing
      .on("error", () => {})
      .once("response", (response) => {
        let rest = "";
        response.setEncoding("utf8").on("data", (text: string) => {
          const parts = (rest + text).split("\n\n");
          rest = parts.pop() ?? "";
          for (const part of parts) {
            const [, id, data] = /^id: (\d+)\ndata: (.*)$/.exec(part) ?? [];
            if (data !== undefined) onEvents(Number(id), JSON.parse(data).events);
          }
        });
        response.on("error", () => {});
      });
    outgoing.end();
    return () => outgoing.destroy();
  }
}
