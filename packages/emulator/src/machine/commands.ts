import { block, type StackResource } from "@cdktf-serverless-ml/terraform-json";
import { type Curl, newName } from "./curl";
import type { RunningStack } from "./running-stack";

/** A command for a terminal, and what it does. */
export interface Command {
  readonly title: string;
  readonly command: string;
}

type Attributes = StackResource["attributes"];

/** Cloud Tasks needs a URL in each task; a queue with a target of its own replaces this one. */
const OVERRIDDEN_URL = "https://overridden-by-queue.invalid/";

/**
 * Commands that any stack has. They call each function and service, publish to each topic, create a
 * task in each queue, upload to and list each bucket, run each Cloud Run job, and fire each
 * schedule, as a permitted service account. A function or service that none may call has a line
 * that says so. Other resources that none may use are left out, since they are not a way into the
 * stack.
 */
export async function plainCommands(running: RunningStack, controlUrl: string): Promise<Command[]> {
  return new PlainCommands(running, controlUrl).all();
}

class PlainCommands {
  constructor(
    private readonly running: RunningStack,
    private readonly controlUrl: string,
  ) {}

  async all(): Promise<Command[]> {
    const { running, controlUrl } = this;
    const each = (type: string, command: (attributes: Attributes, resource: StackResource) => Promise<Command[]>) =>
      Promise.all(running.named(type).map((resource) => command(resource.attributes, resource)));
    const curl = await running.curl({ controlUrl });
    const commands = await Promise.all([
      Promise.all(this.called().map((worker) => this.call(worker))),
      each("google_pubsub_topic", (topic) => this.publish(topic)),
      each("google_cloud_tasks_queue", (queue) => this.enqueue(queue)),
      each("google_storage_bucket", (bucket) => this.store(bucket)),
      each("google_cloud_run_v2_job", (job) => this.execute(job)),
    ]);
    return [
      ...commands.flat(2),
      ...running.schedules().map((job) => ({ title: `fire ${job} now`, command: curl.fire(job) })),
    ];
  }

  /** Functions and container services, each with its URL. */
  private called(): { name: string; url: string; caller: string | undefined }[] {
    return this.running.index.workers().flatMap(({ name, uri: url, resource: { attributes } }) => {
      if (url === undefined) return [];
      const { project = this.project, location = this.running.stack.defaults.region } = attributes;
      const service = `projects/${project}/locations/${location}/services/${name}`;
      return [{ name, url, caller: this.running.callerOf("run.routes.invoke", service) }];
    });
  }

  private async call({ name, url, caller }: ReturnType<PlainCommands["called"]>[number]): Promise<Command> {
    if (caller === undefined) {
      return { title: `nobody may call ${name}: no binding lets a service account`, command: `# ${url}` };
    }
    const everybody = caller === "allUsers";
    const curl = await this.curlAs(caller);
    return { title: `call ${name}${everybody ? ", as anybody may" : ` as ${caller}`}`, command: curl.post(url, {}) };
  }

  private async publish({ name, project = this.project }: Attributes): Promise<Command[]> {
    const topic = `projects/${project}/topics/${name}`;
    const caller = this.running.callerOf("pubsub.topics.publish", topic);
    if (caller === undefined || this.running.isDeadLetterTopic(topic)) return [];
    const messages = [{ attributes: {}, data: Buffer.from("{}").toString("base64") }];
    const curl = await this.curlAs(caller);
    const url = `https://pubsub.googleapis.com/v1/${topic}:publish`;
    return [{ title: `publish {} to ${name} as ${caller}`, command: curl.post(url, { messages }) }];
  }

  private async enqueue(attributes: Attributes): Promise<Command[]> {
    const { name, location, project = this.project } = attributes;
    const queue = `projects/${project}/locations/${location}/queues/${name}`;
    const caller = this.running.callerOf("cloudtasks.tasks.create", queue);
    if (caller === undefined) return [];
    const body = Buffer.from("{}").toString("base64");
    const target = block(attributes, "http_target") ? { url: OVERRIDDEN_URL } : this.anyTarget();
    const headers = { "Content-Type": "application/json" };
    const task = { httpRequest: { ...target, headers, body } };
    const url = `https://cloudtasks.googleapis.com/v2/${queue}/tasks`;
    const curl = await this.curlAs(caller);
    return [{ title: `create a task with the body {} in ${name} as ${caller}`, command: curl.post(url, { task }) }];
  }

  /**
   * A target for a queue without one of its own: a function or a service that a service account may
   * call, as that account.
   */
  private anyTarget(): object {
    for (const { url, caller } of this.called()) {
      if (caller === "allUsers") return { url };
      if (caller) return { url, oidcToken: { serviceAccountEmail: caller, audience: url } };
    }
    return { url: OVERRIDDEN_URL };
  }

  private async execute({ name, location, project = this.project }: Attributes): Promise<Command[]> {
    const job = `projects/${project}/locations/${location}/jobs/${name}`;
    const caller = this.running.callerOf("run.jobs.run", job);
    if (caller === undefined) return [];
    const curl = await this.curlAs(caller);
    return [
      { title: `run the job ${name} as ${caller}`, command: curl.post(`https://run.googleapis.com/v2/${job}:run`, {}) },
    ];
  }

  private async store({ name }: Attributes): Promise<Command[]> {
    const bucket = `projects/_/buckets/${name}`;
    const writer = this.running.callerOf("storage.objects.create", bucket);
    const reader = this.running.callerOf("storage.objects.list", bucket);
    const commands: Command[] = [];
    if (writer !== undefined) {
      const command = `${newName("OBJECT", "hello.txt")} && ${(await this.curlAs(writer)).uploadText(name, "$OBJECT", "hello")}`;
      commands.push({ title: `upload a text to ${name} as ${writer}`, command });
    }
    if (reader !== undefined) {
      commands.push({ title: `list ${name} as ${reader}`, command: (await this.curlAs(reader)).list(name) });
    }
    return commands;
  }

  private curlAs(caller: string): Promise<Curl> {
    const { running, controlUrl } = this;
    return running.curl({ controlUrl, ...(caller !== "allUsers" && { email: caller }) });
  }

  private get project(): string {
    return this.running.stack.defaults.project;
  }
}

/**
 * Commands that start a program of the user, outside the run, as each account that calls the stack
 * from outside: its client, and each account that may consume a pull subscription. A stack that has
 * neither gets a command for each of its accounts.
 */
export async function programCommands(running: RunningStack): Promise<Command[]> {
  const { network } = running.parts;
  return Promise.all(
    callersOf(running).map(async (email) => ({
      title: `run a program of yours as ${email.split("@")[0]}; here node, any language does: docs/local.md`,
      command: `(. ${await network.environmentFile(email)} && node program.js)`,
    })),
  );
}

function callersOf(running: RunningStack): string[] {
  const { client } = running.stack.outputs;
  const consumers = running
    .named("google_pubsub_subscription")
    .map(({ attributes: { project, name, push_config } }) => {
      const { project: home } = running.stack.defaults;
      const subscription = `projects/${project ?? home}/subscriptions/${name}`;
      return push_config ? undefined : running.holderOf("pubsub.subscriptions.consume", subscription);
    })
    // A function of the stack is no program of the user's.
    .filter((email) => email === undefined || running.index.runningAs(email).length === 0);
  const callers = [typeof client === "string" ? client.replace(/^serviceAccount:/, "") : undefined, ...consumers];
  const found = [...new Set(callers.filter((email) => email !== undefined))];
  return found.length > 0 ? found : running.named("google_service_account").map(({ attributes }) => attributes.email);
}
