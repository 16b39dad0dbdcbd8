import { block, blocks, defaultComputeAccount } from "@cdktf-serverless-ml/terraform-json";
import type { EmulatorContext, EvaluatedResource } from "../core/emulator";
import { duration, number } from "../core/terraform-values";
import type { SecretReference } from "../secrets";

/** Source: cloud.google.com/run/quotas, "Maximum number of tasks". */
export const MAX_TASKS = 10_000;
/** Milliseconds. Source: cloud.google.com/run/docs/configuring/task-timeout ("168 hours"). */
export const MAX_TIMEOUT = 168 * 3_600_000;
/** Source: cloud.google.com/run/docs/configuring/max-retries. */
const MAX_RETRIES = 10;
/** Milliseconds. Source: google/cloud/run/v2/task_template.proto, `TaskTemplate.timeout`. */
const DEFAULT_TIMEOUT = 600_000;
/** The same, `TaskTemplate.max_retries`. */
const DEFAULT_RETRIES = 3;

/** An environment variable: its value, or the secret that holds it. */
export interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly secret?: SecretReference;
}

/** What an execution does: the job's template, changed by the overrides of one run. */
export interface Template {
  readonly taskCount: number;
  /** Tasks that run at a time. */
  readonly parallelism: number;
  /** Of each task, after its first attempt. */
  readonly maxRetries: number;
  /** Milliseconds of one attempt. */
  readonly timeout: number;
  /** E-mail. */
  readonly serviceAccount: string;
  /** Empty if the container has none. */
  readonly containerName: string;
  readonly image: string;
  /** Replaces the image's entry point. Empty: the image's own. */
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: readonly Variable[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A job as the stack's JSON has it, defaults filled in. */
export interface JobSettings {
  readonly address: string;
  /** The job's id. */
  readonly id: string;
  readonly location: string;
  /** `projects/P/locations/L/jobs/J` */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly template: Template;
}

/** @throws Error for what a job cannot have */
export function settingsOf(
  { address, attributes }: EvaluatedResource,
  context: Pick<EmulatorContext, "project" | "projectNumber" | "region">,
): JobSettings {
  const { name: id, project = context.project, location = context.region } = attributes;
  const outer = block(attributes, "template") ?? {};
  const inner = block(outer, "template") ?? {};
  const containers = blocks(inner, "containers");
  const [container] = containers;
  if (!container || containers.length > 1)
    throw new Error(`${containers.length} containers of a task are not simulated; one is`);
  const taskCount = number(outer, "task_count", { min: 1, max: MAX_TASKS }) ?? 1;
  return {
    address,
    id,
    location,
    name: `projects/${project}/locations/${location}/jobs/${id}`,
    labels: attributes.labels ?? {},
    template: {
      taskCount,
      // With 0 or nothing, the most that is possible: execution_template.proto, `parallelism`.
      parallelism: number(outer, "parallelism", { min: 0, max: MAX_TASKS }) || taskCount,
      maxRetries: number(inner, "max_retries", { min: 0, max: MAX_RETRIES }) ?? DEFAULT_RETRIES,
      timeout: timeoutOf(duration(inner, "timeout")),
      serviceAccount: inner.service_account ?? defaultComputeAccount(context.projectNumber),
      containerName: container.name ?? "",
      image: container.image ?? "",
      command: container.command ?? [],
      args: container.args ?? [],
      env: blocks(container, "env").map((each) => variableOf(each, project)),
      labels: outer.labels ?? {},
      annotations: outer.annotations ?? {},
    },
  };
}

function timeoutOf(given = DEFAULT_TIMEOUT): number {
  if (given >= 1_000 && given <= MAX_TIMEOUT) return given;
  throw new Error(`timeout is ${given / 1000} s; allowed: 1 to ${MAX_TIMEOUT / 1000} s`);
}

function variableOf({ name, value, ...rest }: Record<string, unknown>, project: string): Variable {
  const reference = block(rest, "value_source", "secret_key_ref");
  if (!reference) return { name: String(name), value: String(value ?? "") };
  const secret = String(reference.secret);
  return {
    name: String(name),
    secret: {
      name: secret.startsWith("projects/") ? secret : `projects/${project}/secrets/${secret}`,
      version: String(reference.version ?? "latest"),
    },
  };
}

/** Secrets that jobs have in their environment. */
export function secretsOf(
  resources: readonly EvaluatedResource[],
  context: Pick<EmulatorContext, "project" | "projectNumber" | "region">,
): SecretReference[] {
  return resources.filter(isJob).flatMap((resource) => {
    const containers = blocks(block(resource.attributes, "template", "template"), "containers");
    const variables = containers.flatMap((container) => blocks(container, "env"));
    return variables.flatMap((each) => variableOf(each, context.project).secret ?? []);
  });
}

export const isJob = ({ type }: EvaluatedResource) => type === "google_cloud_run_v2_job";
