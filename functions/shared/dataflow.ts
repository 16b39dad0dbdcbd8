import { GoogleApiError, isInvalidRequest, PermanentError } from "./errors";
import type { GoogleApi } from "./google-api";

const API = "https://dataflow.googleapis.com/v1b3";

export interface Job {
  id: string;
  name: string;
}

export interface Template {
  kind: "classic" | "flex";
  /** `gs://…` */
  path: string;
}

export interface Launch {
  jobName: string;
  parameters: Record<string, string>;
  /**
   * Variables of a Beam YAML pipeline, in any form that JSON has. They are launched as the parameter
   * `jinja_variables`: README of Google's template,
   * https://cloud.google.com/dataflow/docs/guides/templates/provided/yaml
   */
  variables?: Record<string, unknown>;
  environment: Record<string, unknown>;
}

/**
 * Finds the job with exactly that name, in any state.
 *
 * @param location `projects/P/locations/R`
 */
export async function findJob(google: GoogleApi, location: string, name: string): Promise<Job | undefined> {
  let pageToken = "";
  do {
    const query = new URLSearchParams({ filter: "ALL", name, ...(pageToken && { pageToken }) });
    const page = await google<{ jobs?: Job[]; nextPageToken?: string }>({
      method: "GET",
      url: `${API}/${location}/jobs?${query}`,
      idempotent: true,
    });
    const job = page.jobs?.find((candidate) => candidate.name === name);
    if (job) return job;
    pageToken = page.nextPageToken ?? "";
  } while (pageToken);
  return undefined;
}

/**
 * Launches a template. Sends the request only once: without an answer the job may still run, and
 * only `findJob` can show it.
 *
 * @returns the job; undefined when a job of that name is already active.
 * @throws PermanentError `launch_refused` when Dataflow rejects the request as invalid
 *   (INVALID_ARGUMENT); GoogleApiError for any other failure.
 */
export async function launchTemplate(
  google: GoogleApi,
  location: string,
  { kind, path }: Template,
  { variables, ...given }: Launch,
): Promise<Job | undefined> {
  const parameters = { ...given.parameters, ...(variables && { jinja_variables: JSON.stringify(variables) }) };
  const launch = { ...given, parameters };
  const base = `${API}/${location}`;
  const request =
    kind === "classic"
      ? { url: `${base}/templates:launch?${new URLSearchParams({ gcsPath: path })}`, body: launch }
      : { url: `${base}/flexTemplates:launch`, body: { launchParameter: { ...launch, containerSpecGcsPath: path } } };
  try {
    const { job } = await google<{ job: Job }>({ method: "POST", ...request, idempotent: false, timeout: 60_000 });
    return job;
  } catch (error) {
    if (!(error instanceof GoogleApiError)) throw error;
    if (error.alreadyExists) return undefined;
    if (isInvalidRequest(error)) throw new PermanentError("launch_refused", error.message);
    throw error;
  }
}

/** What became of a job so far. */
export type DataflowJobState =
  | { readonly state: "running" | "succeeded" }
  /** `reason`: its state and its last error messages. */
  | { readonly state: "failed"; readonly reason: string };

/** Source: discovery document of dataflow v1b3, `Job.currentState`. */
const ENDED_WELL = ["JOB_STATE_DONE", "JOB_STATE_DRAINED"];
const ENDED_BADLY = ["JOB_STATE_FAILED", "JOB_STATE_CANCELLED", "JOB_STATE_UPDATED"];
/** Messages of a failed job that a reason quotes. The last ones say most. */
const QUOTED = 3;

/** @param name `projects/P/locations/R/jobs/ID` */
export async function jobState(google: GoogleApi, name: string): Promise<DataflowJobState> {
  const url = `${API}/${name}`;
  const { currentState = "" } = await google<{ currentState?: string }>({ method: "GET", url, idempotent: true });
  if (ENDED_WELL.includes(currentState)) return { state: "succeeded" };
  if (!ENDED_BADLY.includes(currentState)) return { state: "running" };
  return { state: "failed", reason: [currentState, ...(await errors(google, url))].join(": ") };
}

async function errors(google: GoogleApi, url: string): Promise<string[]> {
  const { jobMessages = [] } = await google<{ jobMessages?: { messageText: string }[] }>({
    method: "GET",
    url: `${url}/messages?minimumImportance=JOB_MESSAGE_ERROR`,
    idempotent: true,
  });
  return jobMessages.slice(-QUOTED).map(({ messageText }) => messageText);
}

/**
 * Asks for the end of a job. It ends later.
 *
 * @param name `projects/P/locations/R/jobs/ID`
 */
export async function cancelJob(google: GoogleApi, name: string): Promise<void> {
  const body = { requestedState: "JOB_STATE_CANCELLED" };
  await google({ method: "PUT", url: `${API}/${name}`, body, idempotent: true });
}
