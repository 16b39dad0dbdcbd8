import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { HttpError } from "../errors";
import type { Feed, Numbered } from "../model/feed";
import { type Answer, type Asked, type Bytes, isBytes } from "./answer";
import { Guard, SECURITY_HEADERS } from "./guard";
import type { PageFiles } from "./page-files";

/** Bytes of a request's body. A file of 32 MiB is 43 MiB in base64. */
const MOST_BYTES = 48 * 1024 * 1024;
/** Milliseconds between comments on a stream where nothing happens, so that a lost client is noticed. */
const BEAT = 15_000;

export interface ConsoleServerOptions {
  readonly feed: Feed;
  readonly page: PageFiles;
  /** Answers for everything below /api but the events. @throws HttpError */
  readonly api: (asked: Asked) => Promise<Answer | Bytes>;
}

/** The HTTP server, on 127.0.0.1. */
export class ConsoleServer {
  private readonly guard = new Guard();
  private readonly streams = new Set<ServerResponse>();
  private readonly server = createServer((request, response) => {
    void this.answer(request, response);
  });

  constructor(private readonly options: ConsoleServerOptions) {}

  /** With the token. */
  get url(): string {
    return `http://127.0.0.1:${this.port}/?token=${this.guard.token}`;
  }

  get token(): string {
    return this.guard.token;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** @param port default: any that is free */
  start(port = 0): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen(port, "127.0.0.1", () => {
        this.guard.listen(this.port);
        resolve();
      });
    });
  }

  stop(): Promise<void> {
    for (const stream of this.streams) stream.end();
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    try {
      this.guard.requireOwnOrigin(request);
      const url = new URL(request.url ?? "/", "http://127.0.0.1");
      const given = url.searchParams.get("token");
      if (url.pathname === "/" && given !== null && this.guard.isToken(given)) {
        // The token leaves the address bar and the history.
        response.writeHead(303, { location: "/", "set-cookie": this.guard.cookie }).end();
        return;
      }
      this.guard.requireToken(request);
      await this.route(request, response, url);
    } catch (error) {
      if (!response.headersSent) sendError(response, error);
      else response.end();
    }
  }

  private async route(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const { method = "GET" } = request;
    if (url.pathname === "/api/events") {
      requireMethod(method, "GET");
      return this.stream(request, response, url);
    }
    if (url.pathname.startsWith("/api/")) {
      const body = method === "POST" ? await jsonOf(request) : undefined;
      return send(response, await this.options.api({ method, url, body }));
    }
    requireMethod(method, "GET");
    const file = await this.options.page.file(url.pathname);
    if (!file) throw new HttpError(404, "not-found", `There is no ${url.pathname}`);
    response.writeHead(200, { "content-type": file.type, "content-length": file.body.length }).end(file.body);
  }

  private stream(request: IncomingMessage, response: ServerResponse, { searchParams }: URL): void {
    const stack = searchParams.get("stack");
    const given = request.headers["last-event-id"] ?? searchParams.get("after");
    const after =
      given === null || given === undefined || !/^\d{1,15}$/.test(String(given)) ? undefined : Number(given);
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no" });
    response.write("retry: 1000\n\n");
    const write = (batch: readonly Numbered[]) => {
      const events = batch.map(({ event }) => event).filter((event) => isFor(event.stack, stack));
      const last = batch.at(-1)?.number;
      if (events.length > 0 && last !== undefined) {
        response.write(`id: ${last}\ndata: ${JSON.stringify({ events })}\n\n`);
      }
    };
    const stop = this.options.feed.read(write, after);
    const beat = setInterval(() => response.write(": here\n\n"), BEAT);
    this.streams.add(response);
    response.once("close", () => {
      stop();
      clearInterval(beat);
      this.streams.delete(response);
    });
  }
}

function isFor(stack: string, wanted: string | null): boolean {
  return wanted === null || stack === "" || stack === wanted;
}

function requireMethod(given: string, allowed: string): void {
  if (given !== allowed) throw new HttpError(405, "method-not-allowed", `Given ${given}; allowed: ${allowed}`);
}

/** @throws HttpError */
async function jsonOf(request: IncomingMessage): Promise<unknown> {
  if (!/^application\/json\b/.test(request.headers["content-type"] ?? "")) {
    throw new HttpError(400, "invalid", "Allowed is the content type application/json");
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > MOST_BYTES) throw new HttpError(413, "too-large", `More than ${MOST_BYTES} bytes`);
    chunks.push(chunk as Buffer);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString() || "{}");
  } catch (error) {
    throw new HttpError(400, "invalid", `The body is not JSON: ${(error as Error).message}`);
  }
}

function send(response: ServerResponse, answer: Answer | Bytes): void {
  if (!isBytes(answer)) {
    response.writeHead(200, { "content-type": "application/json; charset=utf-8" }).end(JSON.stringify(answer.json));
    return;
  }
  const { bytes, name } = answer;
  // Never shown by the browser, whatever it is.
  response.writeHead(200, {
    "content-type": "application/octet-stream",
    "content-length": bytes.length,
    "content-disposition": `attachment; filename*=UTF-8''${encodeURIComponent(name)}`,
  });
  response.end(bytes);
}

function sendError(response: ServerResponse, error: unknown): void {
  const known = error instanceof HttpError ? error : undefined;
  if (!known) console.error(error);
  const { status = 500, code = "internal" } = known ?? {};
  const message = error instanceof Error ? error.message : String(error);
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" });
  response.end(JSON.stringify({ error: { code, message } }));
}
