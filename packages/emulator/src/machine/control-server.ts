import { createServer, type Server } from "node:http";
import { listenOnLoopback, portOf } from "../core/loopback";

export interface ControlServerOptions {
  /** Names of the Cloud Scheduler jobs. */
  readonly schedules: readonly string[];
  /** Fires one of them. */
  readonly fire: (schedule: string) => Promise<unknown>;
  /** The messages in the dead letter subscriptions, as JSON values. */
  readonly deadLetters: () => readonly object[];
  /** What a program needs to call the stack as its client. */
  readonly stack: StackOnMachine;
}

/** A stack that runs on this machine, for programs that call it as its client. */
export interface StackOnMachine {
  /** Name of the stack. */
  readonly stack: string;
  /** TLS port on 127.0.0.1 of Google's APIs and the functions. */
  readonly port: number;
  /** PEM that the port's certificate is signed with. */
  readonly caFile: string;
  /** `host:port` of the client's metadata server. Absent for a stack without an output `client`. */
  readonly metadata?: string;
  /** Values of the stack's outputs by name. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

/**
 * The emulator's own HTTP interface, beside Google's and without any identity: `POST /<job>:run`
 * fires a schedule, `GET /dead-letters` shows them, `GET /stack` says where the stack is. It is for
 * programs: what a page in a browser sends, also by another name of this machine, is refused.
 */
export class ControlServer {
  private readonly server: Server;

  constructor({ schedules, fire, deadLetters, stack }: ControlServerOptions) {
    const allowed = [...schedules.map((name) => `POST /${name}:run`), "GET /dead-letters", "GET /stack"];
    this.server = createServer(({ method, url, headers }, response) => {
      const answer = (status: number, text: string) => response.writeHead(status).end(`${text}\n`);
      const own = `127.0.0.1:${portOf(this.server)}`;
      if (headers.host !== own) return answer(403, `Given the host ${headers.host}; allowed: ${own}`);
      if (headers.origin !== undefined || headers["sec-fetch-site"] !== undefined) {
        return answer(403, "Given a request of a browser; allowed: programs, such as curl");
      }
      const schedule = schedules.find((name) => method === "POST" && url === `/${name}:run`);
      if (method === "GET" && url === "/dead-letters") {
        answer(200, JSON.stringify(deadLetters(), undefined, 2));
      } else if (method === "GET" && url === "/stack") {
        answer(200, JSON.stringify(stack, undefined, 2));
      } else if (schedule === undefined) {
        answer(404, `Given ${method} ${url}; allowed: ${allowed.join(", ")}`);
      } else {
        fire(schedule).then(
          () => answer(200, `fired ${schedule}`),
          (error: Error) => answer(500, error.message),
        );
      }
    });
  }

  get url(): string {
    return `http://127.0.0.1:${portOf(this.server)}`;
  }

  start(): Promise<void> {
    return listenOnLoopback(this.server);
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}
