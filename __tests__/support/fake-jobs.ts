import { isDeepStrictEqual } from "node:util";
import { shortHash } from "../../functions/shared/hash";
import { ApiError } from "./api-error";

/** How a job ends, and how long it takes in milliseconds. */
export interface Fate {
  readonly takes: number;
  /** The service's own message. @default - the job succeeds */
  readonly error?: string;
}

export interface FakeJob {
  readonly kind: "run" | "customJobs" | "batchPredictionJobs" | "dataflow";
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the function sent
  readonly request: any;
  readonly fate: Fate;
  /** When its end was asked for. */
  cancelled?: number;
}

type State = "running" | "succeeded" | "failed" | "cancelled";

/** Milliseconds from the request to cancel a job to its end. */
const CANCELLING = 60_000;
const JOB = "projects/[^/]+/locations/[^/]+/jobs/[^/]+";

/**
 * Cloud Run jobs, Vertex AI custom and batch prediction jobs, and Dataflow jobs, as far as
 * `pipeline-job` uses them. Jobs end as time passes.
 */
export class FakeJobs {
  readonly all: FakeJob[] = [];
  fate: Fate = { takes: 600_000 };
  /** Milliseconds since 1970. */
  now: () => number = Date.now;
  /** Jobs that every page of a list has. */
  perPage = 100;

  reset(): void {
    this.all.length = 0;
    this.fate = { takes: 600_000 };
    this.now = Date.now;
    this.perPage = 100;
  }

  stateOf({ created, fate, cancelled }: FakeJob): State {
    const ends = created + fate.takes;
    if (cancelled !== undefined && cancelled < ends) {
      return this.now() < cancelled + CANCELLING ? "running" : "cancelled";
    }
    if (this.now() < ends) return "running";
    return fate.error === undefined ? "succeeded" : "failed";
  }

  /** @returns undefined for a method of another service */
  call(method: string, { pathname, searchParams }: URL, body: object): object | undefined {
    const route = `${method} ${pathname}`;
    let match = new RegExp(`^POST /run[.]googleapis[.]com/v2/(${JOB}):run$`).exec(route);
    if (match) return { metadata: this.execution(this.add("run", `${match[1]}/executions/e`, body)) };
    match = new RegExp(`^GET /run[.]googleapis[.]com/v2/(${JOB})/executions$`).exec(route);
    if (match) return this.list("run", "executions", searchParams, (job) => this.execution(job));
    match = new RegExp(`^(GET|POST) /run[.]googleapis[.]com/v2/(${JOB}/executions/[^/:]+)(:cancel)?$`).exec(route);
    if (match) return this.execution(this.find(match[2], Boolean(match[3])));

    const vertex = "/[a-z0-9-]+-aiplatform[.]googleapis[.]com/v1/(projects/[^/]+/locations/[^/]+";
    match = new RegExp(`^(GET|POST) ${vertex}/(customJobs|batchPredictionJobs))$`).exec(route);
    if (match) {
      const collection = match[3] as "customJobs" | "batchPredictionJobs";
      if (method === "POST") return this.vertexJob(this.add(collection, `${match[2]}/`, body));
      const [, key, value] = /^labels\.([a-z0-9_-]+)=([a-z0-9_-]+)$/.exec(searchParams.get("filter") ?? "") ?? [];
      if (!key) throw new ApiError(400, "INVALID_ARGUMENT", "no such filter");
      const hasLabel = ({ request }: FakeJob) => request.labels?.[key] === value;
      return this.list(collection, collection, searchParams, (job) => this.vertexJob(job), hasLabel);
    }
    match = new RegExp(`^(GET|POST) ${vertex}/(?:customJobs|batchPredictionJobs)/[^/:]+)(:cancel)?$`).exec(route);
    if (match) return this.vertexJob(this.find(match[2], Boolean(match[3])));

    const dataflow = "/dataflow[.]googleapis[.]com/v1b3/(projects/[^/]+/locations/[^/]+/jobs/[^/]+)";
    match = new RegExp(`^(GET|PUT) ${dataflow}$`).exec(route);
    if (match) return this.dataflowJob(this.find(match[2], method === "PUT"));
    match = new RegExp(`^GET ${dataflow}/messages$`).exec(route);
    if (match) return this.messages(this.find(match[1]));
    return undefined;
  }

