/*
 * The JSON of the console's API, as docs/console.md lists its routes. Times are milliseconds since
 * 1970 by the stack's clock, durations milliseconds. Nothing here imports anything, so that the
 * page can use it.
 */

/** `GET /api/stacks` */
export interface StackList {
  readonly stacks: readonly StackSummary[];
  /** How many items of each stack are kept in full. Of older ones there is a line. */
  readonly itemsInFull: number;
}

export interface StackSummary {
  readonly name: string;
  /** Such as `async-batch`; absent for a stack of no pattern. */
  readonly pattern?: string;
  readonly state: "starting" | "running" | "failed";
  /** Why it failed. */
  readonly error?: string;
  /** Failures since the start: refused calls, dead letters, tasks that were dropped. */
  readonly failures: number;
}

/** `GET /api/stacks/:stack` */
export interface StackDetail extends StackSummary {
  readonly project: string;
  readonly region: string;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly map: StackMap;
  readonly current: StackState;
  readonly actions: Actions;
  /** Notices of the start, such as what has no effect here. */
  readonly notices: readonly string[];
}

/** What can be done to a stack; the names for the actions' fields. */
export interface Actions {
  readonly workers: readonly string[];
  readonly queues: readonly string[];
  readonly topics: readonly string[];
  readonly buckets: readonly string[];
  readonly schedules: readonly string[];
  readonly workflows: readonly string[];
  readonly bindings: readonly BindingLine[];
  /** The sample that goes in, or undefined if the stack's schedule is fired instead. */
  readonly sample?: { readonly name: string; readonly takes: string };
  /** Whether there is a function that puts dead letters back. */
  readonly redrive: boolean;
}

export interface BindingLine {
  readonly address: string;
  readonly role: string;
  readonly member: string;
  readonly resource: string;
  /** It was taken away. */
  readonly withheld: boolean;
}

/** Positions in pixels from the upper left corner, as in docs/diagrams. */
export interface StackMap {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly MapBox[];
  readonly arrows: readonly MapArrow[];
}

export type Point = readonly [number, number];

export interface MapBox {
  /** Of the states and the events; mostly the Terraform address. */
  readonly id: string;
  /** `function`, `queue`, `topic`, `bucket`, `client`, `dead-letter`, … */
  readonly kind: string;
  readonly name: readonly string[];
  readonly details: readonly string[];
  /** Terraform addresses that the box stands for; the first one is its resource. */
  readonly addresses: readonly string[];
  readonly middle: Point;
  readonly width: number;
  readonly height: number;
  /** SVG path data of its outline. */
  readonly outline: string;
}

export interface MapArrow {
  readonly id: string;
  /** Ids of boxes. */
  readonly from: string;
  readonly to: string;
  /** Whether Google delivers by itself. Otherwise it is a call with an identity of the stack. */
  readonly delivered: boolean;
  /** SVG path data of the line, and of its head. */
  readonly line: string;
  readonly head: string;
  readonly label: readonly string[];
  readonly labelMiddle: Point;
}

/** `GET /api/stacks/:stack/state`, and the event `state`. */
export interface StackState {
  /** The stack's clock. */
  readonly now: number;
  /** Work that is due, waiting or under way. */
  readonly pending: number;
  /** By the id of a box. */
  readonly boxes: Readonly<Record<string, BoxState>>;
  /** By the id of an arrow. */
  readonly arrows: Readonly<Record<string, ArrowState>>;
  readonly summary: RunSummary;
  /** When the next thing is due that somebody waits for. */
  readonly nextDue?: number;
}

export interface ArrowState {
  readonly count: number;
  readonly failed: number;
}

/** Only the fields that the box's kind has. */
export interface BoxState {
  /** Of a queue: tasks that have not ended, and those of them that are dispatched now. */
  readonly tasks?: number;
  readonly inFlight?: number;
  readonly paused?: boolean;
  /** Of a worker: instances, requests under way, requests that wait for an instance. */
  readonly instances?: number;
  readonly underWay?: number;
  readonly waiting?: number;
  /** Of a worker: how many of the next calls will fail, as somebody asked. */
  readonly failNext?: number;
  /** Of a subscription, and of a dead letter: messages that are not acknowledged. */
  readonly backlog?: number;
  /** Of a bucket. */
  readonly objects?: number;
  readonly bytes?: number;
  /** Of a workflow. */
  readonly active?: number;
  readonly succeeded?: number;
  readonly failed?: number;
  /** Of a schedule: when it fires next. */
  readonly next?: number;
  /** Requests that the box answered, and those of them that failed. */
  readonly calls?: number;
  readonly errors?: number;
  /** Calls that it made and that no binding allowed. */
  readonly denied?: number;
  /**
   * Of a worker: milliseconds of real time that its last 1,000 answered calls took. The stack's clock
   * may stand still meanwhile.
   */
  readonly median?: number;
  readonly longest?: number;
  /** Of a worker: when the first call failed since the last one that succeeded. */
  readonly failing?: number;
}

