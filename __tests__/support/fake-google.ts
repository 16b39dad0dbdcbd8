import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { PassThroughClient } from "google-auth-library";
import { type AuthorizedClient, googleApi } from "../../functions/shared/google-api";
import { createLog } from "../../functions/shared/log";
import { objectStore } from "../../functions/shared/storage";
import type { StorageServices } from "../../functions/shared/storage-services";
import { ApiError } from "./api-error";
import { FakeBuckets } from "./fake-buckets";
import { FakeJobs } from "./fake-jobs";
import { FakeSubscriptions } from "./fake-subscriptions";
import { checkJson, checkMessage, checkTask, type FakeTask, type Published } from "./google-limits";

/**
 * What goes wrong with one request: it is slow, its connection drops, or it is answered with an
 * error.
 */
export interface Fault {
  /** Milliseconds before anything happens. */
  delay?: number;
  drop?: boolean;
  /** An object's bytes stop halfway. */
  cut?: boolean;
  status?: number;
  reason?: string;
  message?: string;
  headers?: Record<string, string>;
  /** The effect happens, and only the answer is lost or wrong. */
  after?: boolean;
}

const echo = (instance: unknown): unknown => ({ echo: instance });
const impatience = { tries: 3, minDelay: 1, maxDelay: 5 };

/**
 * Google's APIs, as far as the functions use them, on one local HTTP server: state in plain fields,
 * faults by script. requests come as `/<host>/<path>`.
 */
export class FakeGoogle {
  readonly buckets = new FakeBuckets();
  readonly subscriptions = new FakeSubscriptions();
  /** Jobs that take a while. */
  readonly longJobs = new FakeJobs();
  readonly tasks = new Map<string, FakeTask>();
  readonly published: Published[] = [];
  readonly executions: { workflow: string; argument: unknown }[] = [];
  readonly jobs: { id: string; name: string; request: unknown }[] = [];
  readonly predictRequests: { endpoint: string; instances: unknown[]; parameters?: unknown }[] = [];
  /** `METHOD host/path` of everything that was asked. */
  readonly requests: string[] = [];
  readonly logLines: string[] = [];
  /** The model. */
  predict: (instance: unknown) => unknown = echo;
  jobsPerPage = 50;

  private readonly faults: { pattern: RegExp; fault: Fault }[] = [];
  private readonly server: Server = createServer((request, response) => void this.serve(request, response));

