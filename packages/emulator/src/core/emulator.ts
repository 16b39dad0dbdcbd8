import type { Clock } from "./clock";

/** The service account whose token a call carries. A call without a token has no e-mail. */
export interface Caller {
  readonly email?: string;
  /** The call as events name it. Absent where nobody reads calls. */
  readonly call?: number;
  /** Of Google's own agents: the item for which they act, as events name it. */
  readonly item?: string;
}

/** Where a call over gRPC comes from. */
export interface GrpcOrigin {
  readonly host: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly port?: number;
}

export interface RestRequest {
  readonly method: string;
  /** Without port, such as `cloudtasks.googleapis.com`. */
  readonly host: string;
  /** As it came, percent-encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly caller: Caller;
  /**
   * The caller's port, which identifies its process. Undefined for a call that came over no
   * connection.
   */
  readonly port?: number;
  /** Of a service of Google's: the item that makes the request, as events name it. */
  readonly item?: string;
}

export interface RestReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Objects are sent as JSON. */
  readonly body?: Buffer | string | object;
  /** Nothing here can do what was asked, however often it is asked. @default false */
  readonly skipped?: true;
}

/** Answers for a Google API over REST. It throws `ApiError` for an error. */
export interface RestService {
  readonly hosts: readonly string[];
  handle(request: RestRequest): Promise<RestReply>;
  /**
   * The method of the API that a request is for, such as `google.pubsub.v1.Publisher/Publish`.
   *
   * @returns undefined for one that is not known
   */
  methodOf?(request: Pick<RestRequest, "method" | "path" | "query">): string | undefined;
}

/**
 * A bidirectional stream over gRPC, from the side of the service. Messages are as those of unary
 * methods.
 */
export interface GrpcStream {
  /** What the caller sends, until it ends the stream or disconnects. */
  // biome-ignore lint/suspicious/noExplicitAny: the shape of a message is the proto's.
  readonly requests: AsyncIterable<any>;
  /** Sends a message. @returns resolves once there is room for another one */
  send(reply: object): Promise<void>;
}

/**
 * Answers for a Google API over gRPC. Messages are as protobufjs gives and takes them (camelCase).
 */
export interface GrpcService {
  /** Full name, such as `google.cloud.tasks.v2.CloudTasks`. */
  readonly name: string;
  readonly hosts: readonly string[];
  /** Module path of the client's `protos.json`, from which messages are encoded. */
  readonly protos: string;
  // biome-ignore lint/suspicious/noExplicitAny: the shape of a message is the proto's.
  readonly methods: Readonly<Record<string, (request: any, caller: Caller, origin?: GrpcOrigin) => Promise<object>>>;
  /**
   * Bidirectional streams. One ends with OK when its promise resolves, and as the ApiError says
   * when it rejects.
   */
  readonly streams?: Readonly<
    Record<string, (stream: GrpcStream, caller: Caller, origin?: GrpcOrigin) => Promise<void>>
  >;
}

/** A Terraform resource with all expressions evaluated; attributes in Terraform's spelling. */
export interface EvaluatedResource {
  /** `google_cloud_tasks_queue.batch_queue_1A2B3C4D` */
  readonly address: string;
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: the shape follows from the type.
  readonly attributes: Readonly<Record<string, any>>;
}

/**
 * What an emulator honours: for each resource type, the attributes (blocks with dots:
 * `retry_config.max_attempts`) that have an effect. Loading refuses a stack that uses another
 * attribute, so nothing is ignored silently.
 */
export type Simulated = Readonly<Record<string, readonly string[]>>;

/** Decides by the stack's IAM bindings alone. */
export interface Authorizer {
  /**
   * @param resource full name: `projects/P`, `projects/P/locations/L/queues/Q`,
   *   `projects/P/topics/T`, `projects/P/subscriptions/S`, `projects/P/serviceAccounts/EMAIL`,
   *   `projects/P/locations/L/services/S`, `projects/_/buckets/B` or
   *   `projects/_/buckets/B/objects/O`
   * @throws ApiError PERMISSION_DENIED (UNAUTHENTICATED without a caller): who lacks which
   *   permission on what, and which binding would allow it
   */
  require(caller: Caller, permission: string, resource: string): void;
}

/** Tokens of service accounts, as the metadata server and Google's own services mint them. */
export interface Tokens {
  accessToken(email: string): string;
  idToken(email: string, audience: string): string;
}

export interface Invocation {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Milliseconds after which the caller gives up. */
  readonly deadline: number;
  /** Crashes the instance of a function that serves the request. @default - no crash */
  readonly crashPoint?: CrashPoint;
  /**
   * The item that makes the request, as events name it, where no header says so.
   *
   * @default - none
   */
  readonly item?: string;
}

/**
 * The process is killed as it gets a request, before its code runs; or when it has answered, before
 * the answer is passed on.
 */
export type CrashPoint = "crash-before" | "crash-after";

export interface InvocationResult {
  /** HTTP status; 0 without an answer. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Why there was no answer: `deadline`, `connection`. */
  readonly failure?: "deadline" | "connection";
  /** Nothing here can do what was asked: whoever asked must not ask again. @default false */
  readonly skipped?: true;
}

/**
 * Sends requests to URLs as Google's services do: services of the stack, and Google APIs that have
 * an emulator.
 */
export interface Invoker {
  invoke(invocation: Invocation): Promise<InvocationResult>;
}

/** One step of a flow, for the recorder. */
export interface Hop {
  /** Such as `queue async-batch-queue-dev`. */
  readonly from: string;
  readonly to: string;
  readonly what: string;
  readonly attempt?: number;
  readonly status: string;
  /** Milliseconds. */
  readonly duration?: number;
  /** Why it failed, such as who lacks which permission. */
  readonly detail?: string;
}

export interface Recorder {
  hop(hop: Hop): void;
  /** Notes that a caller made something that goes on, such as `message M`: see `MadeEvent`. */
  made?(made: string, caller: Caller): void;
}

/** What the machine gives to each emulator. */
export interface EmulatorContext {
  readonly project: string;
  readonly projectNumber: string;
  readonly region: string;
  readonly clock: Clock;
  readonly recorder: Recorder;
  readonly authorizer: Authorizer;
  readonly tokens: Tokens;
  readonly invoker: Invoker;
}