/**
 * The run's summary as it grows. Of a stack of no pattern only `calls`, `denied` and `deadLetters`.
 */
export interface RunSummary {
  readonly accepted?: number;
  readonly done?: number;
  readonly partial?: number;
  readonly deadLettered?: number;
  readonly notReached?: number;
  readonly open?: number;
  readonly calls: number;
  /** Calls that no binding allowed. */
  readonly denied: number;
  readonly deadLetters: number;
  /** Hosts and methods that were called and are not simulated. */
  readonly notSimulated: readonly string[];
}

/** `GET /api/stacks/:stack/resources/:address` */
export interface ResourceDetail {
  readonly address: string;
  readonly type: string;
  readonly box?: string;
  /** Evaluated, as the emulator sees them. */
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly state: BoxState;
  /** Last first, at most 50. */
  readonly items: readonly ItemLine[];
  /** Of a worker: last first, at most 200. */
  readonly logs: readonly LogLine[];
  /** Bindings on it. */
  readonly bindings: readonly BindingLine[];
}

export type ItemKind = "request" | "task" | "message" | "delivery" | "execution" | "object" | "schedule" | "job";

/**
 * `waiting`: it will be worked on. `running`: a call of it is under way. `done`: its last call
 * succeeded. `failed`: its last call failed, and nothing will try again. `retrying`: its last call
 * failed, and it will be tried again. `dead-lettered`: it went to a dead letter.
 */
export type ItemState = "waiting" | "running" | "done" | "failed" | "retrying" | "dead-lettered";

/** One row of `GET /api/stacks/:stack/items`, and the event `item`. */
export interface ItemLine {
  /** `request 12`, `queue Q task T`, `message M`, `subscription S message M`, `execution E`, … */
  readonly id: string;
  readonly kind: ItemKind;
  /** For people: the pattern's name of the work item, else what it is. */
  readonly title: string;
  /** The item from which it came. */
  readonly parent?: string;
  /** The first of its ancestors; its own id for an item that a client began. */
  readonly root: string;
  readonly state: ItemState;
  readonly began: number;
  readonly ended?: number;
  readonly attempts: number;
  readonly calls: number;
  /** Calls that no binding allowed. */
  readonly denied: number;
  /**
   * Why it failed last: a message, or a status. Of what was dead-lettered the sentence of its letter.
   * Where a call was refused for want of a binding, who lacks which permission on what.
   */
  readonly reason?: string;
  /** Id of the box that works on it. */
  readonly box?: string;
  /** Only this line is left of it. */
  readonly old?: true;
}

/** `GET /api/stacks/:stack/items?…` */
export interface ItemList {
  readonly items: readonly ItemLine[];
  /** Give it as `before` for the next page. */
  readonly next?: string;
  /** How many match, as far as is known without reading bodies. */
  readonly total: number;
}

/** `GET /api/stacks/:stack/items/:id`: from the client to its end, oldest first. */
export interface ItemDetail extends ItemLine {
  readonly ancestors: readonly ItemLine[];
  readonly children: readonly ItemLine[];
  /** All items with the same root, oldest first, at most 500. */
  readonly family: readonly ItemLine[];
  readonly timeline: readonly TimelineEntry[];
}

export type TimelineEntry =
  | { readonly kind: "call"; readonly call: CallLine; readonly decisions: readonly Decision[] }
  | { readonly kind: "hop"; readonly hop: HopLine }
  | { readonly kind: "decision"; readonly decision: Decision }
  | { readonly kind: "log"; readonly log: LogLine }
  /** It waited: for a retry, a rate, a schedule time, an instance. */
  | { readonly kind: "wait"; readonly time: number; readonly duration: number; readonly why: string }
  | { readonly kind: "made"; readonly time: number; readonly made: string; readonly call?: number };

