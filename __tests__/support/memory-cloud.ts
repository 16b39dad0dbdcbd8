import { setImmediate as nextTurn } from "node:timers/promises";
import { GoogleApiError, PermanentError } from "../../functions/shared/errors";
import type { GoogleApi } from "../../functions/shared/google-api";
import type { HttpHandler, HttpRequest } from "../../functions/shared/http";
import type { ListQuery, ObjectName, ObjectPage, ObjectStore, OpenObject } from "../../functions/shared/storage";
import type { StorageServices } from "../../functions/shared/storage-services";
import type { FakeTask } from "./google-limits";

/** What happens to a call: it fails before or after its effect. */
export type CallFault = "before" | "after" | undefined;

interface MemoryObject {
  bytes: Buffer;
  timeCreated: string;
}

const folderOf = (name: string) => name.slice(0, name.lastIndexOf("/") + 1);

/**
 * Cloud Storage, Cloud Tasks and Pub/Sub in plain memory, without HTTP: for tests with thousands of
 * objects and tasks. One bucket.
 */
export class MemoryCloud implements ObjectStore {
  readonly objects = new Map<string, MemoryObject>();
  readonly tasks = new Map<string, FakeTask>();
  readonly letters: { reason: string; message: string; body: Record<string, unknown> }[] = [];
  /** `list <prefix>`, `stat <name>`, `read <name>`, `create <name>`, `task <id>`, `publish <reason>`. */
  readonly calls: string[] = [];
  /** Decides on each call. */
  fault: (call: string) => CallFault = () => undefined;
  /** Names of tasks that were delivered. */
  readonly begun = new Set<string>();
  private readonly folders = new Map<string, Set<string>>();
  private clock = Date.parse("2026-01-01T00:00:00Z");

  services(name = "worker"): StorageServices {
    const silent = { info: () => {}, warning: () => {}, error: () => {}, with: () => silent };
    return { name, storage: this, google: this.google as GoogleApi, log: silent };
  }

  json(name: string) {
    const object = this.objects.get(name);
    if (!object) throw new Error(`no object ${name}; there are ${[...this.objects.keys()].join(", ")}`);
    return JSON.parse(object.bytes.toString());
  }

  put(name: string, text: string): void {
    this.clock += 1_000;
    this.objects.set(name, { bytes: Buffer.from(text), timeCreated: new Date(this.clock).toISOString() });
    const names = this.folders.get(folderOf(name)) ?? new Set();
    this.folders.set(folderOf(name), names.add(name));
  }

  forget(name: string): void {
    this.objects.delete(name);
    this.folders.get(folderOf(name))?.delete(name);
  }

  asked(pattern: RegExp): string[] {
    return this.calls.filter((call) => pattern.test(call));
  }

  /** Bodies of all tasks, in the order of their creation. */
  get bodies(): Record<string, unknown>[] {
    return [...this.tasks.values()].map(bodyOf);
  }

  list({ prefix, delimiter, pageToken = "", maxResults = 1000 }: ListQuery): Promise<ObjectPage> {
    return this.call(`list ${prefix}`, () => {
      const among = delimiter ? (this.folders.get(folderOf(prefix)) ?? []) : this.objects.keys();
      const names = [...among].filter((name) => name.startsWith(prefix) && name > pageToken).sort();
      const page = names.slice(0, maxResults);
      return {
        objects: page.map((name) => {
          const { bytes, timeCreated } = this.objects.get(name) as MemoryObject;
          return { bucket: "run-bucket", name, size: bytes.length, timeCreated };
        }),
        nextPageToken: page.length < names.length ? page.at(-1) : undefined,
      };
    });
  }

  stat({ name }: ObjectName) {
    return this.call(`stat ${name}`, () => {
      const object = this.objects.get(name);
      return object && { generation: "1", size: object.bytes.length };
    });
  }

  read({ name }: ObjectName) {
    return this.call(`read ${name}`, () => this.objects.get(name)?.bytes);
  }

  createOnce({ name }: ObjectName, data: string | Buffer): Promise<boolean> {
    return this.call(`create ${name}`, () => {
      if (this.objects.has(name)) return false;
      this.put(name, String(data));
      return true;
    });
  }

