/**
 * What a job works on, as in `job.json` of its step's folder. A container finds the object's path
 * in the variable `PIPELINE_JOB`.
 */
export interface JobFile {
  readonly run: string;
  readonly step: string;
  /** Of a step with `forEach`. */
  readonly index?: number;
  readonly element?: unknown;
  /** The run's parameters. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The outputs of all earlier steps, by name. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Folder for what the job writes, `gs://…` without a slash at the end. */
  readonly output: string;
}