/** A request that an API or a worker answered, or is answering. */
export interface CallLine {
  readonly call: number;
  /** The item that it belongs to. */
  readonly item: string;
  readonly time: number;
  readonly parent?: number;
  /** Instead of `parent`: it was made during one of these. */
  readonly oneOf?: readonly number[];
  readonly attempt?: number;
  /** E-mail; empty without identity. */
  readonly caller: string;
  readonly service: string;
  readonly isWorker: boolean;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  /** Ids of boxes, where known. */
  readonly from?: string;
  readonly to?: string;
  /** Absent while it is under way. 0 without an answer. */
  readonly status?: number;
  readonly code?: string;
  readonly message?: string;
  readonly duration?: number;
  /** Bytes. */
  readonly requestSize?: number;
  readonly replySize?: number;
}

/** `GET /api/stacks/:stack/calls/:call` */
export interface CallDetail extends CallLine {
  readonly verb: string;
  readonly protocol: "rest" | "grpc";
  /** Without credentials. */
  readonly headers: Readonly<Record<string, string>>;
  readonly request?: BodyView;
  readonly replyHeaders: Readonly<Record<string, string>>;
  readonly reply?: BodyView;
  readonly decisions: readonly Decision[];
  readonly logs: readonly LogLine[];
  /** Whether `replay` can send it again. */
  readonly replayable: boolean;
}

/** A text to show, never markup. */
export interface BodyView {
  /** Bytes of the whole. */
  readonly size: number;
  readonly type: "json" | "csv" | "text" | "binary";
  /** Pretty JSON, the text, or a hex dump. */
  readonly text: string;
  /** The text is only the beginning. */
  readonly cut: boolean;
  /**
   * What the body carries: the decoded message of a push, the decoded body of a task that is
   * created.
   */
  readonly inner?: BodyView;
}

/** Who needed which permission on what, and what allowed it or would. */
export interface Decision {
  readonly time: number;
  readonly call?: number;
  readonly email: string;
  readonly permission: string;
  readonly resource: string;
  readonly allowed: boolean;
  /** Terraform addresses of the bindings that allow it. */
  readonly bindings: readonly string[];
  readonly remedy?: string;
}

export interface HopLine {
  readonly time: number;
  readonly from: string;
  readonly to: string;
  readonly what: string;
  readonly attempt?: number;
  readonly status: string;
  readonly duration?: number;
  readonly detail?: string;
}

export interface LogLine {
  readonly time: number;
  readonly worker: string;
  readonly severity: string;
  readonly message: string;
  /** Of a structured line. */
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly call?: number;
  readonly oneOf?: readonly number[];
}

/** `GET /api/stacks/:stack/buckets` */
export interface BucketList {
  readonly buckets: readonly { readonly name: string; readonly objects: number; readonly bytes: number }[];
}

/** `GET /api/stacks/:stack/buckets/:bucket?prefix=` */
export interface ObjectList {
  readonly bucket: string;
  readonly prefix: string;
  /** Folders below the prefix, with a slash at their ends. */
  readonly folders: readonly string[];
  readonly objects: readonly ObjectLine[];
  /** There are more than the 1,000 here. */
  readonly more: boolean;
}

export interface ObjectLine {
  readonly name: string;
  readonly size: number;
  readonly contentType: string;
  readonly updated: number;
  readonly generation: string;
}

/** `GET /api/stacks/:stack/buckets/:bucket/objects/:name` */
export interface ObjectDetail extends ObjectLine {
  readonly content: BodyView;
}

/** `GET /api/stacks/:stack/dead-letters` */
export interface DeadLetterList {
  readonly groups: readonly {
    readonly reason: string;
    readonly letters: readonly DeadLetterLine[];
  }[];
}

export interface DeadLetterLine {
  readonly messageId: string;
  /** Id that the message, or the task, had when it was put in, also after it was put back. */
  readonly originalId?: string;
  readonly subscription: string;
  readonly published: number;
  readonly attributes: Readonly<Record<string, string>>;
  readonly data: BodyView;
  /** The item that failed. */
  readonly item?: string;
  readonly reason: string;
}

/** `GET /api/stacks/:stack/executions`, newest first, at most 200. */
export interface ExecutionList {
  readonly executions: readonly {
    readonly id: string;
    readonly workflow: string;
    readonly state: "ACTIVE" | "SUCCEEDED" | "FAILED" | "CANCELLED";
    readonly started: number;
    readonly ended?: number;
    readonly step: { readonly routine: string; readonly step: string };
    readonly argument?: BodyView;
    readonly result?: BodyView;
    readonly error?: string;
    readonly item: string;
  }[];
}

