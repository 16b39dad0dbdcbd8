import { randomInt } from "node:crypto";
import { defaultComputeAccount } from "@cdktf-serverless-ml/terraform-json";
import { ApiError } from "../core/api-error";
import { holding } from "../core/clock";
import type { EmulatorContext } from "../core/emulator";
import { rfc3339 } from "../core/values";
import { parseGsUri } from "../storage/gs-uri";
import type { Launch } from "./launch";
import type { Metric, Work } from "./work";

export type JobState =
  | "JOB_STATE_PENDING"
  | "JOB_STATE_RUNNING"
  | "JOB_STATE_DONE"
  | "JOB_STATE_FAILED"
  | "JOB_STATE_CANCELLING"
  | "JOB_STATE_CANCELLED";

/** What a job says of itself. */
export interface JobMessage {
  readonly id: string;
  readonly time: number;
  readonly text: string;
  readonly importance: "JOB_MESSAGE_BASIC" | "JOB_MESSAGE_ERROR";
}

/**
 * Milliseconds in which machines start, in which they work, and in which they stop. On Dataflow all
 * take minutes.
 */
const STARTING = 1_000;
const WORKING = 1_000;
const CANCELLING = 1_000;

/** One run of a template. */
export class Job {
  readonly id: string;
  readonly created: number;
  state: JobState = "JOB_STATE_PENDING";
  /** `gs://…` of what it wrote, once it is done. */
  outputs: readonly string[] = [];
  /** Why it failed. */
  failure?: string;
  /**
   * What is not on this machine and would have to be, for one that failed for that reason alone.
   */
  missing?: string;
  /** Oldest first. */
  readonly messages: JobMessage[] = [];
  /** Counters of the pipeline, once it has ended. */
  metrics: readonly Metric[] = [];
  /** Whether its work is under way. */
  isWorking = false;
  /** Real time of its work, seconds. */
  workSeconds = 0;
  private stateTime: number;
  private started?: number;
  private cancelTimer: () => void;

  constructor(
    private readonly context: EmulatorContext,
    private readonly work: Work,
    readonly location: string,
    readonly launch: Launch,
    /** Who asked for it, for hops. */
    private readonly from: string,
  ) {
    const { clock } = context;
    this.created = clock.now();
    this.stateTime = this.created;
    this.id = jobId(this.created);
    this.hop();
    this.cancelTimer = clock.at(this.created + STARTING, () => void this.start());
  }

  /** E-mail of the account that workers run as. */
  get worker(): string {
    return this.launch.serviceAccount ?? defaultComputeAccount(this.context.projectNumber);
  }

  get active(): boolean {
    return ["JOB_STATE_PENDING", "JOB_STATE_RUNNING", "JOB_STATE_CANCELLING"].includes(this.state);
  }

  /** @returns false for a job that has ended */
  cancel(): boolean {
    if (!this.active) return false;
    if (this.state === "JOB_STATE_CANCELLING") return true;
    const { clock } = this.context;
    this.cancelTimer();
    this.work.stop();
    this.failure = undefined;
    this.become("JOB_STATE_CANCELLING");
    this.cancelTimer = clock.at(clock.now() + CANCELLING, () => this.become("JOB_STATE_CANCELLED"));
    return true;
  }

  stop(): void {
    this.cancelTimer();
    this.work.stop();
    if (this.active) this.state = "JOB_STATE_CANCELLED";
  }

  /** Source: google/dataflow/v1beta3/jobs.proto. */
  resource(): object {
    const { launch, started } = this;
    return {
      id: this.id,
      projectId: this.context.project,
      name: launch.name,
      type: "JOB_TYPE_BATCH",
      currentState: this.state,
      currentStateTime: rfc3339(this.stateTime),
      createTime: rfc3339(this.created),
      ...(started !== undefined && { startTime: rfc3339(started) }),
      location: this.location,
      labels: launch.labels,
    };
  }

  private async start(): Promise<void> {
    const { clock } = this.context;
    this.started = clock.now();
    this.become("JOB_STATE_RUNNING");
    this.say("JOB_MESSAGE_BASIC", "Starting the pipeline.");
    try {
      await this.doWork();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.failure = error.message;
    }
    // It was cancelled, or the run is over.
    if (this.state !== "JOB_STATE_RUNNING") return;
    const end = this.failure === undefined ? "JOB_STATE_DONE" : "JOB_STATE_FAILED";
    this.cancelTimer = clock.at(clock.now() + WORKING, () => this.become(end));
  }

  private async doWork(): Promise<void> {
    const { authorizer, clock, project } = this.context;
    const worker = { email: this.worker };
    // What roles/dataflow.worker is for. Source: docs/concepts/security-and-permissions, "Worker
    // service account".
    authorizer.require(worker, "dataflow.workItems.lease", `projects/${project}`);
    this.isWorking = true;
    const began = performance.now();
    const result = await holding(clock, async () => this.work.run(this)).finally(() => {
      this.isWorking = false;
      this.workSeconds = (performance.now() - began) / 1000;
    });
    const { outputs, metrics = [], failure, missing } = result;
    this.metrics = metrics;
    this.failure = failure;
    this.missing = missing;
    if (failure === undefined) this.outputs = outputs;
    for (const output of outputs) {
      const { bucket, name } = parseGsUri(output);
      this.context.recorder.hop({ from: "Dataflow", to: `bucket ${bucket}`, what: `write ${name}`, status: "OK" });
    }
  }

  private become(state: JobState): void {
    this.state = state;
    this.stateTime = this.context.clock.now();
    if (state === "JOB_STATE_FAILED") this.say("JOB_MESSAGE_ERROR", `Workflow failed. Causes: ${this.failure}`);
    this.hop();
  }

  private say(importance: JobMessage["importance"], text: string): void {
    const id = `${this.id}-${this.messages.length}`;
    this.messages.push({ id, time: this.context.clock.now(), text, importance });
  }

  private hop(): void {
    this.context.recorder.hop({
      from: this.from,
      to: "Dataflow",
      what: `job ${this.launch.name}`,
      status: this.failure !== undefined && !this.active ? `${this.state}: ${this.failure}` : this.state,
      duration: this.stateTime - this.created,
    });
  }
}

/** `2026-01-31_23_59_59-1234567890123`: when, and which. */
function jobId(time: number): string {
  const [date, clock] = new Date(time).toISOString().slice(0, 19).split("T");
  return `${date}_${clock?.replaceAll(":", "_")}-${randomInt(10 ** 12, 10 ** 13)}`;
}
