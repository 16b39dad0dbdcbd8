import { type ApiCode, ApiError } from "./api-error";
import { pathWithoutCredentials, withoutCredentials } from "./credentials";
import type { Caller, CrashPoint } from "./emulator";
import type { EventStream } from "./event-stream";
import type { Body, CallBegun, CallEvent } from "./events";

/** What is known of a call when it arrives. */
export interface Arrival
  extends Pick<CallBegun, "service" | "isWorker" | "method" | "protocol" | "verb" | "host" | "path" | "caller"> {
  /** With credentials. Names in any case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Body;
  /** Of the connection on which it came. */
  readonly port?: number;
  readonly item?: string;
  readonly attempt?: number;
  /** The call that it belongs to. @default - the one that the trace or the connection tells */
  readonly parent?: number;
}

/** How a call ended. */
export interface Ending {
  readonly status: number;
  readonly code?: ApiCode;
  readonly message?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly reply?: Body;
  readonly stream?: CallEvent["stream"];
  readonly crash?: CrashPoint;
}

/** A call that somebody reads. */
export interface RecordedCall {
  readonly call: number;
  /** The caller as emulators get it, so that decisions belong to the call. */
  as(caller: Caller): Caller;
  end(ending: Ending): void;
}

/** Workers' calls whose traces are remembered. */
const TRACES = 10_000;
/** `traceparent` of a request: https://www.w3.org/TR/trace-context/#traceparent-header */
const TRACEPARENT = /^00-[0-9a-f]{32}-([0-9a-f]{16})-[0-9a-f]{2}$/;
/** Replies that hold values of secrets. */
const SECRET = /\.SecretManagerService\/AccessSecretVersion$/;

/**
 * Makes the events `begin` and `call`, and finds during which call of a worker another one is made.
 */
export class Calls {
  private readonly bySpan = new Map<string, number>();

  /** @param servedAt the calls that the instance serves which opened the connection from a port */
  constructor(
    private readonly events: EventStream,
    private readonly servedAt: (port: number) => readonly number[],
  ) {}

  /** Whether somebody reads calls, or what refers to them. */
  get wanted(): boolean {
    return this.events.wantsCalls;
  }

  /** @returns undefined if nobody reads calls */
  begin(arrival: () => Arrival): RecordedCall | undefined {
    if (!this.wanted) return undefined;
    const { events } = this;
    const { headers, body, port, path, parent, ...rest } = arrival();
    const call = events.nextCall();
    const belongs = parent === undefined ? this.parentOf(headers, port) : { parent };
    const begun = { call, ...rest, ...belongs, path: pathWithoutCredentials(path) };
    const start = events.now();
    const [realStart, real] = [Date.now(), performance.now()];
    events.emit("begin", begun);
    return {
      call,
      as: (caller) => ({ ...caller, call }),
      end: ({ headers: replyHeaders = {}, reply, ...ending }) =>
        events.emit("call", {
          ...begun,
          ...ending,
          start,
          duration: events.now() - start,
          realStart,
          realDuration: performance.now() - real,
          headers: withoutCredentials(headers),
          replyHeaders: withoutCredentials(replyHeaders),
          ...(body !== undefined && { body }),
          ...(reply !== undefined && { reply: SECRET.test(begun.method) ? WITHHELD : reply }),
        }),
    };
  }

  /** Remembers the trace with which a worker gets a call. */
  trace(call: number, traceparent: string | undefined): void {
    const span = TRACEPARENT.exec(traceparent ?? "")?.[1];
    if (span === undefined) return;
    this.bySpan.set(span, call);
    if (this.bySpan.size <= TRACES) return;
    for (const oldest of this.bySpan.keys()) {
      this.bySpan.delete(oldest);
      break;
    }
  }

  /** @param span 16 hex digits */
  withSpan(span: unknown): number | undefined {
    return typeof span === "string" ? this.bySpan.get(span) : undefined;
  }

  /** What the trace says that a worker passed on, or else the connection. */
  private parentOf(headers: Readonly<Record<string, string>>, port: number | undefined) {
    const traced = this.withSpan(TRACEPARENT.exec(headers.traceparent ?? "")?.[1]);
    return parentIn(traced !== undefined ? [traced] : port === undefined ? [] : this.servedAt(port), "parent");
  }
}

const WITHHELD = { withheld: "the value of a secret" };

/** One call is certain; of several it is one. @param name of the field for one */
export function parentIn<Name extends "call" | "parent">(
  calls: readonly number[],
  name: Name,
): { readonly [N in Name]?: number } & { readonly oneOf?: readonly number[] } {
  const found = calls.length === 0 ? {} : calls.length === 1 ? { [name]: calls[0] } : { oneOf: calls };
  return found as ReturnType<typeof parentIn<Name>>;
}

/** How a call ended that threw. */
export function endingOf(error: unknown): Ending {
  if (error instanceof ApiError) {
    return { status: error.http, code: error.code, message: error.message, reply: error.toJSON() };
  }
  // A lost connection, or an error of the emulator itself.
  return { status: 0, message: error instanceof Error ? error.message : String(error) };
}
