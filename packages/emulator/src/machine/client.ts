import { request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { type Clock, holding } from "../core/clock";
import type { Recorder, Tokens } from "../core/emulator";

export interface ClientOptions {
  /** Service account that it calls as. */
  readonly email: string;
  readonly tokens: Tokens;
  readonly recorder: Recorder;
  /** The run's TLS port on 127.0.0.1. */
  readonly port: number;
  /** PEM that the port's certificate is signed with. */
  readonly ca: string;
  /** It stands still during a call. */
  readonly clock?: Clock;
  /** How often it retries after 429, 5xx, and no answer. @default 0 */
  readonly retries?: number;
  /**
   * Waits before a further retry, also after 403. It returns undefined when there is no further
   * retry.
   *
   * @default - no further retries
   */
  readonly later?: () => Promise<void> | undefined;
}

/** Milliseconds of real time, doubled with each retry. */
const FIRST_WAIT = 20;
const LONGEST_WAIT = 1_000;

export interface Reply {
  /** 0 where there was no answer. */
  readonly status: number;
  readonly body: Buffer;
}

/** An answer other than 2xx. */
export class RequestFailed extends Error {
  constructor(
    readonly what: string,
    readonly reply: Reply,
  ) {
    super(`${what} ${reply.status === 0 ? "got no answer" : `answered ${reply.status}`}: ${messageOf(reply.body)}`);
  }
}

/**
 * A caller outside the stack: calls Google's APIs and functions as one service account, with IAM as
 * for all others.
 */
export class Client {
  constructor(private readonly options: ClientOptions) {}

  get email(): string {
    return this.options.email;
  }

  /** Uploads one object in one request. @throws RequestFailed */
  async upload(bucket: string, name: string, content: Buffer, contentType: string): Promise<{ generation: string }> {
    const query = new URLSearchParams({ uploadType: "media", name });
    const url = `https://storage.googleapis.com/upload/storage/v1/b/${encodeURIComponent(bucket)}/o?${query}`;
    return this.json("POST", url, content, contentType);
  }

  /** Reads an object. @throws RequestFailed */
  async download(bucket: string, name: string): Promise<Buffer> {
    const path = `${encodeURIComponent(bucket)}/o/${encodeURIComponent(name)}?alt=media`;
    return (await this.call("GET", `https://storage.googleapis.com/storage/v1/b/${path}`)).body;
  }

  /** Names of all objects under a prefix, sorted. @throws RequestFailed */
  async list(bucket: string, prefix = ""): Promise<string[]> {
    const names: string[] = [];
    let pageToken = "";
    do {
      const query = new URLSearchParams({ prefix, ...(pageToken && { pageToken }) });
      const url = `https://storage.googleapis.com/storage/v1/b/${encodeURIComponent(bucket)}/o?${query}`;
      const page = await this.json<{ items?: { name: string }[]; nextPageToken?: string }>("GET", url);
      names.push(...(page.items ?? []).map(({ name }) => name));
      pageToken = page.nextPageToken ?? "";
    } while (pageToken);
    return names.sort();
  }

  /** Sends JSON and reads JSON. @throws RequestFailed */
  async json<T>(method: "GET" | "POST", url: string, body?: unknown, contentType = "application/json"): Promise<T> {
    const bytes = body === undefined || Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
    const reply = await this.call(method, url, bytes as Buffer | undefined, contentType);
    return (reply.body.length === 0 ? {} : JSON.parse(reply.body.toString())) as T;
  }

  private async call(method: "GET" | "POST", url: string, body?: Buffer, contentType?: string): Promise<Reply> {
    const { clock, retries = 0, later = () => undefined } = this.options;
    const target = new URL(url);
    const once = () =>
      holding(clock, async () => {
        for (let attempt = 1; ; attempt++) {
          const answer = await this.attempt(method, target, body, contentType);
          if (!mayPass(answer) || attempt > retries) return answer;
          await sleep(Math.min(FIRST_WAIT * 2 ** (attempt - 1), LONGEST_WAIT));
        }
      });
    let reply = await once();
    while (reply.status === 403 || mayPass(reply)) {
      const waited = later();
      if (!waited) break;
      await waited;
      reply = await once();
    }
    if (reply.status >= 200 && reply.status < 300) return reply;
    throw new RequestFailed(`${method} ${url.replace(/\?.*/, "")} as ${this.email}`, reply);
  }

  private async attempt(method: "GET" | "POST", target: URL, body?: Buffer, contentType?: string): Promise<Reply> {
    const start = Date.now();
    const reply = await this.send(method, target, body, contentType).catch(
      (error: Error): Reply => ({ status: 0, body: Buffer.from(error.message) }),
    );
    // Reads are not part of the flow.
    if (method === "POST") {
      this.options.recorder.hop({
        from: this.email,
        to: target.origin,
        what: `POST ${decodeURIComponent(target.pathname)}`,
        status: String(reply.status),
        duration: Date.now() - start,
      });
    }
    return reply;
  }

  /** Google's APIs take access tokens, functions ID tokens for their URL. */
  private send(method: string, { origin, hostname, pathname, search }: URL, body?: Buffer, contentType?: string) {
    const { email, tokens, port, ca } = this.options;
    const isApi = hostname.endsWith(".googleapis.com");
    const token = isApi ? tokens.accessToken(email) : tokens.idToken(email, origin);
    return new Promise<Reply>((resolve, reject) => {
      const outgoing = request(
        {
          host: "127.0.0.1",
          port,
          ca,
          servername: hostname,
          method,
          path: `${pathname}${search}`,
          headers: {
            host: hostname,
            authorization: `Bearer ${token}`,
            ...(body && { "content-type": contentType, "content-length": body.length }),
          },
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
          incoming.once("end", () => resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks) }));
          incoming.once("error", reject);
        },
      );
      outgoing.once("error", reject);
      outgoing.end(body);
    });
  }
}

function mayPass({ status }: Reply): boolean {
  return status === 0 || status === 429 || status >= 500;
}

/** The message of a function's or a Google API's error, else the body. */
function messageOf(body: Buffer): string {
  const text = body.toString();
  try {
    const { error } = JSON.parse(text);
    return typeof error === "string" ? error : String(error.message);
  } catch {
    return text.slice(0, 500);
  }
}
