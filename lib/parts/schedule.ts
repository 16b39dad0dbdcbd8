import {
  CloudSchedulerJob,
  type CloudSchedulerJobConfig,
  type CloudSchedulerJobHttpTarget,
} from "@cdktf/provider-google/lib/cloud-scheduler-job";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Deployment } from "../core/deployment";
import { Duration } from "../core/duration";
import { resourceName } from "../core/names";
import { inSameStack } from "../core/stack";
import { base64Json, literal, type TerraformExpression } from "../core/terraform-text";
import { check, inCharacters, inRange, report, ValidationError } from "../core/validation";
import { RequiredApis } from "./required-apis";
import { type ScheduleTime, scheduleRules } from "./schedule-time";
import { ServiceIdentity } from "./service-identity";
import { OVERRIDDEN_URL, type TaskQueue } from "./task-queue";
import type { IWorker } from "./worker";

/**
 * A task that a schedule creates. Terraform has no resource for tasks: a declared task is a
 * schedule.
 */
export interface ScheduledTask {
  /** The queue that the task is created on. */
  readonly queue: TaskQueue;
  /** The worker that the task calls. */
  readonly worker: IWorker;
  /** Sent as JSON: up to 102400 bytes. */
  readonly body: unknown;
  /**
   * Headers of the request.
   * @default - `Content-Type: application/json`
   */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * How long Cloud Tasks waits for an attempt: 15 seconds to 30 minutes.
   * @default - the timeout of the worker
   */
  readonly dispatchDeadline?: Duration;
}

/**
 * A target, and what the schedule depends on. Otherwise a schedule could run before its target
 * exists.
 */
interface BoundTarget {
  readonly httpTarget: CloudSchedulerJobHttpTarget;
  readonly dependsOn: readonly ITerraformDependable[];
}

/** What a schedule does when it runs. */
export abstract class ScheduleTarget {
  /**
   * Creates a task. The queue limits its rate and retries it.
   *
   * Grants `roles/cloudtasks.enqueuer` on the queue to the schedule's caller and, where tasks carry
   * tokens, `roles/iam.serviceAccountUser` on the queue's caller. Reports OutOfRange, InvalidValue,
   * DeadlineTooShort and OtherStack.
   */
  static createTask(task: ScheduledTask): ScheduleTarget {
    return new TaskTarget(task);
  }

  /**
   * Calls a worker.
   *
   * Grants `roles/run.invoker` on the worker to the schedule's caller. Reports OutOfRange,
   * InvalidValue and OtherStack.
   *
   * @param body sent as JSON
   */
  static invoke(worker: IWorker, body: unknown = {}): ScheduleTarget {
    return new WorkerTarget(worker, body);
  }

  /** @internal */
  abstract bind(schedule: Schedule): BoundTarget;
  /**
   * How long Cloud Scheduler waits for the answer: 15 seconds to 30 minutes.
   *
   * @internal
   */
  abstract readonly deadline: Duration;
}

/** Properties of {@link Schedule}. */
export interface ScheduleProps extends ScheduleTime {
  /** What the schedule does. */
  readonly target: ScheduleTarget;
  /**
   * 1 to 500 of `A-Za-z0-9_-`.
   * @default - made of the construct path and the environment
   */
  readonly name?: string;
  /**
   * Up to 500 characters.
   * @default - none
   */
  readonly description?: string;
  /**
   * Retries of a failed attempt: 0 to 5, 30 seconds to 5 minutes apart. Five take more than ten
   * minutes, enough for quotas per minute and new grants.
   * @default 5
   */
  readonly retries?: number;
  /**
   * Pauses the schedule without deleting it.
   * @default false
   */
  readonly paused?: boolean;
  /**
   * Shallow overrides of the inner `google_cloud_scheduler_job`.
   * @default - none
   */
  readonly overrides?: Partial<CloudSchedulerJobConfig>;
}

/**
 * A Cloud Scheduler job with its own identity.
 *
 * Reports InvalidSchedule, OutOfRange, InvalidName, and what its target reports.
 */
export class Schedule extends Construct {
  /** The inner `google_cloud_scheduler_job`. */
  readonly resource: CloudSchedulerJob;
  /** Name of the resource, known before anything is applied. */
  readonly name: string;
  /** The identity that Cloud Scheduler presents. */
  readonly caller: ServiceIdentity;

