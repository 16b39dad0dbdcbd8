import { randomInt } from "node:crypto";
import { defaultComputeAccount } from "@cdktf-serverless-ml/terraform-json";
import { ApiError } from "../core/api-error";
import type { EmulatorContext } from "../core/emulator";
import { rfc3339 } from "../core/values";
import type { StorageEmulator } from "../storage/storage-emulator";
import type { Launch } from "./launch";
import { parseGsUri, runWordCount } from "./word-count";

export type JobState =
  | "JOB_STATE_PENDING"
  | "JOB_STATE_RUNNING"
  | "JOB_STATE_DONE"
  | "JOB_STATE_FAILED"
  | "JOB_STATE_CANCELLED";

/**
 * Milliseconds in which machines start, and in which they work. On Dataflow both take minutes.
 */
const STARTING = 1_000;
const WORKING = 1_000;

/** One run of a template. */
export class Job {
  readonly id: string;
  readonly created: number;
  state: JobState = "JOB_STATE_PENDING";
  /** `gs://…` of what it wrote, once it is done. */
  outputs: readonly string[] = [];
  /** Why it failed. */
  failure?: string;
  private stateTime: number;
  private started?: number;
  private cancelTimer: () => void;

  constructor(
    private readonly context: EmulatorContext,
    private readonly storage: StorageEmulator,
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
    this.cancelTimer = clock.at(this.created + STARTING, () => this.start());
  }

  /** E-mail of the account that workers run as. */
  get worker(): string {
    return this.launch.serviceAccount ?? defaultComputeAccount(this.context.projectNumber);
  }

  get active(): boolean {
    return this.state === "JOB_STATE_PENDING" || this.state === "JOB_STATE_RUNNING";
  }

  stop(): void {
    this.cancelTimer();
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

  private start(): void {
    const { clock } = this.context;
    this.started = clock.now();
    this.become("JOB_STATE_RUNNING");
    try {
      this.work();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.failure = error.message;
    }
    const end = this.failure === undefined ? "JOB_STATE_DONE" : "JOB_STATE_FAILED";
    this.cancelTimer = clock.at(clock.now() + WORKING, () => this.become(end));
  }

  private work(): void {
    const { authorizer, project } = this.context;
    const worker = { email: this.worker };
    // What roles/dataflow.worker is for. Source: docs/concepts/security-and-permissions, "Worker
    // service account".
    authorizer.require(worker, "dataflow.workItems.lease", `projects/${project}`);
    this.outputs = runWordCount(this.storage, worker, { id: this.id, ...this.launch });
    for (const output of this.outputs) {
      const { bucket, name } = parseGsUri(output);
      this.context.recorder.hop({ from: "Dataflow", to: `bucket ${bucket}`, what: `write ${name}`, status: "OK" });
    }
  }

  private become(state: JobState): void {
    this.state = state;
    this.stateTime = this.context.clock.now();
    this.hop();
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
