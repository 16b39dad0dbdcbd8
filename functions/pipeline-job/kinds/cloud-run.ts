import type { GoogleApi } from "../../shared/google-api";
import type { JobKind, JobState, Launch } from "../job-kind";
import { fill } from "../placeholders";
import { refusingInvalid } from "./refused";

const API = "https://run.googleapis.com/v2";
/** Milliseconds by which the clocks of Google's services may differ. */
const SKEW = 5 * 60_000;

/** A Cloud Run job, and what one execution of it gets. */
export interface CloudRunJob {
  readonly kind: "run";
  /** `projects/P/locations/R/jobs/J` */
  readonly job: string;
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

interface Variable {
  readonly name: string;
  readonly value?: string;
}

interface Execution {
  readonly name: string;
  readonly createTime: string;
  readonly completionTime?: string;
  readonly failedCount?: number;
  readonly cancelledCount?: number;
  readonly template?: { readonly containers?: readonly { readonly env?: readonly Variable[] }[] };
  readonly conditions?: readonly {
    readonly type: string;
    readonly state: string;
    readonly message?: string;
    readonly executionReason?: string;
  }[];
}

/** The variable that carries the key. */
const KEY = "PIPELINE_KEY";

/**
 * Executions of a Cloud Run job. An execution carries the key as a variable, since `jobs.run` takes
 * no request id and no label, and executions cannot be filtered.
 */
export function cloudRunJobs(google: GoogleApi, config: CloudRunJob): JobKind {
  const isOf = ({ template }: Execution, key: string) =>
    Boolean(template?.containers?.some(({ env }) => env?.some(({ name, value }) => name === KEY && value === key)));

  return {
    async find({ key, since }: Launch): Promise<string | undefined> {
      let pageToken = "";
      do {
        const query = new URLSearchParams({ pageSize: "100", ...(pageToken && { pageToken }) });
        const page = await google<{ executions?: Execution[]; nextPageToken?: string }>({
          method: "GET",
          url: `${API}/${config.job}/executions?${query}`,
          idempotent: true,
        });
        const { executions = [] } = page;
        const found = executions.find((execution) => isOf(execution, key));
        if (found) return found.name;
        // "Results are sorted by creation time, descending": discovery document of run v2,
        // `executions.list`.
        const oldest = executions.at(-1);
        if (oldest && Date.parse(oldest.createTime) < since - SKEW) return undefined;
        pageToken = page.nextPageToken ?? "";
      } while (pageToken);
      return undefined;
    },
    async start({ key, file, variables }: Launch): Promise<string> {
      const { args, environment = {} } = fill(config, file);
      const env = Object.entries({ ...environment, ...variables, [KEY]: key }).map(([name, value]) => ({
        name,
        value,
      }));
      // The operation's metadata is the execution: `RunJob` in google/cloud/run/v2/job.proto.
      const { metadata } = await refusingInvalid(
        google<{ metadata: { name: string } }>({
          method: "POST",
          url: `${API}/${config.job}:run`,
          body: { overrides: { containerOverrides: [{ args, env }] } },
          idempotent: false,
          timeout: 60_000,
        }),
      );
      return metadata.name;
    },
    async state(name: string): Promise<JobState> {
      return stateOf(await google<Execution>({ method: "GET", url: `${API}/${name}`, idempotent: true }));
    },
    async cancel(name: string): Promise<void> {
      await google({ method: "POST", url: `${API}/${name}:cancel`, body: {}, idempotent: true });
    },
  };
}

function stateOf({ conditions = [], completionTime, failedCount = 0, cancelledCount = 0 }: Execution): JobState {
  const completed = conditions.find(({ type }) => type === "Completed");
  const { executionReason, message } = completed ?? {};
  const reason = [executionReason, message].filter(Boolean).join(": ") || "Cloud Run gives no reason";
  if (completed?.state === "CONDITION_FAILED") return { state: "failed", reason };
  if (completed?.state === "CONDITION_SUCCEEDED") return { state: "succeeded" };
  if (completionTime === undefined) return { state: "running" };
  return failedCount + cancelledCount > 0 ? { state: "failed", reason } : { state: "succeeded" };
}