  constructor(scope: Construct, id: string, props: ScheduleProps) {
    super(scope, id);
    const { project, region } = Deployment.of(this);
    const timeZone = props.timeZone ?? "Etc/UTC";
    const { deadline } = props.target;
    check(this, [
      ...scheduleRules(props.cron, timeZone),
      inCharacters("description", props.description, 500),
      inRange("retries", props.retries, { min: 0, max: 5, integer: true }),
      inRange("deadline of the schedule", deadline.toSeconds(), { min: 15, max: 1800, unit: "seconds" }),
    ]);

    this.caller = new ServiceIdentity(this, "caller", { description: `Presented by the schedule ${this.node.path}` });
    this.name = resourceName(this, "schedulerJob", props.name);
    const { httpTarget, dependsOn } = props.target.bind(this);
    this.resource = new CloudSchedulerJob(this, "Resource", {
      project,
      region,
      name: this.name,
      description: literal(props.description),
      schedule: literal(props.cron),
      timeZone: literal(timeZone),
      paused: props.paused ?? false,
      attemptDeadline: deadline.toString(),
      retryConfig: {
        retryCount: props.retries ?? 5,
        minBackoffDuration: "30s",
        maxBackoffDuration: "300s",
        maxDoublings: 5,
      },
      httpTarget,
      // Where a token is set, the API may return a header that providers before 7.31 show as a
      // change. Leaving `headers` unset does not help: the header is a change all the same, and
      // 6.50 crashes where the API returns none.
      lifecycle: { ignoreChanges: ['http_target[0].headers["Authorization"]'] },
      dependsOn: [...RequiredApis.of(this).ready("cloudscheduler"), ...dependsOn],
      ...props.overrides,
    });
  }
}

/**
 * A task may have 1 MiB. The body is encoded twice, in a task in a job of at most 1 MB, so far less
 * is left.
 */
const MAX_TASK_BODY_BYTES = 102_400;

const ONE_STACK = "make the schedule in the stack of what it calls";

class TaskTarget extends ScheduleTarget {
  readonly deadline = Duration.minutes(1);

  constructor(private readonly task: ScheduledTask) {
    super();
  }

  bind(schedule: Schedule): BoundTarget {
    const { queue } = this.task;
    const { caller } = schedule;
    const sameStack = inSameStack(schedule, queue, ONE_STACK);
    return {
      httpTarget: {
        httpMethod: "POST",
        uri: `https://cloudtasks.googleapis.com/v2/${queue.fullName}/tasks`,
        headers: { "Content-Type": "application/json" },
        body: base64Json({ task: this.taskOf(schedule) }).toString(),
        oauthToken: { serviceAccountEmail: caller.email, scope: "https://www.googleapis.com/auth/cloud-platform" },
      },
      dependsOn: sameStack ? allowCreation(queue, caller) : [],
    };
  }

  /**
   * The task as the Cloud Tasks API takes it. It has no name, because the task of the next run
   * would count as a duplicate.
   */
  private taskOf(schedule: Schedule) {
    const { queue, worker } = this.task;
    const body = bodyOf(schedule, this.task.body, MAX_TASK_BODY_BYTES);
    const headers = { "Content-Type": "application/json", ...this.task.headers };
    const dispatchDeadline = queue.dispatchDeadline(worker, this.task.dispatchDeadline).toString();
    const request = { httpMethod: "POST", headers, body };
    return queue.hasTarget
      ? { httpRequest: { ...request, url: OVERRIDDEN_URL }, dispatchDeadline }
      : {
          httpRequest: {
            ...request,
            url: worker.uri,
            oidcToken: { serviceAccountEmail: queue.caller.email, audience: worker.uri },
          },
          dispatchDeadline,
        };
  }
}

/**
 * Lets a caller create tasks.
 *
 * @returns what must exist before the first task
 */
function allowCreation(queue: TaskQueue, caller: ServiceIdentity): ITerraformDependable[] {
  const enqueuer = queue.grantEnqueue(caller);
  return [...queue.ready, enqueuer, ...(queue.hasTarget ? [] : [queue.caller.grantActAs(caller)])];
}

class WorkerTarget extends ScheduleTarget {
  readonly deadline: Duration;

  constructor(
    private readonly worker: IWorker,
    private readonly body: unknown,
  ) {
    super();
    this.deadline = worker.timeout.clamp(Duration.seconds(15), worker.timeout);
  }

  bind(schedule: Schedule): BoundTarget {
    const { caller } = schedule;
    const sameStack = inSameStack(schedule, this.worker, ONE_STACK);
    return {
      httpTarget: {
        httpMethod: "POST",
        uri: this.worker.uri,
        headers: { "Content-Type": "application/json" },
        body: bodyOf(schedule, this.body).toString(),
        oidcToken: { serviceAccountEmail: caller.email, audience: this.worker.uri },
      },
      dependsOn: sameStack ? [this.worker.grantInvoke(caller)] : [],
    };
  }
}

/** The body of a request. Reports values that JSON cannot hold, and a body that is too large. */
function bodyOf(schedule: Schedule, body: unknown, max?: number): TerraformExpression {
  try {
    const json = base64Json(body);
    if (max !== undefined) {
      const bytes = Buffer.byteLength(JSON.stringify(body));
      check(schedule, [inRange("body of the task", bytes, { min: 0, max, unit: "bytes" })]);
    }
    return json;
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    report(schedule, error.code, `body: ${error.detail}`);
    return base64Json({});
  }
}
