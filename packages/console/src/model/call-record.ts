import type { CallBegun, CallEvent } from "@cdktf-serverless-ml/emulator";
import type { CallDetail, CallLine, Decision, LogLine } from "../api-types";
import { type KeptBody, keptBody, viewOf } from "./body-view";

/** Lines of a log that one call keeps. */
const MOST_LOGS = 500;

/** One call, as much of it as is kept. */
export class CallRecord {
  readonly decisions: Decision[] = [];
  readonly logs: LogLine[] = [];
  request?: KeptBody;
  reply?: KeptBody;
  /** Ids of boxes. */
  from?: string;
  to?: string;
  private ending?: CallEvent;

  constructor(
    readonly begun: CallBegun,
    readonly item: string,
    /** Milliseconds since 1970 at which it began. */
    readonly time: number,
  ) {}

  get call(): number {
    return this.begun.call;
  }

  get status(): number | undefined {
    return this.ending?.status;
  }

  get duration(): number | undefined {
    return this.ending?.duration;
  }

  /** Bytes of bodies that are kept. */
  get bytes(): number {
    return (this.request?.bytes.length ?? 0) + (this.reply?.bytes.length ?? 0);
  }

  end(event: CallEvent): void {
    // The bodies are kept as copies.
    const { body, reply, ...ending } = event;
    this.ending = ending as CallEvent;
    this.request = keptBody(body, event.headers["content-type"]);
    this.reply = keptBody(reply, event.replyHeaders["content-type"]);
  }

  addLog(line: LogLine): void {
    this.logs.push(line);
    if (this.logs.length > MOST_LOGS) this.logs.shift();
  }

  dropBodies(): void {
    this.request = undefined;
    this.reply = undefined;
  }

  line(): CallLine {
    const { call, parent, oneOf, attempt, caller, service, isWorker, method, host, path } = this.begun;
    const { status, code, message, duration } = this.ending ?? {};
    return {
      call,
      item: this.item,
      time: this.time,
      ...defined({ parent, oneOf, attempt }),
      caller,
      service,
      isWorker,
      method,
      host,
      path,
      ...defined({ from: this.from, to: this.to, status, code, message, duration }),
      ...defined({ requestSize: this.request?.size, replySize: this.reply?.size }),
    };
  }

  detail(): CallDetail {
    const { verb, protocol } = this.begun;
    const { headers = {}, replyHeaders = {} } = this.ending ?? {};
    return {
      ...this.line(),
      verb,
      protocol,
      headers,
      replyHeaders,
      ...(this.request && { request: viewOf(this.request) }),
      ...(this.reply && { reply: viewOf(this.reply) }),
      decisions: this.decisions,
      logs: this.logs,
      replayable: this.isReplayable,
    };
  }

  /** Messages over gRPC, and requests that are not kept whole, cannot be sent again. */
  get isReplayable(): boolean {
    const { request, begun, ending } = this;
    const isWhole = request === undefined || request.bytes.length === request.size;
    return ending !== undefined && begun.protocol === "rest" && isWhole && !begun.path.includes("uploadType=resumable");
  }

  get headers(): Readonly<Record<string, string>> {
    return this.ending?.headers ?? {};
  }
}

/** Without fields that are undefined. */
export function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
