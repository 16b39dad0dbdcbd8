import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type RunningStack, type RunOptions, VirtualClock } from "@cdktf-serverless-ml/emulator";
import { startStack } from "@cdktf-serverless-ml/scenarios";
import { zipSync } from "fflate";

// The benchmark's own stack, as Terraform JSON: one small function, a queue and a topic with two
// filtered subscriptions to it, and the bindings that they need.

/**
 * Default number of concurrent requests of the function, and of concurrent dispatches of the queue.
 */
export const CONCURRENCY = 10;
/** The maximum dispatches of a queue per second. */
const MAX_RATE = 500;
const PROJECT = "acme-ml";
const REGION = "us-central1";
const CLIENT = `client@${PROJECT}.iam.gserviceaccount.com`;
const QUEUE = `projects/${PROJECT}/locations/${REGION}/queues/work`;
const TOPIC = `projects/${PROJECT}/topics/work`;
/** Values of the attribute `kind`. Each subscription receives one half of the messages by it. */
const KINDS = ["text", "image"] as const;
/** Most messages in one publish request. */
const PUBLISHED_AT_ONCE = 1000;

/**
 * Header of an answer: when the request reached the function's code, in milliseconds since 1970,
 * with fractions.
 */
export const ARRIVED = "x-arrived";

// Logs its port and its first request.
const SOURCE = `let told = false;
exports.handler = ({ socket, headers, body }, response) => {
  response.setHeader("${ARRIVED}", performance.timeOrigin + performance.now());
  if (!told) console.log(JSON.stringify({ message: "first request", port: socket.localPort, headers, body }));
  told = true;
  response.status(204).end();
};
`;

export interface StackOptions {
  /**
   * Dispatches per second.
   *
   * @default 500
   */
  readonly rate?: number;
  /**
   * Concurrent requests and dispatches.
   *
   * @default CONCURRENCY
   */
  readonly concurrency?: number;
}

/** A request as the function received it, and the port of its process. */
export interface Received {
  readonly port: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** @param folder output folder of `cdk.tf.json` and the function's zip */
export function writeStack(folder: string, options: StackOptions = {}): void {
  mkdirSync(folder, { recursive: true });
  const files = { "index.js": SOURCE, "package.json": '{"main":"index.js"}' };
  const zip = Object.entries(files).map(([name, text]) => [name, new TextEncoder().encode(text)] as const);
  writeFileSync(join(folder, "worker.zip"), zipSync(Object.fromEntries(zip)));
  writeFileSync(join(folder, "cdk.tf.json"), JSON.stringify(stack(options), null, 2));
}

function stack({ rate = MAX_RATE, concurrency = CONCURRENCY }: StackOptions): object {
  const expression = (text: string) => `\${${text}}`;
  const worker = "google_cloudfunctions2_function.worker.service_config[0].uri";
  const uri = expression(worker);
  const member = (name: string) => expression(`google_service_account.${name}.member`);
  const email = (name: string) => expression(`google_service_account.${name}.email`);
  const cloudTasks = `service-${expression("data.google_project.this.number")}@gcp-sa-cloudtasks.iam.gserviceaccount.com`;
  const accounts = ["client", "dispatcher", "worker"].map((name) => [name, { account_id: name }]);
  const subscriptions = KINDS.map((kind) => [
    kind,
    {
      name: kind,
      topic: expression("google_pubsub_topic.work.id"),
      filter: `attributes.kind = "${kind}"`,
      ack_deadline_seconds: 600,
      push_config: { push_endpoint: uri, oidc_token: { service_account_email: email("dispatcher"), audience: uri } },
    },
  ]);
  return {
    provider: { google: [{ project: PROJECT, region: REGION }] },
    data: { google_project: { this: {} } },
    resource: {
      google_service_account: Object.fromEntries(accounts),
      google_storage_bucket: { sources: { name: "acme-ml-sources", location: REGION } },
      google_storage_bucket_object: {
        worker: { bucket: expression("google_storage_bucket.sources.name"), name: "worker.zip", source: "worker.zip" },
      },
      google_cloudfunctions2_function: {
        worker: {
          name: "worker",
          location: REGION,
          build_config: {
            runtime: "nodejs24",
            entry_point: "handler",
            source: { storage_source: { bucket: "acme-ml-sources", object: "worker.zip" } },
          },
          service_config: {
            max_instance_count: 1,
            max_instance_request_concurrency: concurrency,
            timeout_seconds: 3600,
            service_account_email: email("worker"),
          },
        },
      },
      google_cloud_tasks_queue: {
        work: {
          name: "work",
          location: REGION,
          rate_limits: { max_concurrent_dispatches: concurrency, max_dispatches_per_second: rate },
          http_target: {
            http_method: "POST",
            oidc_token: { service_account_email: email("dispatcher"), audience: uri },
            uri_override: { host: expression(`replace(${worker}, "https://", "")`), scheme: "HTTPS" },
          },
        },
      },
      google_pubsub_topic: { work: { name: "work" } },
      google_pubsub_subscription: Object.fromEntries(subscriptions),
      google_cloud_tasks_queue_iam_member: {
        client: { name: "work", location: REGION, role: "roles/cloudtasks.enqueuer", member: member("client") },
      },
      google_pubsub_topic_iam_member: {
        client: { topic: "work", role: "roles/pubsub.publisher", member: member("client") },
      },
      google_cloud_run_v2_service_iam_member: {
        dispatcher: { name: "worker", location: REGION, role: "roles/run.invoker", member: member("dispatcher") },
      },
      google_service_account_iam_member: {
        "cloud-tasks": {
          service_account_id: expression("google_service_account.dispatcher.name"),
          role: "roles/iam.serviceAccountUser",
          member: `serviceAccount:${cloudTasks}`,
        },
      },
    },
  };
}

/** The running stack. */
export class LocalStack {
  private constructor(
    private readonly running: RunningStack,
    /** The first request that the function received. */
    readonly first: Promise<Received>,
  ) {}

