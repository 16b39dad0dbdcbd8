import type { JobFile } from "./job-file";

/** A job to start. */
export interface Launch {
  /** `<letter><hex>`, different for each start that a step asks for. The job carries it. */
  readonly key: string;
  /** When the first request to start it may have been sent, milliseconds since 1970. */
  readonly since: number;
  /** What the job works on. */
  readonly file: JobFile;
  /** Variables that tell a container what to work on. */
  readonly variables: Readonly<Record<string, string>>;
}

/** What became of a job so far. */
export type JobState =
  | { readonly state: "running" }
  /** `outputs` are added to those of the step. */
  | { readonly state: "succeeded"; readonly outputs?: Readonly<Record<string, unknown>> }
  /** It ended without success. `reason` is the job's own message. */
  | { readonly state: "failed"; readonly reason: string };

/**
 * One of Google's services that runs jobs. All methods reject with GoogleApiError when the service
 * answers with an error.
 */
export interface JobKind {
  /** @returns the name of the job that carries the key, in any state; undefined without one. */
  find(launch: Launch): Promise<string | undefined>;
  /**
   * Starts a job that carries the key. Sends the request once: without an answer the job may still
   * run, and only `find` can show it.
   *
   * @returns the job's name
   * @throws PermanentError when the service refuses such a request for good
   */
  start(launch: Launch): Promise<string>;
  state(name: string): Promise<JobState>;
  /** Asks for the end of a job. It ends later. */
  cancel(name: string): Promise<void>;
}
