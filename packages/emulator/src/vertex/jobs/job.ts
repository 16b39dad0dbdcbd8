import { randomInt } from "node:crypto";
import type { EmulatorContext } from "../../core/emulator";
import { rfc3339 } from "../../core/values";
import type { Filtered } from "./filter";

/** Source: google/cloud/aiplatform/v1/job_state.proto. */
export type JobState =
  | "JOB_STATE_QUEUED"
  | "JOB_STATE_PENDING"
  | "JOB_STATE_RUNNING"
  | "JOB_STATE_SUCCEEDED"
  | "JOB_STATE_FAILED"
  | "JOB_STATE_CANCELLING"
  | "JOB_STATE_CANCELLED";

/** `google.rpc.Status` */
export interface Status {
  readonly code: number;
  readonly message: string;
}

/** How a job's work ended. */
export interface Result {
  readonly error?: Status;
  /** Its time was over, and it was cancelled. */
  readonly timedOut?: boolean;
  /** For people, in the line of the job's end. */
  readonly detail?: string;
  /** Of the job, for answers. */
  readonly fields?: object;
}

/** What a job does while it runs. */
export interface Work {
  readonly result: Promise<Result>;
  /** Asks it to end. @default - it ends soon by itself */
  stop?(): void;
  /** Ends it at once. */
  kill?(): void;
}

/** A job as it was asked for, read and checked. */
export interface Asked {
  readonly displayName: string;
  readonly labels: Readonly<Record<string, string>>;
  /** E-mail of the account that its container runs as, if one is named. */
  readonly serviceAccount?: string;
  /** The fields that answers repeat. */
  readonly fields: object;
  start(job: Job): Work;
}

/**
 * Milliseconds in which a job waits, in which it starts, and in which it ends: minutes on Vertex
 * AI.
 */
const WAITING = 1_000;
const STARTING = 1_000;
const ENDING = 1_000;

/** `Code.CANCELLED` of google/rpc/code.proto. */
const CANCELLED = 1;
/** Digits of a job's id. */
const ID = 19;

/** A custom job or a batch prediction job. */
export class Job implements Filtered {
  readonly id: string;
  readonly created: number;
  state: JobState = "JOB_STATE_QUEUED";
  /** Whether its container, or its predictions, are under way. */
  isWorking = false;
  private started?: number;
  private ended?: number;
  private updated: number;
  private work?: Work;
  private result: Result = {};
  private cancelTimer: () => void;

  constructor(
    private readonly context: EmulatorContext,
    /** `projects/NUMBER/locations/L/customJobs` */
    private readonly collection: string,
    readonly asked: Asked,
    /** Who asked for it, for hops. */
    private readonly from: string,
  ) {
    const { clock } = context;
    this.id = Array.from({ length: ID }, (_, at) => randomInt(at === 0 ? 1 : 0, 10)).join("");
    this.created = clock.now();
    this.updated = this.created;
    this.hop();
    this.cancelTimer = clock.at(this.created + WAITING, () => {
      this.become("JOB_STATE_PENDING");
      this.later(STARTING, () => void this.run());
    });
  }

  /** With the project's number, as Vertex AI gives it. */
  get name(): string {
    return `${this.collection}/${this.id}`;
  }

  get displayName(): string {
    return this.asked.displayName;
  }

  get labels(): Readonly<Record<string, string>> {
    return this.asked.labels;
  }

  get active(): boolean {
    return this.ended === undefined;
  }

  /** @returns false for a job that has ended */
  cancel(): boolean {
    if (!this.active) return false;
    if (this.state === "JOB_STATE_CANCELLING") return true;
    this.become("JOB_STATE_CANCELLING");
    this.work?.stop?.();
    // Work that is under way ends the job when it has ended.
    if (!this.work) this.later(ENDING, () => this.end("JOB_STATE_CANCELLED"));
    return true;
  }

  /** Ends it at once, at the end of a run. */
  stop(): void {
    this.cancelTimer();
    this.work?.kill?.();
    this.ended ??= this.context.clock.now();
  }

  /** Source: google/cloud/aiplatform/v1/custom_job.proto and batch_prediction_job.proto. */
  resource(): object {
    const { started, ended, result, labels } = this;
    return {
      name: this.name,
      displayName: this.displayName,
      ...this.asked.fields,
      ...(Object.keys(labels).length > 0 && { labels }),
      state: this.state,
      createTime: rfc3339(this.created),
      ...(started !== undefined && { startTime: rfc3339(started) }),
      ...(ended !== undefined && { endTime: rfc3339(ended) }),
      updateTime: rfc3339(this.updated),
      ...(ended !== undefined && result.error && { error: result.error }),
      ...(ended !== undefined && result.fields),
    };
  }

  private async run(): Promise<void> {
    this.started = this.context.clock.now();
    this.become("JOB_STATE_RUNNING");
    this.work = this.asked.start(this);
    this.isWorking = true;
    try {
      this.result = await this.work.result;
    } finally {
      this.isWorking = false;
    }
    if (!this.active) return;
    this.later(ENDING, () => this.end(this.endState()));
  }

  private endState(): JobState {
    if (this.state === "JOB_STATE_CANCELLING" || this.result.timedOut) return "JOB_STATE_CANCELLED";
    return this.result.error ? "JOB_STATE_FAILED" : "JOB_STATE_SUCCEEDED";
  }

  private end(state: JobState): void {
    this.ended = this.context.clock.now();
    if (state === "JOB_STATE_CANCELLED") {
      const message = this.result.timedOut ? "The job ran longer than its timeout." : "The job was cancelled.";
      this.result = { ...this.result, error: { code: CANCELLED, message } };
    }
    this.become(state);
  }

  private later(wait: number, work: () => void): void {
    const { clock } = this.context;
    this.cancelTimer();
    this.cancelTimer = clock.at(clock.now() + wait, work);
  }

  private become(state: JobState): void {
    this.state = state;
    this.updated = this.context.clock.now();
    this.hop();
  }

  private hop(): void {
    const { error, detail } = this.active ? ({} as Result) : this.result;
    this.context.recorder.hop({
      from: this.from,
      to: "Vertex AI",
      what: `${this.collection.split("/").at(-1)?.replace(/s$/, "")} ${this.displayName}`,
      status: error ? `${this.state}: ${error.message}` : this.state,
      detail,
      duration: this.updated - this.created,
    });
  }
}
