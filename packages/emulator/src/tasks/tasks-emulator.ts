import { ApiError } from "../core/api-error";
import type { EmulatorContext, EvaluatedResource } from "../core/emulator";
import { LoadProblems } from "../core/load-error";
import type { Call } from "../core/rpc";
import type { Emulator } from "../core/service";
import { readEnum, readText, rejectUnknownFields } from "../core/values";
import { Queue, type QueueState } from "./queue";
import { queueSettings } from "./queue-settings";
import type { CreatedTask } from "./queued-task";
import { queueResource, taskResource, VIEWS, type View } from "./resources";
import { readTask } from "./task";

const MAX_PAGE = 1000;

/** Emulates Cloud Tasks. What it does and does not: FIDELITY.md. */
export class TasksEmulator implements Emulator {
  /** Methods and paths: google/cloud/tasks/v2/cloudtasks.proto. */
  readonly handlers = {
    CreateTask: (call: Call) => this.createTask(call),
    GetTask: (call: Call) => this.getTask(call),
    ListTasks: (call: Call) => this.listTasks(call),
    DeleteTask: (call: Call) => this.deleteTask(call),
    GetQueue: (call: Call) => this.getQueue(call),
  };
  /** All tasks that queues accepted, in their order. */
  readonly created: CreatedTask[] = [];
  private readonly queues = new Map<string, Queue>();

  /** @throws LoadError for queues that cannot be simulated */
  constructor(
    private readonly context: EmulatorContext,
    resources: readonly EvaluatedResource[],
  ) {
    const { project, region } = context;
    const problems = new LoadProblems();
    for (const resource of resources.filter(({ type }) => type === "google_cloud_tasks_queue")) {
      const settings = problems.attempt(resource.address, () => queueSettings(resource, project, region));
      if (settings) this.queues.set(settings.name, new Queue(context, settings));
    }
    problems.throwIfAny();
  }

  pending(): number {
    return [...this.queues.values()].reduce((sum, queue) => sum + queue.size, 0);
  }

  stop(): void {
    for (const queue of this.queues.values()) queue.stop();
  }

  states(): QueueState[] {
    return [...this.queues.values()].map((queue) => queue.state());
  }

  /** @param id of the queue. @throws ApiError NOT_FOUND */
  setPaused(id: string, paused: boolean): void {
    const queues = [...this.queues.values()].filter(({ settings }) => settings.id === id);
    if (queues.length === 0) throw new ApiError("NOT_FOUND", `There is no queue ${id}`);
    for (const queue of queues) queue.setPaused(paused);
  }

  private createTask(call: Call): object {
    const { request, caller, wire } = call;
    rejectUnknownFields(request, ["parent", "task", "responseView"], "");
    const name = readText(request.parent, "parent");
    const view = this.authorizedView(call, name, request.responseView, "cloudtasks.tasks.create");
    const task = readTask(request.task, name, this.context.clock.now());
    const queue = this.queue(name);
    if (task.identity) {
      const account = `projects/${this.context.project}/serviceAccounts/${task.identity.email}`;
      this.context.authorizer.require(caller, "iam.serviceAccounts.actAs", account);
    }
    const queued = queue.add(task);
    this.context.recorder.made?.(`queue ${queue.settings.id} task ${queued.id}`, caller);
    this.created.push(queued);
    return taskResource(queued, name, view, wire);
  }

  private getTask(call: Call): object {
    const { queue, id } = splitName(call.request.name);
    const view = this.authorizedView(call, queue, call.request.responseView, "cloudtasks.tasks.get");
    return taskResource(this.queue(queue).get(id), queue, view, call.wire);
  }

  private listTasks(call: Call): object {
    const { request, wire } = call;
    const name = readText(request.parent, "parent");
    const view = this.authorizedView(call, name, request.responseView, "cloudtasks.tasks.list");
    const size = Math.min(Number(request.pageSize) || MAX_PAGE, MAX_PAGE);
    const after = request.pageToken ? Number(request.pageToken) : -1;
    if (!(size > 0) || Number.isNaN(after)) throw new ApiError("INVALID_ARGUMENT", "Invalid pageSize or pageToken.");
    const page = [];
    for (const task of this.queue(name).list(after)) {
      if (page.length === size) {
        const nextPageToken = String(page.at(-1)?.order);
        return { tasks: page.map((each) => taskResource(each, name, view, wire)), nextPageToken };
      }
      page.push(task);
    }
    return { tasks: page.map((each) => taskResource(each, name, view, wire)) };
  }

  private deleteTask({ request, caller }: Call): object {
    const { queue, id } = splitName(request.name);
    this.context.authorizer.require(caller, "cloudtasks.tasks.delete", queue);
    this.queue(queue).delete(id);
    return {};
  }

  private getQueue({ request, caller, wire }: Call): object {
    const name = readText(request.name, "name");
    this.context.authorizer.require(caller, "cloudtasks.queues.get", name);
    return queueResource(this.queue(name).settings, wire);
  }

  /**
   * The full view needs a permission of its own: `Task.View` in google/cloud/tasks/v2/task.proto.
   */
  private authorizedView({ caller }: Call, queue: string, given: unknown, permission: string): View {
    const { authorizer } = this.context;
    authorizer.require(caller, permission, queue);
    // Numbers stand as texts in a query.
    const value = typeof given === "string" && /^\d$/.test(given) ? Number(given) : given;
    if (readEnum(value, VIEWS, "response_view") !== "FULL") return "BASIC";
    authorizer.require(caller, "cloudtasks.tasks.fullView", queue);
    return "FULL";
  }

  private queue(name: string): Queue {
    const queue = this.queues.get(name);
    if (queue) return queue;
    throw new ApiError(
      "NOT_FOUND",
      "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize.",
    );
  }
}

function splitName(name: unknown): { queue: string; id: string } {
  const [, queue = "", id = ""] =
    /^(projects\/[^/]+\/locations\/[^/]+\/queues\/[^/]+)\/tasks\/([^/]+)$/.exec(String(name)) ?? [];
  if (!queue) throw new ApiError("INVALID_ARGUMENT", `Invalid task name ${JSON.stringify(name)}.`);
  return { queue, id };
}
