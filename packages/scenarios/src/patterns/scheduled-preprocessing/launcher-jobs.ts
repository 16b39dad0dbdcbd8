import type { StackIndex } from "@cdktf-serverless-ml/terraform-json";
import { block } from "@cdktf-serverless-ml/terraform-json";

/** The job of tasks that name none. */
export const DEFAULT_JOB = "default";

/** What a launcher knows of a job. */
export interface LauncherJob {
  readonly parameters?: Readonly<Record<string, string>>;
  /** Of a Beam YAML pipeline. */
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly environment?: { readonly serviceAccountEmail?: string };
}

/** The function that launches jobs. */
export function launcherOf(index: StackIndex) {
  return index.workerWith("JOBS", "DATAFLOW_LOCATION");
}

/** What a launcher can launch, by name. */
export function jobsOf(launcher: ReturnType<typeof launcherOf>): Readonly<Record<string, LauncherJob>> {
  return launcher ? JSON.parse(String(launcher.environment.JOBS)) : {};
}

/** The name of the schedule whose tasks launch a job. @param queue name */
export function scheduleOf(index: StackIndex, queue: unknown, job: string): unknown {
  return index.first("google_cloud_scheduler_job", (attributes) => {
    const target = block(attributes, "http_target");
    return String(target?.uri).includes(`/queues/${queue}/tasks`) && jobIn(target?.body) === job;
  })?.attributes.name;
}

/** What a job reads: its input file, or the variable `input` of a pipeline. */
export function inputOf({ parameters = {}, variables = {} }: LauncherJob): string | undefined {
  const input = parameters.inputFile ?? variables.input;
  return typeof input === "string" ? input : undefined;
}

/** The job that the task of a schedule launches. @param body in base64 */
function jobIn(body: unknown): string {
  try {
    const { task } = JSON.parse(Buffer.from(String(body), "base64").toString());
    return JSON.parse(Buffer.from(task.httpRequest.body, "base64").toString()).job ?? DEFAULT_JOB;
  } catch {
    return DEFAULT_JOB;
  }
}
