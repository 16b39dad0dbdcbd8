import {
  CloudTasksQueue,
  type CloudTasksQueueConfig,
  type CloudTasksQueueHttpTarget,
} from "@cdktf/provider-google/lib/cloud-tasks-queue";
import type { CloudTasksQueueIamMember } from "@cdktf/provider-google/lib/cloud-tasks-queue-iam-member";
import { Fn, type ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import { Deployment } from "../core/deployment";
import { Duration } from "../core/duration";
import type { IGrantable } from "../core/grantee";
import { resourceName } from "../core/names";
import { inSameStack } from "../core/stack";
import { check, inRange, isKnown, report } from "../core/validation";
import type { IDeadLetter } from "./publish-target";
import { RequiredApis } from "./required-apis";
import { ServiceAgents } from "./service-agents";
import { ServiceIdentity } from "./service-identity";
import { addQueueAlerts } from "./task-queue-alerts";
import { ImportedQueue, type ITaskQueue, QueueBase } from "./task-queue-base";
import { retryRules, type TaskRetry, withDefaults } from "./task-retry";
import type { IWorker } from "./worker";

/** Properties of {@link TaskQueue}. */
export interface TaskQueueProps {
  /**
   * 1 to 100 of `A-Za-z0-9-`. The name of a deleted queue is blocked for 3 days (API definition) to
   * 7 days (older pages). Creating a queue of that name meanwhile may seem to succeed.
   * @default - made of the construct path and the environment
   */
  readonly name?: string;
  /**
   * Tasks that are dispatched per second: above 0, to 500.
   * @default 500
   */
  readonly maxDispatchesPerSecond?: number;
  /**
   * Tasks in progress at one time: 1 to 5000. Every worker of the queue must be able to take all
   * of them.
   * @default 10
   */
  readonly maxConcurrentDispatches?: number;
  /**
   * Attempts at a task, and the waits between them.
   * @default - 12 attempts, 1 second to 5 minutes apart
   */
  readonly retry?: TaskRetry;
  /**
   * Share of operations that are logged: 0 to 1.
   * @default 1
   */
  readonly loggingRatio?: number;
  /**
   * Receives tasks that have no attempts left or can never succeed. Cloud Tasks has no dead
   * letters: the workers of the queue send tasks there, and the queue itself never gives up.
   * @default - the queue drops a task after `maxAttempts`
   */
  readonly deadLetter?: IDeadLetter;
  /**
   * Shallow overrides of the inner `google_cloud_tasks_queue`.
   * @default - none
   */
  readonly overrides?: Partial<CloudTasksQueueConfig>;
}

/** Cloud Tasks requires a URL in each task. A queue with a target replaces this one. */
export const OVERRIDDEN_URL = "https://overridden-by-queue.invalid/";

const ONE_STACK =
  "make the queue in the stack of its workers; those who enqueue may be elsewhere: grantEnqueue(externalGrantee(…))";

/**
 * A Cloud Tasks queue. It either dispatches all tasks to one worker
 * ({@link TaskQueue.dispatchTo}), or carries tasks for several workers
 * ({@link TaskQueue.addTarget}). In the latter case each task has its own URL and token.
 */
export class TaskQueue extends QueueBase {
  /**
   * A queue of the deployment's project and region that this app does not create. Reports
   * InvalidName.
   *
   * `grantEnqueue` is enough where the queue dispatches all tasks to one worker. Where tasks
   * carry tokens, a principal that enqueues also needs `roles/iam.serviceAccountUser` on the
   * queue's caller. The app that creates the queue grants both:
   * `queue.grantEnqueue(externalGrantee("serviceAccount:…"))`.
   */
  static fromName(scope: Construct, id: string, name: string): ITaskQueue {
    return new ImportedQueue(scope, id, name);
  }

  /** The inner `google_cloud_tasks_queue`. */
  readonly resource: CloudTasksQueue;
  /** Name of the resource, known before anything is applied. */
  readonly name: string;
  /** Tasks in progress at one time. */
  readonly maxConcurrentDispatches: number;
  /** Attempts at a task, counted by its worker where there is a dead letter. */
  readonly maxAttempts: number;
  private readonly deadLetter?: IDeadLetter;
  private readonly enqueuers: IGrantable[] = [];
  /** Grants without which tasks reach no worker. */
  private readonly deliveryGrants: ITerraformDependable[] = [];
  private readonly targets: IWorker[] = [];
  private identity?: ServiceIdentity;
  private dispatchesAll = false;

  constructor(scope: Construct, id: string, props: TaskQueueProps = {}) {
    super(scope, id);
    const { deadLetter } = props;
    const rate = props.maxDispatchesPerSecond ?? 500;
    const retry = withDefaults(props.retry ?? {});
    this.maxAttempts = retry.maxAttempts;
    this.maxConcurrentDispatches = props.maxConcurrentDispatches ?? 10;
    this.deadLetter = deadLetter;
    check(this, [
      inRange("maxDispatchesPerSecond", rate, { min: 0.001, max: 500, unit: "per second" }),
      inRange("maxConcurrentDispatches", this.maxConcurrentDispatches, { min: 1, max: 5000, integer: true }),
      ...retryRules(retry),
      inRange("loggingRatio", props.loggingRatio, { min: 0, max: 1 }),
    ]);

    const { project, region } = Deployment.of(this);
    this.name = resourceName(this, "queue", props.name);
    this.resource = new CloudTasksQueue(this, "Resource", {
      project,
      location: region,
      name: this.name,
      rateLimits: { maxDispatchesPerSecond: rate, maxConcurrentDispatches: this.maxConcurrentDispatches },
      retryConfig: {
        maxAttempts: deadLetter ? -1 : this.maxAttempts,
        minBackoff: retry.minBackoff.toString(),
        maxBackoff: retry.maxBackoff.toString(),
        maxDoublings: retry.maxDoublings,
      },
      stackdriverLoggingConfig: { samplingRatio: props.loggingRatio ?? 1 },
      dependsOn: RequiredApis.of(this).ready("cloudtasks"),
      ...props.overrides,
    });
    addQueueAlerts(this, this.name, retry.maxBackoff);
  }

  /** The identity that the queue presents to its workers. Created when it is first read. */
  get caller(): ServiceIdentity {
    this.identity ??= this.createCaller();
    return this.identity;
  }

  /** The workers that its tasks call. */
  get workers(): readonly IWorker[] {
    return this.targets;
  }

  /**
   * What must exist before the first task is created. Otherwise the task would be lost or wait for
   * a grant.
   */
  get ready(): readonly ITerraformDependable[] {
    return [this.resource, ...this.deliveryGrants];
  }

  protected get reference(): string {
    return this.resource.name;
  }

  /**
   * True where the queue dispatches all tasks to one worker, so that tasks need no URL and no
   * token.
   */
  get hasTarget(): boolean {
    return this.dispatchesAll;
  }

  /**
   * Sends every task of this queue to one worker, with a token of {@link TaskQueue.caller}.
   * Principals that enqueue need only {@link TaskQueue.grantEnqueue}.
   *
   * Grants `roles/run.invoker` on the worker to the caller, and `roles/iam.serviceAccountUser` on
   * the caller to the Cloud Tasks service agent; with a dead letter, what
   * {@link IWorker.useDeadLetter} grants. Whoever deploys needs `iam.serviceAccounts.actAs` on
   * the caller.
   *
   * Reports ConflictingTarget, FleetTooSmall, TimeoutTooLong and OtherStack.
   */
  dispatchTo(worker: IWorker): void {
    if (!inSameStack(this, worker, ONE_STACK)) return;
    if (this.targets.length > 0) {
      report(
        this,
        "ConflictingTarget",
        `the queue already has the target [${this.targets[0]?.node.path}] and cannot dispatch all tasks to [${worker.node.path}]`,
      );
      return;
    }
    this.dispatchesAll = true;
    this.attach(worker);
    const httpTarget: CloudTasksQueueHttpTarget = {
      httpMethod: "POST",
      uriOverride: {
        scheme: "HTTPS",
        host: Fn.replace(worker.uri, "https://", ""),
        pathOverride: { path: "/" },
        uriOverrideEnforceMode: "ALWAYS",
      },
      // Both are required here, though the provider marks the audience as optional.
      oidcToken: { serviceAccountEmail: this.caller.email, audience: worker.uri },
    };
    this.resource.putHttpTarget(httpTarget);
  }

  /**
   * Adds a worker to those that tasks of this queue may call. Each task carries the worker's
   * URL and a token of {@link TaskQueue.caller}.
   *
   * Grants the same as {@link TaskQueue.dispatchTo}, and `roles/iam.serviceAccountUser` on the
   * caller to all principals that may enqueue. Reports ConflictingTarget, FleetTooSmall,
   * TimeoutTooLong and OtherStack.
   */
  addTarget(worker: IWorker): void {
    if (!inSameStack(this, worker, ONE_STACK)) return;
    if (this.dispatchesAll) {
      report(
        this,
        "ConflictingTarget",
        `the queue dispatches all tasks to [${this.targets[0]?.node.path}] and cannot have the target [${worker.node.path}] as well`,
      );
      return;
    }
    this.attach(worker);
    for (const enqueuer of this.enqueuers) this.caller.grantActAs(enqueuer);
  }

  /**
   * Lets a principal create tasks.
   *
   * Grants `roles/cloudtasks.enqueuer` on the queue; where tasks carry tokens
   * ({@link TaskQueue.addTarget}), also `roles/iam.serviceAccountUser` on the caller.
   *
   * @returns the member of `roles/cloudtasks.enqueuer`
   */
  override grantEnqueue(to: IGrantable): CloudTasksQueueIamMember {
    this.enqueuers.push(to);
    if (this.targets.length > 0 && !this.dispatchesAll) this.caller.grantActAs(to);
    return super.grantEnqueue(to);
  }

  /**
   * How long Cloud Tasks waits for an attempt at this worker: 15 seconds to 30 minutes. This is a
   * property of each task, not of the queue, so whoever creates a task sets it.
   *
   * Reports OutOfRange, and DeadlineTooShort where it is shorter than the worker's timeout.
   *
   * @param given by default the timeout of the worker
   */
  dispatchDeadline(worker: IWorker, given?: Duration): Duration {
    const deadline = given ?? worker.timeout.clamp(Duration.seconds(15), Duration.minutes(30));
    check(this, [
      inRange("dispatchDeadline", deadline.toSeconds(), { min: 15, max: 1800, unit: "seconds" }),
      {
        code: "DeadlineTooShort",
        broken: given !== undefined && worker.timeout.isLongerThan(given),
        message: `dispatchDeadline is ${given}, shorter than the timeout of [${worker.node.path}], which is ${worker.timeout}: Cloud Tasks would try again while the worker still works`,
      },
    ]);
    return deadline;
  }

  private attach(worker: IWorker): void {
    this.targets.push(worker);
    const sizes = [this.maxConcurrentDispatches, worker.maxInstances, worker.concurrency];
    const capacity = worker.maxInstances * worker.concurrency;
    check(this, [
      {
        code: "FleetTooSmall",
        broken: sizes.every(isKnown) && capacity < this.maxConcurrentDispatches,
        message: `the queue has ${this.maxConcurrentDispatches} tasks in progress at one time, but [${worker.node.path}] takes ${capacity} (maxInstances ${worker.maxInstances} x concurrency ${worker.concurrency}); lower maxConcurrentDispatches or enlarge the fleet`,
      },
      {
        code: "TimeoutTooLong",
        broken: worker.timeout.toSeconds() > 1800,
        message: `the timeout of [${worker.node.path}] is ${worker.timeout}; Cloud Tasks waits for 1800s at most`,
      },
    ]);
    this.deliveryGrants.push(worker.grantInvoke(this.caller));
    if (this.deadLetter) worker.useDeadLetter(this.deadLetter, this.maxAttempts);
  }

  private createCaller(): ServiceIdentity {
    const caller = new ServiceIdentity(this, "dispatcher", {
      description: `Presented by the queue ${this.node.path} to functions`,
    });
    // https://cloud.google.com/tasks/docs/creating-http-target-tasks asks for this grant (2026-04):
    // the agent mints the tokens. The agent may be created with the first queue only, so the grant
    // depends on the queue, and the queue never on the grant.
    const { member, id, after = [] } = ServiceAgents.of(this).cloudTasks.grantee;
    const agent: IGrantable = { grantee: { member, id, after: [...after, this.resource] } };
    this.deliveryGrants.push(caller.grantActAs(agent));
    return caller;
  }
}
