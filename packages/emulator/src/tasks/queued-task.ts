import type { Timed } from "../core/heap";
import type { Identity } from "../core/identity";
import type { Method, NewTask } from "./task";

/** A task that a queue accepted. */
export interface CreatedTask {
  /** Id of the queue. */
  readonly queue: string;
  readonly id: string;
  readonly body: Buffer;
}

/** A task in its queue. One flat object, since a queue may hold very many. */
export class QueuedTask implements CreatedTask, Timed {
  readonly url: string;
  readonly method: Method;
  readonly headers: Readonly<Record<string, string>>;
  readonly identity: Identity | undefined;
  /** Milliseconds. */
  readonly deadline: number;
  /** When the next attempt is due. */
  time: number;
  dispatchCount = 0;
  responseCount = 0;
  /** Answers but 5xx. */
  executionCount = 0;
  firstDispatch = 0;
  lastDispatch = 0;
  /** 0: the last attempt had no answer. */
  lastResponse = 0;
  /** HTTP status of the last attempt; 0: it had no answer. */
  lastStatus = 0;
  running = false;
  deleted = false;
  /**
   * The body, one character a byte: a small Buffer would keep alive the 8 KiB block that it was cut
   * from.
   */
  private readonly content: string;

  constructor(
    readonly queue: string,
    readonly id: string,
    readonly order: number,
    readonly created: number,
    task: NewTask,
  ) {
    this.url = task.url;
    this.method = task.method;
    this.headers = task.headers;
    this.identity = task.identity;
    this.deadline = task.deadline;
    this.time = task.scheduleTime;
    this.content = task.body.toString("latin1");
  }

  get body(): Buffer {
    return Buffer.from(this.content, "latin1");
  }
}