  static async start(): Promise<FakeGoogle> {
    const fake = new FakeGoogle();
    await new Promise<void>((resolve) => fake.server.listen(0, "127.0.0.1", resolve));
    return fake;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** As if just started. */
  reset(): void {
    for (const list of [this.published, this.executions, this.jobs, this.predictRequests]) list.length = 0;
    for (const list of [this.requests, this.logLines, this.faults]) list.length = 0;
    this.tasks.clear();
    this.buckets.clear();
    this.subscriptions.clear();
    this.longJobs.reset();
    this.predict = echo;
    this.jobsPerPage = 50;
  }

  /** The next requests that match (`METHOD host/path?query`) fail, one fault each, in order. */
  failNext(pattern: RegExp, ...faults: Fault[]): void {
    this.faults.push(...faults.map((fault) => ({ pattern, fault })));
  }

  /** Requests that match. */
  asked(pattern: RegExp): string[] {
    return this.requests.filter((request) => pattern.test(request));
  }

  /** Entries of the functions' logs. */
  get log(): Record<string, unknown>[] {
    return this.logLines.map((line) => JSON.parse(line));
  }

  /**
   * Services for a handler under test, which end here.
   *
   * @param timeoutSeconds the function's own timeout
   */
  services(name = "under-test", timeoutSeconds?: number): StorageServices {
    const base = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    const client = new PassThroughClient();
    const redirected: AuthorizedClient = {
      // gaxios imports its fetch at run time, which Jest's module registry cannot.
      request: ({ url, ...options }) =>
        client.request({ ...options, url: url.replace(/^https:\//, base), fetchImplementation: fetch }),
    };
    const api = googleApi(redirected, impatience);
    return {
      name,
      google: api,
      storage: objectStore(api),
      log: createLog({ component: name }, (line) => this.logLines.push(line)),
      project: "my-project",
      timeoutSeconds,
    };
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://fake");
    const storage = url.pathname.startsWith("/storage.googleapis.com/");
    const line = `${request.method} ${request.url?.slice(1)}`;
    this.requests.push(line);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);

    const at = this.faults.findIndex(({ pattern }) => pattern.test(line));
    const fault = at === -1 ? undefined : this.faults.splice(at, 1)[0]?.fault;
    if (fault?.delay) await sleep(fault.delay, undefined, { ref: false });
    const broken = fault && (fault.drop || fault.status !== undefined);
    if (broken && !fault.after) return this.break(fault, response);
    try {
      const effect = storage ? undefined : this.call(request.method ?? "", url, body);
      if (broken) {
        if (storage) this.buckets.serve(request, url, body);
        return this.break(fault, response);
      }
      if (storage) this.buckets.serve(request, url, body, response, fault?.cut);
      else answerJson(response, 200, effect ?? {});
    } catch (error) {
      if (broken) return this.break(fault, response);
      if (!(error instanceof ApiError)) throw error;
      answerError(response, error.status, error.reason, error.message);
    }
  }

  private break(fault: Fault, response: ServerResponse): void {
    if (fault.status === undefined) {
      response.destroy();
      return;
    }
    for (const [name, value] of Object.entries(fault.headers ?? {})) response.setHeader(name, value);
    answerError(response, fault.status, fault.reason ?? "FAULT", fault.message ?? "scripted fault");
  }

  private call(method: string, url: URL, bytes: Buffer): object {
    const { pathname, searchParams } = url;
    const body = bytes.length > 0 ? JSON.parse(bytes.toString()) : {};
    checkJson(body);
    const job = this.longJobs.call(method, url, body);
    if (job) return job;
    const route = `${method} ${pathname}`;
    let match = /^POST \/cloudtasks\.googleapis\.com\/v2\/(.*)\/tasks$/.exec(route);
    if (match) return this.createTask(body.task);
    match = /^POST \/pubsub\.googleapis\.com\/v1\/(.*):publish$/.exec(route);
    if (match) return this.publish(match[1] ?? "", body.messages);
    match = /^POST \/pubsub\.googleapis\.com\/v1\/(.*):(pull|acknowledge|modifyAckDeadline)$/.exec(route);
    if (match) return this.subscriptions[match[2] as "pull"](match[1] ?? "", body);
    match = /^POST \/workflowexecutions\.googleapis\.com\/v1\/(.*)\/executions$/.exec(route);
    if (match) {
      this.executions.push({ workflow: match[1] ?? "", argument: JSON.parse(body.argument) });
      return { name: `${match[1]}/executions/${this.executions.length}`, state: "ACTIVE" };
    }
    match =
      /^POST \/([a-z0-9-]+-aiplatform\.googleapis\.com|[^/]+\.prediction\.vertexai\.goog)\/v1\/(.*):predict$/.exec(
        route,
      );
    if (match) {
      this.predictRequests.push({ endpoint: match[2] ?? "", ...body });
      return { predictions: body.instances.map(this.predict), deployedModelId: "1" };
    }
    match = /^GET \/dataflow\.googleapis\.com\/v1b3\/.*\/jobs$/.exec(route);
    if (match) return this.listJobs(searchParams);
    match = /^POST \/dataflow\.googleapis\.com\/v1b3\/(.*)\/(templates|flexTemplates):launch$/.exec(route);
    if (match) {
      const name = (body.launchParameter ?? body).jobName;
      if (this.jobs.some((job) => job.name === name)) throw new ApiError(409, "ALREADY_EXISTS", "The job is active");
      const job = {
        id: `id-${this.jobs.length + 1}`,
        name,
        request: { ...body, gcsPath: searchParams.get("gcsPath") },
      };
      this.jobs.push(job);
      this.longJobs.launched(match[1] ?? "", job.id, body);
      return { job: { id: job.id, name } };
    }
    throw new ApiError(404, "NOT_FOUND", `no such method: ${route}`);
  }

  private createTask(task: FakeTask): object {
    checkTask(task);
    if (this.tasks.has(task.name)) throw new ApiError(409, "ALREADY_EXISTS", "Requested entity already exists");
    this.tasks.set(task.name, task);
    return task;
  }

  private publish(topic: string, messages: (Omit<Published, "topic" | "data"> & { data: string })[]): object {
    for (const { data, attributes, orderingKey } of messages) {
      const message = { topic, data: Buffer.from(data, "base64"), attributes, ...(orderingKey && { orderingKey }) };
      checkMessage(message);
      this.published.push(message);
    }
    return { messageIds: messages.map((_, i) => String(this.published.length - messages.length + i + 1)) };
  }

  private listJobs(query: URLSearchParams): object {
    const found = this.jobs.filter(({ name }) => name.startsWith(query.get("name") ?? ""));
    const from = Number(query.get("pageToken") ?? 0);
    const next = from + this.jobsPerPage;
    return {
      jobs: found.slice(from, next).map(({ id, name }) => ({ id, name })),
      ...(next < found.length && { nextPageToken: String(next) }),
    };
  }
}

function answerJson(response: ServerResponse, status: number, body: object): void {
  response.statusCode = status;
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify(body));
}

function answerError(response: ServerResponse, code: number, status: string, message: string): void {
  answerJson(response, code, { error: { code, status, message } });
}
