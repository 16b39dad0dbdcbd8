import type { CrashPoint, Hop } from "./emulator";

/** What each event of a run has. */
export interface RunEvent {
  /** Counted from 1 within a run, over all kinds. */
  readonly number: number;
  /** Milliseconds since the run began, by its clock. */
  readonly time: number;
}

/** A delivery, or another step of a flow between services. */
export interface HopEvent extends RunEvent, Hop {
  readonly kind: "hop";
}

/**
 * An emulated API or a worker has got a request. `CallEvent` follows with the same `call`, unless
 * the run ends before.
 */
export interface CallBegun extends RunEvent {
  readonly kind: "begin";
  /** Identifies the call within its run. */
  readonly call: number;
  /** The worker's call during which this one was made; of a stream's message, the stream. */
  readonly parent?: number;
  /**
   * Instead of `parent`, where the instance that made the call had several requests under way: one
   * of these.
   */
  readonly oneOf?: readonly number[];
  /**
   * What a service of Google's delivers or works on with this call: `queue Q task T`,
   * `subscription S message M`, `schedule J execution of TIME`, `execution E`.
   */
  readonly item?: string;
  /** Of a delivery: which one, counted from 1, where its request says so. */
  readonly attempt?: number;
  /** E-mail of the service account whose token the call carries. Empty without a valid token. */
  readonly caller: string;
  /** Of an API: the service as Google calls it, such as `Cloud Tasks`. Of a worker: its name. */
  readonly service: string;
  /** Whether a worker of the stack answers. An emulated API does otherwise. */
  readonly isWorker: boolean;
  /**
   * Of an API: `google.cloud.tasks.v2.CloudTasks/CreateTask`, `storage.objects.insert`. Of a
   * worker, and of a method that is not simulated: the HTTP method.
   */
  readonly method: string;
  readonly protocol: "rest" | "grpc";
  /** HTTP method; `POST` over gRPC. */
  readonly verb: string;
  readonly host: string;
  /** With the query. Parameters that carry credentials are left out. */
  readonly path: string;
}

/** What a message or a body is before it is sent: bytes, a text, or what is sent as JSON. */
export type Body = Buffer | string | object;

/** An emulated API or a worker has answered. Tokens, cookies and values of secrets are left out. */
export interface CallEvent extends Omit<CallBegun, "kind"> {
  readonly kind: "call";
  /** When it began: milliseconds since the run began, by its clock. */
  readonly start: number;
  /** Milliseconds by the run's clock. */
  readonly duration: number;
  /** When it began in real time: milliseconds since 1970. */
  readonly realStart: number;
  /** Milliseconds of real time. */
  readonly realDuration: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Not a copy. Over gRPC, and of a stream, the message. Read it at once, change nothing. */
  readonly body?: Body;
  /** HTTP status, over gRPC that of the code; 0 where the connection ended without an answer. */
  readonly status: number;
  /** Canonical code of an error, such as `PERMISSION_DENIED`. */
  readonly code?: string;
  /** Why it was refused, or why there was no answer. */
  readonly message?: string;
  readonly replyHeaders: Readonly<Record<string, string>>;
  /** As `body`. */
  readonly reply?: Body;
  /** Of a stream: `in` for a message of the caller, `out` for one of the service. */
  readonly stream?: "in" | "out";
  /** The instance was killed by an injected fault. */
  readonly crash?: CrashPoint;
}

/** A permission was asked for. */
export interface DecisionEvent extends RunEvent {
  readonly kind: "decision";
  /** The call that needed it. */
  readonly call?: number;
  /** The item for which a service agent of Google's needed it, instead of `call`. */
  readonly item?: string;
  /** Who needs the permission. Empty for a caller without identity. */
  readonly email: string;
  readonly permission: string;
  /** Full name. */
  readonly resource: string;
  readonly allowed: boolean;
  /** Terraform addresses of all bindings that allow it. Empty if none does. */
  readonly bindings: readonly string[];
  /** Of a denial: which binding would allow it. */
  readonly remedy?: string;
}

/**
 * A call or a service agent has made something that goes on: a task, a message, an object, an
 * execution.
 */
export interface MadeEvent extends RunEvent {
  readonly kind: "made";
  /** `queue Q task T`, `message M`, `object BUCKET/NAME`, `execution E`, `job J`. */
  readonly made: string;
  /** The call that made it. */
  readonly call?: number;
  /** The item for which a service agent made it, instead of `call`. */
  readonly item?: string;
}

/** A line that a worker or a job wrote. */
export interface LogEvent extends RunEvent {
  readonly kind: "log";
  /** Name of the worker, or of the job. */
  readonly worker: string;
  readonly severity: string;
  readonly message: string;
  /** All fields of a structured line. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /**
   * The worker's call during which it was written: its trace says so, or no other was under way.
   */
  readonly call?: number;
  /** Instead of `call`: one of these. */
  readonly oneOf?: readonly number[];
}

/** The events of a run by their kinds. */
export interface Events {
  readonly hop: HopEvent;
  readonly begin: CallBegun;
  readonly call: CallEvent;
  readonly decision: DecisionEvent;
  readonly made: MadeEvent;
  readonly log: LogEvent;
}

export type EventKind = keyof Events;

/** Gets events as they come. It must neither throw nor take long. */
export type EventReader = { readonly [Kind in EventKind]?: (event: Events[Kind]) => void };
