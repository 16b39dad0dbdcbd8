import { type ChildProcess, spawn } from "node:child_process";
import { Agent, type IncomingHttpHeaders, request as send } from "node:http";
import { whenProcessEnds } from "../core/when-process-ends";
import type { Log } from "./log";
import { FRAMEWORK_MAIN } from "./source";

export interface InstanceOptions {
  /** Where the function's source was unpacked. */
  readonly folder: string;
  readonly entryPoint: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly log: Log;
  /** Gets a host that its code called and that it must not reach. */
  readonly onRefused: (host: string) => void;
  /** Gets the local port of each connection to Google's hosts that the instance opens. */
  readonly onCalling?: (instance: Instance, port: number) => void;
}

/** A message of an instance's process over its channel. */
interface ChannelMessage {
  readonly listening?: number;
  readonly refused?: string;
  readonly calling?: number;
}

export interface InstanceRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface InstanceReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Milliseconds from SIGTERM to SIGKILL, as on Cloud Run. */
const GRACE = 10_000;
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

/** One process of functions-framework with a function in it. */
export class Instance {
  /** Requests under way. */
  load = 0;
  /** The process is gone. */
  readonly ended: Promise<void>;
  private readonly child: ChildProcess;
  private readonly agent = new Agent({ keepAlive: true });
  private readonly listening: Promise<void>;
  private port = 0;
  private readonly forget: () => void;

  constructor({ folder, entryPoint, environment, log, onRefused, onCalling }: InstanceOptions) {
    this.child = spawn(process.execPath, [FRAMEWORK_MAIN, `--source=${folder}`, `--target=${entryPoint}`], {
      cwd: folder,
      env: { ...environment, LOCAL_INSTANCE: String(process.pid) },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      // A group of its own, so that what the function starts ends with it.
      detached: process.platform !== "win32",
    });
    for (const stream of [this.child.stdout, this.child.stderr]) if (stream) log.read(stream);
    this.forget = whenProcessEnds(() => this.kill());
    this.ended = new Promise((resolve) => {
      this.child.once("error", (error) => {
        log.write(error.message);
        if (this.child.pid === undefined) resolve();
      });
      this.child.once("exit", () => {
        this.forget();
        this.agent.destroy();
        resolve();
      });
    });
    this.listening = new Promise((resolve, reject) => {
      this.child.on("message", ({ listening, refused, calling }: ChannelMessage) => {
        if (refused !== undefined) onRefused(refused);
        if (calling !== undefined) onCalling?.(this, calling);
        if (listening === undefined) return;
        this.port = listening;
        resolve();
      });
      // What it wrote last is read before its streams close.
      this.child.once("close", () => reject(new Error(`the instance ended before it listened, with ${this.ending}`)));
      this.child.once("error", reject);
    });
    this.listening.catch(() => {});
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

  private get ending(): string {
    const { exitCode, signalCode } = this.child;
    return signalCode ? `signal ${signalCode}` : `exit code ${exitCode}`;
  }

  /** @throws Error where the connection ends without an answer, or `signal` aborts */
  send({ method, path, headers, body }: InstanceRequest, signal: AbortSignal): Promise<InstanceReply> {
    return new Promise((resolve, reject) => {
      const outgoing = send({
        agent: this.agent,
        host: "127.0.0.1",
        port: this.port,
        method,
        path,
        headers: { ...endToEnd(headers), ...(hasBody(method, body) && { "content-length": String(body.length) }) },
        signal,
      });
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
    this.child.kill("SIGTERM");
    const timer = setTimeout(() => this.kill(), GRACE);
    await this.ended;
    clearTimeout(timer);
    this.kill();
  }

  /** Ends the process and what it started, at once. */
  kill(): void {
    try {
      if (this.child.pid && process.platform !== "win32") process.kill(-this.child.pid, "SIGKILL");
      else this.child.kill("SIGKILL");
    } catch {
      // It had ended.
    }
  }
}

function hasBody(method: string, body: Buffer): boolean {
  return body.length > 0 || !["GET", "HEAD", "DELETE", "OPTIONS"].includes(method);
}

function endToEnd(headers: IncomingHttpHeaders | Readonly<Record<string, string>>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !NOT_PASSED_ON.has(name)) kept[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return kept;
}
