import { block, blocks, defaultComputeAccount } from "@cdktf-serverless-ml/terraform-json";
import type { EmulatorContext, EvaluatedResource } from "../core/emulator";
import { duration, number } from "../core/terraform-values";
import { containerSize } from "../run/billed-workers";
import { type BucketMount, containerOf } from "../run/container";
import type { Programs } from "../run/container-run";
import { missingCommand } from "../run/local-programs";
import type { MachineSize } from "../run/machine-size";
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
  readonly mounts: readonly BucketMount[];
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
  /** Of each task's instance. */
  readonly size: MachineSize;
}

/** @throws Error for what a job cannot have */
export function settingsOf(
  { address, attributes }: EvaluatedResource,
  context: Pick<EmulatorContext, "project" | "projectNumber" | "region">,
): JobSettings {
  const { name: id, project = context.project, location = context.region } = attributes;
  const outer = block(attributes, "template") ?? {};
  const inner = block(outer, "template") ?? {};
  const count = blocks(inner, "containers").length;
  if (count !== 1) throw new Error(`template.template.containers: given ${count}; simulated: one, without sidecars`);
  const container = containerOf(inner, project);
  const taskCount = number(outer, "task_count", { min: 1, max: MAX_TASKS }) ?? 1;
  return {
    address,
    id,
    location,
    name: `projects/${project}/locations/${location}/jobs/${id}`,
    labels: attributes.labels ?? {},
    size: containerSize(block(inner, "containers", "resources", "limits")),
    template: {
      taskCount,
      // With 0 or nothing, the most that is possible: execution_template.proto, `parallelism`.
      parallelism: number(outer, "parallelism", { min: 0, max: MAX_TASKS }) || taskCount,
      maxRetries: number(inner, "max_retries", { min: 0, max: MAX_RETRIES }) ?? DEFAULT_RETRIES,
      timeout: timeoutOf(duration(inner, "timeout")),
      serviceAccount: inner.service_account ?? defaultComputeAccount(context.projectNumber),
      containerName: block(inner, "containers")?.name ?? "",
      image: container.image,
      command: container.command ?? [],
      args: container.args ?? [],
      env: [
        ...Object.entries(container.environment).map(([name, value]) => ({ name, value })),
        ...container.secrets.map(({ variable: name, ...secret }) => ({ name, secret })),
      ],
      mounts: container.mounts,
      labels: outer.labels ?? {},
      annotations: outer.annotations ?? {},
    },
  };
}

function timeoutOf(given = DEFAULT_TIMEOUT): number {
  if (given >= 1_000 && given <= MAX_TIMEOUT) return given;
  throw new Error(`timeout is ${given / 1000} s; allowed: 1 to ${MAX_TIMEOUT / 1000} s`);
}

/** Secrets that jobs have in their environment. */
export function secretsOf(
  resources: readonly EvaluatedResource[],
  { project }: Pick<EmulatorContext, "project">,
): SecretReference[] {
  const templates = resources.filter(isJob).map(({ attributes }) => block(attributes, "template", "template"));
  return templates.flatMap((template) => containerOf(template, project).secrets);
}

/** Why jobs cannot run here, and what to do about it. */
export function missingJobs(resources: readonly EvaluatedResource[], programs: Pick<Programs, "canRun">): string[] {
  return resources.filter(isJob).flatMap(({ address, attributes }) => {
    const image = block(attributes, "template", "template", "containers")?.image;
    const target = { name: attributes.name, address, image };
    return programs.canRun(target) ? [] : [missingCommand(target)];
  });
}

export const isJob = ({ type }: EvaluatedResource) => type === "google_cloud_run_v2_job";
