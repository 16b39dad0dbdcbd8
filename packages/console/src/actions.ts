import { ApiError, type InvocationResult, RequestFailed, type RunningStack } from "@cdktf-serverless-ml/emulator";
import { InputError } from "@cdktf-serverless-ml/scenarios";
import type { ActionBodies, ActionName, ActionResult } from "./api-types";
import { Invalid, NotFound, Refused } from "./errors";
import { Fields } from "./fields";
import { viewOfAll } from "./model/body-view";
import type { StackSession } from "./model/session";
import { putAllBack, putOneBack } from "./redrive";

type Action<Name extends ActionName> = (fields: Fields<Name>, session: StackSession) => Promise<ActionResult>;

/** What can be done to a stack. Each takes the fields of its body. */
const ACTIONS: { readonly [Name in ActionName]: Action<Name> } = {
  async submit(fields, session) {
    const { run, scenario, input } = session.opened;
    if (!run || !scenario)
      throw new Refused("This stack is of no pattern; there is no sample. Use upload, publish or call");
    const content = fields.optionalBytes("content");
    const name = fields.optionalText("name");
    if ((content === undefined) !== (name === undefined))
      throw new Invalid("Given one of name and content; allowed: both or none");
    const given = content === undefined || name === undefined ? input : { name, content };
    if (!given) throw new Refused(`Give name and content: this stack takes ${scenario.takes}`);
    const submitted = { ...given, name: session.freshName(given.name) };
    await run.submit(submitted);
    return { done: given.name === "" ? "fired the stack's schedule" : `submitted ${submitted.name}` };
  },

  async upload(fields, { opened: { running } }) {
    const [bucket, name, content] = [fields.text("bucket"), fields.text("name"), fields.bytes("content")];
    const contentType = fields.optionalText("contentType") ?? "application/octet-stream";
    const caller = permitted(running, "storage.objects.create", `projects/_/buckets/${bucket}`);
    const { generation } = await running.client(caller).upload(bucket, name, content, contentType);
    return { done: `uploaded ${name} to ${bucket} as ${caller}`, item: `object ${bucket}/${name}#${generation}` };
  },

  async publish(fields, { opened: { running } }) {
    const [name, data] = [fields.text("topic"), fields.text("data", true)];
    const attributes = fields.optionalTexts("attributes");
    const orderingKey = fields.optionalText("orderingKey");
    const topic = fullName(running, "google_pubsub_topic", "topics", name);
    const caller = permitted(running, "pubsub.topics.publish", topic);
    const message = { data: Buffer.from(data).toString("base64"), attributes, ...(orderingKey && { orderingKey }) };
    const url = `https://pubsub.googleapis.com/v1/${topic}:publish`;
    const { messageIds } = await running
      .client(caller)
      .json<{ messageIds: string[] }>("POST", url, { messages: [message] });
    return { done: `published to ${name} as ${caller}`, item: `message ${messageIds[0]}` };
  },

  async call(fields, session) {
    const { running } = session.opened;
    const name = fields.text("worker");
    const worker = running.index.workers().find((each) => each.name === name);
    if (!worker?.uri) throw new NotFound(`There is no worker ${name} that has a URL`);
    const { defaults } = running.stack;
    const { project = defaults.project, location = defaults.region } = worker.resource.attributes;
    const caller = permitted(
      running,
      "run.routes.invoke",
      `projects/${project}/locations/${location}/services/${name}`,
    );
    const url = new URL(fields.optionalText("path") ?? "/", worker.uri);
    if (url.origin !== new URL(worker.uri).origin)
      throw new Invalid("path: allowed is a path of the worker, such as /");
    const body = Buffer.from(JSON.stringify(fields.value("body") ?? {}));
    return sendAgain(session, {
      url: url.href,
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
      as: caller === "allUsers" ? "" : caller,
    });
  },

  async execute(fields, { opened: { running } }) {
    const name = fields.text("workflow");
    const found = running.index.first("google_workflows_workflow", (attributes) => attributes.name === name);
    if (!found) throw new NotFound(`There is no workflow ${name}`);
    const { defaults } = running.stack;
    const { project = defaults.project, region = defaults.region } = found.attributes;
    const workflow = `projects/${project}/locations/${region}/workflows/${name}`;
    const caller = permitted(running, "workflows.executions.create", `projects/${project}`);
    const argument = fields.value("argument");
    const url = `https://workflowexecutions.googleapis.com/v1/${workflow}/executions`;
    const body = argument === undefined ? {} : { argument: JSON.stringify(argument) };
    const execution = await running.client(caller).json<{ name: string }>("POST", url, body);
    return { done: `started ${name} as ${caller}`, item: `execution ${execution.name.split("/").at(-1)}` };
  },

  async fire(fields, { opened: { running } }) {
    const schedule = fields.text("schedule");
    if (!running.schedules().includes(schedule)) throw new NotFound(`There is no schedule ${schedule}`);
    const succeeded = await running.fire(schedule);
    if (!succeeded) throw new Refused(`${schedule} was fired, and all its attempts failed`);
    return { done: `fired ${schedule}` };
  },

  async pause(fields, { opened: { running } }) {
    running.controls.pauseQueue(fields.text("queue"));
    return { done: `paused ${fields.text("queue")}` };
  },

  async resume(fields, { opened: { running } }) {
    running.controls.resumeQueue(fields.text("queue"));
    return { done: `resumed ${fields.text("queue")}` };
  },

  async redrive(fields, session) {
    const [messageId, data] = [fields.optionalText("messageId"), fields.optionalText("data", true)];
    if (messageId === undefined && data !== undefined) throw new Invalid("data needs messageId");
    return session.oneRedrive(() =>
      messageId === undefined ? putAllBack(session) : putOneBack(session, messageId, data),
    );
  },

  async replay(fields, session) {
    const record = session.call(fields.whole("call", 1, Number.MAX_SAFE_INTEGER));
    if (!record.isReplayable)
      throw new Refused("This call cannot be sent again: it is under way, over gRPC, or not kept whole");
    const { host, path, verb, caller } = record.begun;
    const text = fields.optionalText("body", true);
    const body = text === undefined ? (record.request?.bytes ?? Buffer.alloc(0)) : Buffer.from(text);
    const { "content-length": _, "transfer-encoding": __, connection, host: ___, ...headers } = record.headers;
    const more = fields.optionalTexts("headers");
    const result = await sendAgain(session, {
      url: `https://${host}${path}`,
      method: verb,
      headers: { ...headers, ...more },
      body,
      as: caller,
    });
    if (result.item !== undefined) session.recording.replayed(result.item, record.item);
    return result;
  },

  async fail(fields, { opened: { running } }) {
    const [worker, count] = [fields.text("worker"), fields.whole("count", 0, 1_000_000)];
    const status = fields.optionalWhole("status", 400, 599) ?? 500;
    running.controls.failNext(worker, count, status);
    return { done: count === 0 ? `${worker} answers again` : `the next ${count} calls of ${worker} get ${status}` };
  },

  async kill(fields, { opened: { running } }) {
    const worker = fields.text("worker");
    if (!running.index.workers().some(({ name }) => name === worker))
      throw new NotFound(`There is no worker ${worker}`);
    if (!running.controls.killInstance(worker)) throw new Refused(`${worker} has no instance now`);
    return { done: `killed an instance of ${worker}` };
  },

  async withhold(fields, { opened: { running } }) {
    running.controls.withhold(fields.text("binding"));
    return { done: `took ${fields.text("binding")} away` };
  },

  async restore(fields, { opened: { running } }) {
    running.controls.restore(fields.text("binding"));
    return { done: `put ${fields.text("binding")} back` };
  },

  async jump(_, { opened: { running } }) {
    const jumped = await running.controls.jump();
    return { done: `jumped ${Math.round(jumped / 1000)} s` };
  },
};