  /** A Dataflow job that was launched. */
  launched(location: string, id: string, request: object): void {
    this.all.push({ kind: "dataflow", name: `${location}/jobs/${id}`, created: this.now(), request, fate: this.fate });
  }

  private add(kind: FakeJob["kind"], prefix: string, request: object): FakeJob {
    // The same request gets the same name in each run of a test.
    const equal = this.all.filter((job) => isDeepStrictEqual(job.request, request)).length;
    const name = `${prefix}${shortHash(JSON.stringify(request), equal)}`;
    const job: FakeJob = { kind, name, created: this.now(), request, fate: this.fate };
    this.all.push(job);
    return job;
  }

  private find(name = "", cancel = false): FakeJob {
    const job = this.all.find((candidate) => candidate.name === name);
    if (!job) throw new ApiError(404, "NOT_FOUND", `no job ${name}`);
    if (!cancel) return job;
    if (this.stateOf(job) !== "running") throw new ApiError(400, "FAILED_PRECONDITION", "The job has ended");
    job.cancelled ??= this.now();
    return job;
  }

  /** Newest first. */
  private list(
    kind: FakeJob["kind"],
    field: string,
    query: URLSearchParams,
    shown: (job: FakeJob) => object,
    isWanted: (job: FakeJob) => boolean = () => true,
  ): object {
    const found = this.all.filter((job) => job.kind === kind && isWanted(job)).reverse();
    const from = Number(query.get("pageToken") ?? 0);
    const next = from + this.perPage;
    return {
      [field]: found.slice(from, next).map(shown),
      ...(next < found.length && { nextPageToken: String(next) }),
    };
  }

  private execution(job: FakeJob): object {
    const state = this.stateOf(job);
    const { env, args } = job.request.overrides.containerOverrides[0];
    const condition = {
      running: { state: "CONDITION_RECONCILING" },
      succeeded: { state: "CONDITION_SUCCEEDED" },
      failed: { state: "CONDITION_FAILED", executionReason: "NON_ZERO_EXIT_CODE", message: job.fate.error },
      cancelled: { state: "CONDITION_FAILED", executionReason: "CANCELLED" },
    }[state];
    return {
      name: job.name,
      createTime: new Date(job.created).toISOString(),
      template: { containers: [{ env, args }] },
      conditions: [{ type: "Completed", ...condition }],
    };
  }

  private vertexJob(job: FakeJob): object {
    const state = this.stateOf(job);
    const isDone = job.kind === "batchPredictionJobs" && state === "succeeded";
    return {
      ...job.request,
      name: job.name,
      state: `JOB_STATE_${state.toUpperCase()}`,
      ...(state === "failed" && { error: { code: 3, message: job.fate.error } }),
      ...(isDone && {
        outputInfo: { gcsOutputDirectory: `${job.request.outputConfig.gcsDestination.outputUriPrefix}/prediction-1` },
        completionStats: { successfulCount: "7", failedCount: "1" },
      }),
    };
  }

  private dataflowJob(job: FakeJob): object {
    const states = { running: "RUNNING", succeeded: "DONE", failed: "FAILED", cancelled: "CANCELLED" };
    return { id: job.name.split("/").at(-1), currentState: `JOB_STATE_${states[this.stateOf(job)]}` };
  }

  private messages(job: FakeJob): object {
    const messageText = job.fate.error;
    return messageText === undefined ? {} : { jobMessages: [{ id: "1", messageText }] };
  }
}