  static async start(folder: string, options: RunOptions = {}): Promise<LocalStack> {
    let told: (first: Received) => void = () => {};
    const first = new Promise<Received>((resolve) => {
      told = resolve;
    });
    const running = await startStack(folder, {
      ...options,
      onLog: (_, { message, fields }) => {
        if (message === "first request") told(fields as unknown as Received);
      },
    });
    if (options.clock instanceof VirtualClock) options.clock.run(() => running.pending() > 0);
    return new LocalStack(running, first);
  }

  /**
   * Creates a task with an API request.
   *
   * @param schedule milliseconds since 1970
   */
  async enqueue(body: object, schedule?: number): Promise<void> {
    await this.post("cloudtasks.googleapis.com", `/v2/${QUEUE}/tasks`, {
      task: {
        ...(schedule && { scheduleTime: new Date(schedule).toISOString() }),
        // The queue's target replaces the host.
        httpRequest: {
          url: "https://overridden-by-queue.invalid/",
          headers: { "Content-Type": "application/json" },
          body: Buffer.from(JSON.stringify(body)).toString("base64"),
        },
        dispatchDeadline: "1800s",
      },
    });
  }

  /** Publishes this number of messages, half to each subscription. */
  async publish(count: number): Promise<void> {
    const messages = Array.from({ length: count }, (_, index) => ({
      data: Buffer.from(JSON.stringify(work(index))).toString("base64"),
      attributes: { kind: KINDS[index % KINDS.length] },
    }));
    for (let start = 0; start < count; start += PUBLISHED_AT_ONCE) {
      const page = messages.slice(start, start + PUBLISHED_AT_ONCE);
      await this.post("pubsub.googleapis.com", `/v1/${TOPIC}:publish`, { messages: page });
    }
  }

  /** Waits until no work is in progress. @throws Error if a request did not succeed at once */
  async settled(): Promise<void> {
    while (this.running.pending() > 0) await new Promise((resolve) => setTimeout(resolve, 2));
    const { hops } = this.running.parts.recorder;
    const failed = hops.find(({ status }) => status !== "204" && status !== "PUBLISHED");
    if (failed) throw new Error(`${failed.from}: ${failed.what} came to ${failed.status} ${failed.detail ?? ""}`);
    hops.length = 0;
  }

  stop(): Promise<void> {
    return this.running.stop();
  }

  /**
   * Sends an API request as the client, directly to the emulated network. The caller's TLS is not
   * part of the measurement.
   */
  private async post(host: string, path: string, body: object): Promise<void> {
    const service = this.running.parts.network.services.rest(host);
    if (!service) throw new Error(`no service answers for ${host}`);
    await service.handle({
      method: "POST",
      host,
      path,
      query: new URLSearchParams(),
      headers: { "content-type": "application/json" },
      body: Buffer.from(JSON.stringify(body)),
      caller: { email: CLIENT },
    });
  }
}

/** A body like that of a shard of the async-batch stack. */
export function work(index: number): object {
  return {
    input: "gs://acme-ml-async-batch-input-dev/batch.jsonl",
    generation: "1795303306343000",
    start: index * 1000,
    end: (index + 1) * 1000,
    output: `gs://acme-ml-async-batch-output-dev/first/5f0c1d2e3a4b5c6d/shard-${index}.jsonl`,
  };
}