/** @throws HttpError */
export async function act(session: StackSession, name: string, body: unknown): Promise<ActionResult> {
  if (!Object.hasOwn(ACTIONS, name)) {
    throw new NotFound(`There is no action ${name}; allowed: ${Object.keys(ACTIONS).join(", ")}`);
  }
  const action = ACTIONS[name as ActionName] as Action<ActionName>;
  const fields = new Fields(body as ActionBodies[ActionName], FIELDS[name as ActionName]);
  try {
    return await action(fields as never, session);
  } catch (error) {
    if (error instanceof ApiError) {
      throw error.code === "NOT_FOUND" ? new NotFound(error.message) : new Refused(error.message);
    }
    if (error instanceof RequestFailed) throw new Refused(error.message);
    if (error instanceof InputError) throw new Invalid(error.message);
    throw error;
  }
}

const FIELDS: { readonly [Name in ActionName]: readonly (keyof ActionBodies[Name])[] } = {
  submit: ["name", "content"],
  upload: ["bucket", "name", "content", "contentType"],
  publish: ["topic", "data", "attributes", "orderingKey"],
  call: ["worker", "body", "path"],
  execute: ["workflow", "argument"],
  fire: ["schedule"],
  pause: ["queue"],
  resume: ["queue"],
  redrive: ["messageId", "data"],
  replay: ["call", "body", "headers"],
  fail: ["worker", "count", "status"],
  kill: ["worker"],
  withhold: ["binding"],
  restore: ["binding"],
  jump: [],
};

/** Sends a request, and finds the item that it began. */
async function sendAgain(
  { opened, recording }: StackSession,
  sent: Parameters<RunningStack["controls"]["send"]>[0],
): Promise<ActionResult> {
  const before = recording.lastCall;
  const result = await opened.running.controls.send(sent);
  const { host } = new URL(sent.url);
  const call = recording.firstAfter(before, (begun) => begun.caller === sent.as && begun.host === host);
  const { status, failure, headers, body } = result;
  const reply = viewOfAll(body, headers["content-type"]);
  return {
    done: `${sent.method} ${sent.url.replace(/\?.*/, "")} as ${sent.as || "nobody"}: ${failure ?? status}`,
    status: statusOf(result),
    ...(call && { item: call.item }),
    ...(reply && { reply }),
  };
}

function statusOf({ status, failure }: InvocationResult): number {
  return failure === undefined ? status : 0;
}

/** @throws Refused if nobody may */
function permitted(running: RunningStack, permission: string, resource: string): string {
  const caller = running.callerOf(permission, resource);
  if (caller === undefined) throw new Refused(`No account of the stack has ${permission} on ${resource}`);
  return caller;
}

/** @throws NotFound */
function fullName(running: RunningStack, type: string, collection: string, name: string): string {
  const found = running.index.first(type, (attributes) => attributes.name === name);
  if (!found) throw new NotFound(`There is none of the ${collection} that is called ${name}`);
  return `projects/${found.attributes.project ?? running.stack.defaults.project}/${collection}/${name}`;
}
