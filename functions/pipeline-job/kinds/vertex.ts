import type { GoogleApi } from "../../shared/google-api";
import type { JobKind, JobState, Launch } from "../job-kind";
import { refusingInvalid } from "./refused";

/** The label that carries the key. Label keys take `a-z0-9_-`. */
const LABEL = "pipeline_step";

/** Fields that custom jobs and batch prediction jobs have in common. */
export interface VertexJob {
  readonly name: string;
  readonly state?: string;
  /** Set when the job failed or was cancelled. */
  readonly error?: { readonly message?: string };
}

export interface VertexJobs<Job extends VertexJob> {
  /** `projects/P/locations/R` */
  readonly location: string;
  readonly collection: "customJobs" | "batchPredictionJobs";
  /** The job's fields besides its labels. */
  body(launch: Launch): object;
  readonly labels: Readonly<Record<string, string>>;
  outputsOf?(job: Job): Readonly<Record<string, unknown>>;
}

const ENDED_WELL = ["JOB_STATE_SUCCEEDED", "JOB_STATE_PARTIALLY_SUCCEEDED"];
const ENDED_BADLY = ["JOB_STATE_FAILED", "JOB_STATE_CANCELLED", "JOB_STATE_EXPIRED"];

/**
 * Jobs of Vertex AI. A job carries the key as a label: `create` takes neither a job id nor a
 * request id. Source: discovery document of aiplatform v1, `CustomJob`, `BatchPredictionJob`,
 * `JobState`.
 */
export function vertexJobs<Job extends VertexJob>(google: GoogleApi, jobs: VertexJobs<Job>): JobKind {
  const { location, collection } = jobs;
  const api = `https://${location.split("/").at(-1)}-aiplatform.googleapis.com/v1`;
  return {
    async find({ key }: Launch): Promise<string | undefined> {
      const query = new URLSearchParams({ filter: `labels.${LABEL}=${key}` });
      const page = await google<{ [collection: string]: VertexJob[] | undefined }>({
        method: "GET",
        url: `${api}/${location}/${collection}?${query}`,
        idempotent: true,
      });
      return page[collection]?.[0]?.name;
    },
    async start(launch: Launch): Promise<string> {
      const { name } = await refusingInvalid(
        google<VertexJob>({
          method: "POST",
          url: `${api}/${location}/${collection}`,
          body: { ...jobs.body(launch), labels: { ...jobs.labels, [LABEL]: launch.key } },
          idempotent: false,
          timeout: 60_000,
        }),
      );
      return name;
    },
    async state(name: string): Promise<JobState> {
      const job = await google<Job>({ method: "GET", url: `${api}/${name}`, idempotent: true });
      const { state = "", error } = job;
      if (ENDED_WELL.includes(state)) return { state: "succeeded", outputs: jobs.outputsOf?.(job) };
      if (!ENDED_BADLY.includes(state)) return { state: "running" };
      return { state: "failed", reason: [state, error?.message].filter(Boolean).join(": ") };
    },
    async cancel(name: string): Promise<void> {
      await google({ method: "POST", url: `${api}/${name}:cancel`, body: {}, idempotent: true });
    },
  };
}
