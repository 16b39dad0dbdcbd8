import { Agent, type IncomingHttpHeaders, request as send } from "node:http";
import type { LogWriter } from "../core/log";
import { endingText, type StartedProcess } from "../core/process";
import type { Ending } from "./ending";

/** A process that serves requests. */
export interface ServingProcess {
  readonly process: StartedProcess;
  /** The port on which it listens, once it does. */
  readonly listening: Promise<number>;
}

/**
 * Starts a process that serves requests.
 *
 * @param onCalling gets the local port of each connection to Google's hosts that the process opens
 * @param log gets what the process writes
 */
export type Program = (onCalling: (port: number) => void, log: LogWriter) => Promise<ServingProcess>;

export interface InstanceOptions {
  readonly program: Program;
  readonly log: LogWriter;
  /** Gets the local port of each connection to Google's hosts that the instance opens. */
  readonly onCalling?: (instance: Instance, port: number) => void;
}

export interface InstanceRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** As events name it. @default - nobody reads calls */
  readonly call?: number;
}

export interface InstanceReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Of one connection only, or said anew. */
const NOT_PASSED_ON = new Set([
  "connection",
  "content-length",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** One process of a service, and requests to it. */
export class Instance {
  /** Requests under way. */
  load = 0;
  /** The process is gone. */
  readonly ended: Promise<void>;
  private readonly agent = new Agent({ keepAlive: true });
  private readonly started: Promise<ServingProcess>;
  private readonly listening: Promise<void>;
  private process: StartedProcess | undefined;
  private killed = false;
  private port = 0;

  constructor({ program, log, onCalling }: InstanceOptions) {
    this.started = program((port) => onCalling?.(this, port), log).then((serving) => {
      this.process = serving.process;
      if (this.killed) this.kill();
      return serving;
    });
    const failed = this.started.then(
      ({ process }) => process.closed,
      (error: Error) => ({ error: error.message }),
    );
    this.listening = Promise.race([
      this.started.then(async ({ listening }) => {
        this.port = await listening;
      }),
      failed.then((end) => Promise.reject(new Error(`the instance ended before it listened, with ${endingText(end)}`))),
    ]);
    this.listening.catch(() => this.kill());
    this.ended = this.started
      .then(({ process }) => process.ended)
      .catch((error: Error) => log.write(error.message))
      .then(() => this.agent.destroy());
  }

  /** Resolves once it listens. @throws Error where it ends before */
  ready(): Promise<void> {
    return this.listening;
  }

  get isReady(): boolean {
    return this.port !== 0;
  }

  /**
   * A broken connection may mean that the process has ended. Its exit event comes a moment later.
   */
  async mayHaveEnded(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      this.ended,
      new Promise<void>((resolve) => {
        timer = setTimeout(resolve, 100);
      }),
    ]);
    clearTimeout(timer);
  }

  /** @throws Error where the connection ends without an answer, or `ending` aborts */
  send({ method, path, headers, body }: InstanceRequest, ending: Ending): Promise<InstanceReply> {
    return new Promise((resolve, reject) => {
      const outgoing = send({
        agent: this.agent,
        host: "127.0.0.1",
        port: this.port,
        method,
        path,
        headers: { ...endToEnd(headers), ...(hasBody(method, body) && { "content-length": String(body.length) }) },
      });
      ending.onabort = () => outgoing.destroy(new Error("The request was aborted"));
      outgoing.once("error", reject);
      outgoing.once("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.once("error", reject);
        response.once("end", () => {
          const status = response.statusCode ?? 0;
          resolve({ status, headers: endToEnd(response.headers), body: Buffer.concat(chunks) });
        });
      });
      outgoing.end(body);
    });
  }

  /** Ends the process as Cloud Run does: SIGTERM, and SIGKILL after ten seconds. */
  async stop(): Promise<void> {
    await this.started.then(({ process }) => process.stop()).catch(() => {});
  }

  /** Ends the process and what it started, at once. */
  kill(): void {
    this.killed = true;
    this.process?.kill();
  }
}

function hasBody(method: string, body: Buffer): boolean {
  return body.length > 0 || !["GET", "HEAD", "DELETE", "OPTIONS"].includes(method);
}

function endToEnd(headers: IncomingHttpHeaders | Readonly<Record<string, string>>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (value !== undefined && !NOT_PASSED_ON.has(name)) kept[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return kept;
}