/** Bodies of `POST /api/stacks/:stack/actions/:action`. Results are `ActionResult`. */
export interface ActionBodies {
  /** Uploads a file. Content in base64. */
  readonly upload: {
    readonly bucket: string;
    readonly name: string;
    readonly content: string;
    readonly contentType?: string;
  };
  /** Puts the sample in, or a file instead of it, as the stack's client. Content in base64. */
  readonly submit: { readonly name?: string; readonly content?: string };
  readonly publish: {
    readonly topic: string;
    readonly data: string;
    readonly attributes?: Readonly<Record<string, string>>;
    readonly orderingKey?: string;
  };
  /** Calls a worker with a JSON body, as an account that may call it. */
  readonly call: { readonly worker: string; readonly body?: unknown; readonly path?: string };
  /** Starts an execution of a workflow. */
  readonly execute: { readonly workflow: string; readonly argument?: unknown };
  readonly fire: { readonly schedule: string };
  readonly pause: { readonly queue: string };
  readonly resume: { readonly queue: string };
  /**
   * Puts dead letters back: all of the stack, or one alone, with other data (text) if it is given. A
   * letter that is not taken keeps its own data.
   */
  readonly redrive: { readonly messageId?: string; readonly data?: string };
  /** Sends a call's request again, with another body (text) or headers if they are given. */
  readonly replay: {
    readonly call: number;
    readonly body?: string;
    readonly headers?: Readonly<Record<string, string>>;
  };
  /**
   * The next calls of a worker are answered with a status, 500 if none is given. 0 calls ends it.
   */
  readonly fail: { readonly worker: string; readonly count: number; readonly status?: number };
  /** Kills one instance, the busiest. */
  readonly kill: { readonly worker: string };
  /** Takes a binding away, and puts it back. */
  readonly withhold: { readonly binding: string };
  readonly restore: { readonly binding: string };
  /** The clock jumps to the next thing that is due. */
  readonly jump: Readonly<Record<string, never>>;
}

export type ActionName = keyof ActionBodies;

export interface ActionResult {
  /** What was done, in a sentence. */
  readonly done: string;
  /** The item that it began, once it is known; of `redrive` of one letter what was put back. */
  readonly item?: string;
  /** Of `call` and `replay`: what was answered. */
  readonly status?: number;
  readonly reply?: BodyView;
}

/** Every answer other than 2xx. */
export interface ApiErrorBody {
  readonly error: { readonly code: ErrorCode; readonly message: string };
}

/**
 * 400 `invalid`, 401 `no-token`, 403 `foreign-origin` or `foreign-host`, 404 `not-found`, 405
 * `method-not-allowed`, 409 `refused` (the stack refused the action: its message says why), 413
 * `too-large`, 500 `internal`.
 */
export type ErrorCode =
  | "invalid"
  | "no-token"
  | "foreign-origin"
  | "foreign-host"
  | "not-found"
  | "method-not-allowed"
  | "refused"
  | "too-large"
  | "internal";

/** `data` of each message of `GET /api/events`: what happened since the last one, in its order. */
export interface EventBatch {
  readonly events: readonly ConsoleEvent[];
}

export type ConsoleEvent = { readonly stack: string } & (
  | { readonly kind: "hop"; readonly hop: HopLine }
  /** A call has ended; or has begun, if it has no status. */
  | { readonly kind: "call"; readonly call: CallLine }
  /** Denials only. All decisions are in a call's detail. */
  | { readonly kind: "denied"; readonly decision: Decision }
  | { readonly kind: "log"; readonly log: LogLine }
  /** An item is new or has changed. At most one for each item in a batch. */
  | { readonly kind: "item"; readonly item: ItemLine }
  /** At most 4 a second for each stack. */
  | { readonly kind: "state"; readonly state: StackState }
  /** A stack has started, failed, or was restarted. */
  | { readonly kind: "stack"; readonly summary: StackSummary }
  | { readonly kind: "watch"; readonly watch: WatchEvent }
  /** Events are missing here: too many came, or the connection was away too long. Read all anew. */
  | { readonly kind: "gap" }
);

/** What the loop did after a file was saved. */
export interface WatchEvent {
  readonly time: number;
  /** The files that changed, relative to the project. */
  readonly files: readonly string[];
  readonly what: "bundled" | "synthesized" | "failed";
  /** Functions that run new code. */
  readonly functions: readonly string[];
  /** From the change of the file to the moment when the next request gets new code. */
  readonly milliseconds: number;
  /** Of `synthesized`: what changed in the stack, as Markdown. */
  readonly changes?: string;
  readonly needsRestart?: boolean;
  /** Of `failed`. */
  readonly error?: string;
}