  async readPlain(object: ObjectName): Promise<Buffer> {
    const bytes = await this.read(object);
    if (!bytes) throw new PermanentError("missing_object", `There is no object ${object.name}`, 404);
    return bytes;
  }

  readRange(): Promise<Buffer> {
    throw new Error("no test needs it");
  }

  open(): Promise<OpenObject> {
    throw new Error("no test needs it");
  }

  private readonly google = ({ url, body }: { url: string; body: unknown }): Promise<unknown> => {
    if (url.endsWith("/tasks")) return this.createTask((body as { task: FakeTask }).task);
    const [{ data, attributes }] = (body as { messages: [{ data: string; attributes: Record<string, string> }] })
      .messages;
    const { deadLetterReason: reason = "", deadLetterMessage: message = "" } = attributes;
    return this.call(`publish ${reason}`, () => {
      this.letters.push({ reason, message, body: JSON.parse(Buffer.from(data, "base64").toString()) });
      return {};
    });
  };

  private createTask(task: FakeTask): Promise<FakeTask> {
    return this.call(`task ${task.name.split("/").at(-1)}`, () => {
      if (this.tasks.has(task.name)) throw new GoogleApiError("exists", 409, "ALREADY_EXISTS");
      this.tasks.set(task.name, task);
      return task;
    });
  }

  /** Repeats a call that fails twice, as the functions' client does. */
  private async call<T>(call: string, effect: () => T): Promise<T> {
    for (let tries = 3; ; tries--) {
      this.calls.push(call);
      for (let turns = 1 + (this.calls.length % 4); turns > 0; turns--) await nextTurn();
      const fault = this.fault(call);
      const result = fault === "before" ? undefined : effect();
      if (fault === undefined) return result as T;
      if (tries === 1) throw new GoogleApiError(`${call} gave no answer`, 0, "NO_ANSWER");
    }
  }
}

const bodyOf = ({ httpRequest }: FakeTask): Record<string, unknown> =>
  JSON.parse(Buffer.from(httpRequest.body, "base64").toString());

/** Calls a handler as its server would. @returns status and body of the answer */
export async function callHandler(handler: HttpHandler, body: unknown, headers: Record<string, string> = {}) {
  const rawBody = Buffer.from(JSON.stringify(body));
  const request = { method: "POST", headers, rawBody };
  const response = { statusCode: 0, text: "", once: () => {}, setHeader: () => {}, end: (text = "") => text };
  response.end = (text = "") => {
    response.text = text;
    return text;
  };
  await handler(request as unknown as HttpRequest, response as never);
  return { status: response.statusCode, body: response.text ? JSON.parse(response.text) : undefined };
}

/**
 * Delivers all tasks that were not delivered yet, until each is answered 2xx, as Cloud Tasks does.
 *
 * @param options.lanes deliveries at one time. Default 10.
 * @param options.attempts after which a task is dropped. Default: none is dropped.
 * @param options.copies how often a task is delivered at once. Default 1.
 */
export async function deliverAll(
  cloud: MemoryCloud,
  handlerOf: (task: FakeTask) => HttpHandler,
  { lanes = 10, copies = (): number => 1, attempts = Number.POSITIVE_INFINITY } = {},
): Promise<void> {
  const { begun } = cloud;
  const deliver = async (task: FakeTask) => {
    for (let retries = 0; ; retries++) {
      const { status } = await callHandler(handlerOf(task), bodyOf(task), {
        "x-cloudtasks-queuename": "pipeline",
        "x-cloudtasks-taskname": task.name.split("/").at(-1) ?? "",
        "x-cloudtasks-taskretrycount": String(retries),
      });
      if ((status >= 200 && status < 300) || retries + 1 >= attempts) return;
      if (retries > 100) throw new Error(`${task.name} never ends`);
    }
  };
  for (;;) {
    const waiting = [...cloud.tasks.values()].filter(({ name }) => !begun.has(name));
    if (waiting.length === 0) return;
    const queue = waiting.flatMap((task) => Array.from({ length: copies() }, () => task));
    for (const { name } of waiting) begun.add(name);
    const next = queue.values();
    const lane = async () => {
      for (const task of next) await deliver(task);
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  }
}
