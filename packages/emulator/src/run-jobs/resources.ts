import { createHash } from "node:crypto";
import { rfc3339 } from "../core/values";
import type { JobSettings, Template } from "./settings";

/** The condition `Completed` of an execution. Source: google/cloud/run/v2/condition.proto. */
export interface Condition {
  readonly state: "CONDITION_PENDING" | "CONDITION_RECONCILING" | "CONDITION_SUCCEEDED" | "CONDITION_FAILED";
  readonly time: number;
  readonly message?: string;
  readonly executionReason?: "NON_ZERO_EXIT_CODE" | "CANCELLING" | "CANCELLED";
}

/** What answers say of an execution. Times in milliseconds since 1970. */
export interface ExecutionView {
  readonly id: string;
  /** `projects/P/locations/L/jobs/J/executions/E` */
  readonly name: string;
  readonly uid: string;
  readonly created: number;
  readonly started?: number;
  readonly completed?: number;
  readonly condition: Condition;
  /** Tasks that have been retried. */
  readonly retried: number;
  readonly options: { readonly job: JobSettings; readonly template: Template; readonly creator: string };
  /** How many tasks have a state. */
  count(state: "running" | "succeeded" | "failed" | "cancelled"): number;
}

/** Source: google/cloud/run/v2/execution.proto. Counts of 0 are left out, as JSON has them. */
export function executionResource(execution: ExecutionView): object {
  const { options, condition, started, completed, uid, id, name, created } = execution;
  const { template, job, creator } = options;
  const counts = {
    runningCount: execution.count("running"),
    succeededCount: execution.count("succeeded"),
    failedCount: execution.count("failed"),
    cancelledCount: execution.count("cancelled"),
    retriedCount: execution.retried,
  };
  return {
    name,
    uid,
    creator,
    generation: "1",
    ...metadata(template),
    createTime: rfc3339(created),
    ...(started !== undefined && { startTime: rfc3339(started) }),
    ...(completed !== undefined && { completionTime: rfc3339(completed) }),
    updateTime: rfc3339(condition.time),
    launchStage: "GA",
    job: job.id,
    parallelism: template.parallelism,
    taskCount: template.taskCount,
    template: taskTemplate(template),
    reconciling: completed === undefined,
    conditions: [
      {
        type: "Completed",
        state: condition.state,
        ...(condition.message !== undefined && { message: condition.message }),
        ...(condition.executionReason !== undefined && { executionReason: condition.executionReason }),
        lastTransitionTime: rfc3339(condition.time),
      },
    ],
    observedGeneration: "1",
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
    etag: etagOf(id, String(condition.time)),
  };
}

/** Source: google/cloud/run/v2/job.proto, `Job`. */
export function jobResource(job: JobSettings, executions: readonly ExecutionView[], created: number): object {
  const { name, labels, template } = job;
  const latest = executions.at(-1);
  return {
    name,
    generation: "1",
    ...(Object.keys(labels).length > 0 && { labels }),
    createTime: rfc3339(created),
    updateTime: rfc3339(created),
    launchStage: "GA",
    template: {
      ...metadata(template),
      parallelism: template.parallelism,
      taskCount: template.taskCount,
      template: taskTemplate(template),
    },
    observedGeneration: "1",
    terminalCondition: { type: "Ready", state: "CONDITION_SUCCEEDED", lastTransitionTime: rfc3339(created) },
    ...(executions.length > 0 && { executionCount: executions.length }),
    ...(latest && {
      latestCreatedExecution: {
        name: latest.id,
        createTime: rfc3339(latest.created),
        ...(latest.completed !== undefined && { completionTime: rfc3339(latest.completed) }),
      },
    }),
    etag: etagOf(name),
  };
}

function metadata({ labels, annotations }: Template): object {
  return {
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(Object.keys(annotations).length > 0 && { annotations }),
  };
}

function taskTemplate({
  containerName,
  image,
  command,
  args,
  env,
  maxRetries,
  timeout,
  serviceAccount,
}: Template): object {
  return {
    containers: [
      {
        ...(containerName !== "" && { name: containerName }),
        image,
        ...(command.length > 0 && { command }),
        ...(args.length > 0 && { args }),
        ...(env.length > 0 && {
          env: env.map(({ name, value, secret }) => ({
            name,
            ...(secret
              ? { valueSource: { secretKeyRef: { secret: secret.name, version: secret.version } } }
              : { value }),
          })),
        }),
      },
    ],
    maxRetries,
    timeout: `${timeout / 1000}s`,
    serviceAccount,
  };
}

function etagOf(...parts: readonly string[]): string {
  return `"${createHash("sha256").update(parts.join()).digest("base64url").slice(0, 22)}"`;
}
