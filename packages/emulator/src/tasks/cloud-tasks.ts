import { ApiError } from "../core/api-error";
import type {
  Emulator,
  EmulatorContext,
  EvaluatedResource,
  GrpcService,
  RestService,
  Simulated,
} from "../core/emulator";
import { LoadProblems } from "../core/load-error";
import { type Call, grpcService, type Rpc, restService } from "../core/rpc";
import { readEnum, readText, rejectUnknownFields } from "../core/values";
import { Queue } from "./queue";
import { QUEUE_ATTRIBUTES, queueSettings } from "./queue-settings";
import { queueResource, taskResource, VIEWS, type View } from "./resources";
import { readTask } from "./task";

const QUEUE = "projects/*/locations/*/queues/*";
const MAX_PAGE = 1000;

export interface CloudTasksOptions {
  /** Told each task that a queue takes on: ids of the queue and the task, and what it carries. */
  readonly onTask?: (queue: string, id: string, body: Buffer) => void;
}

/** Emulates Cloud Tasks. What it does and does not: FIDELITY.md. */
export class TasksEmulator implements Emulator {
  static readonly simulated: Simulated = { google_cloud_tasks_queue: QUEUE_ATTRIBUTES };

  readonly rest: readonly RestService[];
  readonly grpc: readonly GrpcService[];
  private readonly queues = new Map<string, Queue>();

  /** @throws LoadError for queues that cannot be simulated */
  constructor(
    private readonly context: EmulatorContext,
    resources: readonly EvaluatedResource[],
    private readonly options: CloudTasksOptions = {},
  ) {
    const { project, region } = context;
    const refusals = new LoadProblems();
    for (const resource of resources.filter(({ type }) => type === "google_cloud_tasks_queue")) {
      const settings = refusals.attempt(resource.address, () => queueSettings(resource, project, region));
      if (settings) this.queues.set(settings.name, new Queue(context, settings));
    }
    refusals.throwIfAny();

    const hosts = ["cloudtasks.googleapis.com"];
    const rpcs = this.rpcs();
    this.rest = [restService({ hosts, rpcs, data: ["headers"] })];
    const protos = "@google-cloud/tasks/build/protos/protos.json";
    this.grpc = [grpcService("google.cloud.tasks.v2.CloudTasks", { hosts, protos, rpcs })];
  }

  pending(): number {
    return [...this.queues.values()].reduce((sum, queue) => sum + queue.size, 0);
  }

  stop(): void {
    for (const queue of this.queues.values()) queue.stop();
  }

  /** Methods and paths: google/cloud/tasks/v2/cloudtasks.proto. */
  private rpcs(): Rpc[] {
    return [
      { name: "CreateTask", http: `POST /v2/{parent=${QUEUE}}/tasks`, run: (call) => this.createTask(call) },
      { name: "GetTask", http: `GET /v2/{name=${QUEUE}/tasks/*}`, run: (call) => this.getTask(call) },
      { name: "ListTasks", http: `GET /v2/{parent=${QUEUE}}/tasks`, run: (call) => this.listTasks(call) },
      { name: "DeleteTask", http: `DELETE /v2/{name=${QUEUE}/tasks/*}`, run: (call) => this.deleteTask(call) },
      { name: "GetQueue", http: `GET /v2/{name=${QUEUE}}`, run: (call) => this.getQueue(call) },
      { name: "RunTask", http: `POST /v2/{name=${QUEUE}/tasks/*}:run` },
      { name: "ListQueues", http: "GET /v2/{parent=projects/*/locations/*}/queues" },
      { name: "CreateQueue", http: "POST /v2/{parent=projects/*/locations/*}/queues" },
      { name: "UpdateQueue", http: `PATCH /v2/{name=${QUEUE}}` },
      { name: "DeleteQueue", http: `DELETE /v2/{name=${QUEUE}}` },
      { name: "PurgeQueue", http: `POST /v2/{name=${QUEUE}}:purge` },
      { name: "PauseQueue", http: `POST /v2/{name=${QUEUE}}:pause` },
      { name: "ResumeQueue", http: `POST /v2/{name=${QUEUE}}:resume` },
      { name: "GetIamPolicy", http: `POST /v2/{resource=${QUEUE}}:getIamPolicy` },
      { name: "SetIamPolicy", http: `POST /v2/{resource=${QUEUE}}:setIamPolicy` },
      { name: "TestIamPermissions", http: `POST /v2/{resource=${QUEUE}}:testIamPermissions` },
    ];
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
    this.options.onTask?.(queue.settings.id, queued.id, task.body);
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

  /** The full view needs a permission of its own: `Task.View` in google/cloud/tasks/v2/task.proto. */
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
