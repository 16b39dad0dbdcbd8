import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fieldOf, keptAs, parseFilter, pubSub, type RunningStack } from "@cdktf-serverless-ml/emulator";
import { block, type StackIndex, type StackResource, type StackWorker } from "@cdktf-serverless-ml/terraform-json";
import { measurements, upTo } from "../../shared/generated";
import { jsonLines, linesOf, valuesOf } from "../../shared/json-lines";
import { kindOf, POISON, poisonIn } from "../../shared/poison";
import { secondSubscriptions } from "../../shared/redrive";
import {
  type Input,
  InputError,
  type PatternScenario,
  type ScenarioResult,
  type ScenarioRun,
  textOutput,
} from "../../shared/scenario";
import { PullConsumer } from "./pull-consumer";

/** Messages in one publish request. Source: https://docs.cloud.google.com/pubsub/quotas */
const PAGE = 1000;
const MODALITIES = ["text", "image", "audio", undefined];

interface Message {
  readonly attributes: Readonly<Record<string, string>>;
  readonly payload: unknown;
}

interface Subscriber {
  /** Full name of the subscription. */
  readonly subscription: string;
  readonly takes: (attributes: Message["attributes"]) => boolean;
  readonly isFiltered: boolean;
  /** Folder of its results. Absent for a pull subscription. */
  readonly folder?: string;
}

/**
 * Messages are published. Each reaches every subscriber whose filter it passes, by push or by pull.
 */
export const pubsubFanout: PatternScenario = {
  name: "Pub/Sub fan-out",
  sample: "messages.jsonl",
  takes: 'messages, as JSON Lines: {"attributes": {…}, "payload": …}',
  item: "delivered message",
  batch: "instances of a message",
  extensions: [".jsonl"],
  outputs: ["topic_name", "subscription_names", "results_bucket_name", "client"],
  outputsFrom,
  create: (running) => new PubSubFanoutRun(running),
  instances: (input) =>
    valuesOf(input).flatMap(
      (value) => (value as { payload?: { instances?: unknown[] } } | null)?.payload?.instances ?? [],
    ),
  /**
   * One file of messages. Each message is an item of each subscriber that gets it. One more image
   * is refused.
   */
  generate: (count) => [{ name: "generated.jsonl", content: linesOf(upTo(count).map(generated)) }],
  /** Acts on a prediction or a write. The pull consumer recognises poison itself. */
  poison: ({ path, body }) => (path.endsWith(":predict") || path.startsWith("/upload/") ? poisonIn(body) : undefined),
  outage: ({ path }) => (path.endsWith(":predict") ? "INVALID_ARGUMENT" : undefined),
};

function outputsFrom(index: StackIndex) {
  const worker = index.workerWith("SUBSCRIBER", "RESULTS_BUCKET");
  const subscriptions = index.all("google_pubsub_subscription").map(({ attributes }) => attributes);
  const own = worker && subscriptions.find((each) => receiverOf(index, each) === worker);
  if (!worker || !own) return {};
  const topic = String(own.topic).split("/").at(-1);
  const runtimeAccounts = index.workers().map(({ email }) => `serviceAccount:${email}`);
  return {
    topic_name: topic,
    subscription_names: subscriptions.filter((each) => each.topic === own.topic).map(({ name }) => String(name)),
    results_bucket_name: worker.environment.RESULTS_BUCKET,
    client: index
      .membersWith(/^roles\/pubsub\.publisher$/, "google_pubsub_topic", topic)
      .find((member) => !runtimeAccounts.includes(member)),
  };
}

/**
 * Who gets a subscription's messages: a worker that it pushes to, or a pool that is told to pull
 * from it and where results belong.
 */
function receiverOf(index: StackIndex, attributes: StackResource["attributes"]): StackWorker | undefined {
  const pool = ({ kind, environment }: StackWorker) =>
    kind === "pool" &&
    environment.RESULTS_BUCKET !== undefined &&
    String(environment.SUBSCRIPTION).endsWith(`/subscriptions/${attributes.name}`);
  return index.workerAt(block(attributes, "push_config")?.push_endpoint) ?? index.workers().find(pool);
}

/** The attributes mark poison too, for subscribers that do not read payloads. */
function generated(index: number): Message {
  const isRefusedImage = kindOf(index - 1) === "refused";
  const kind = isRefusedImage ? "refused" : kindOf(index);
  const modality =
    kind === "good" ? MODALITIES[index % MODALITIES.length] : isRefusedImage || kind === "kill" ? "image" : "text";
  return {
    attributes: {
      item: String(index),
      ...(modality !== undefined && { modality }),
      ...((kind === "fail" || kind === "kill") && { poison: POISON[kind] }),
    },
    payload: { instances: [kind === "good" ? measurements(index) : POISON[kind]] },
  };
}

class PubSubFanoutRun implements ScenarioRun {
  private readonly published: { id: string; attributes: Message["attributes"] }[] = [];
  private readonly topic: string;
  private readonly bucket: string;
  private readonly subscribers: readonly Subscriber[];
  /**
   * Consumers of the subscriptions that push to no worker and that no worker pool pulls, and of
   * those that bring messages back to them.
   */
  private readonly consumers: readonly PullConsumer[];
  /** Second subscriptions, which bring messages back, with the first ones of their subscribers. */
  private readonly firsts: ReadonlyMap<string, string>;

  constructor(private readonly running: RunningStack) {
    this.topic = `projects/${running.stack.defaults.project}/topics/${textOutput(running, "topic_name")}`;
    this.bucket = textOutput(running, "results_bucket_name");
    this.subscribers = this.readSubscribers();
    this.firsts = secondSubscriptions(running.index);
    this.consumers = this.subscribers
      .filter(({ folder }) => folder === undefined)
      .flatMap(({ subscription }) => [subscription, ...this.secondsOf(subscription)])
      .map((subscription) => new PullConsumer(running, subscription));
  }

  async submit(input: Input): Promise<void> {
    const messages = readMessages(input);
    for (let from = 0; from < messages.length; from += PAGE) await this.publish(messages.slice(from, from + PAGE));
    await this.consume();
  }

  async consume(): Promise<void> {
    for (const consumer of this.consumers) await consumer.pull();
  }

  private async publish(page: readonly Message[]): Promise<void> {
    const messages = page.map(pubsubMessage);
    const { messageIds } = await this.running
      .client()
      .json<{ messageIds: string[] }>("POST", this.url(this.topic, "publish"), { messages });
    for (const [index, { attributes }] of messages.entries()) {
      this.published.push({ id: messageIds[index] ?? "", attributes });
    }
  }

  result(): ScenarioResult {
    const accepted = this.published.flatMap(({ id, attributes }) =>
      this.subscribers.filter(({ takes }) => takes(attributes)).map((subscriber) => `${keyOf(subscriber)}/${id}`),
    );
    const written = this.running.writes(this.bucket).map((name) => {
      const segments = name.replace(/\.json$/, "").split("/");
      return `${segments[0]}/${this.firstId(segments.at(-1))}`;
    });
    const effects = [
      ...written,
      ...this.consumers.flatMap(({ subscription, done }) =>
        done.map((id) => `${this.firstSubscription(subscription)}/${this.firstId(id)}`),
      ),
    ];
    return { accepted, effects, deadLetters: this.deadLetters() };
  }

  private deadLetters(): ScenarioResult["deadLetters"] {
    return this.running.deadLetters().map(({ attributes, messageId, reason }) => {
      const name = attributes.CloudPubSubDeadLetterSourceSubscription ?? "unknown";
      const first = this.firstSubscription(name);
      const subscriber = this.subscribers.find(({ subscription }) => subscription.endsWith(`/${first}`));
      const id = attributes.redriveMessageId ?? attributes.deadLetterMessageId ?? messageId;
      return { key: `${subscriber ? keyOf(subscriber) : first}/${this.firstId(id)}`, reason };
    });
  }

  /** Full names of the subscriptions that bring messages back to a subscriber. */
  private secondsOf(subscription: string): string[] {
    const folder = subscription.slice(0, subscription.lastIndexOf("/") + 1);
    return [...this.firsts].flatMap(([second, first]) => (subscription === folder + first ? [folder + second] : []));
  }

  /** @param name full, or the id */
  private firstSubscription(name: string): string {
    const at = name.lastIndexOf("/") + 1;
    return name.slice(0, at) + (this.firsts.get(name.slice(at)) ?? name.slice(at));
  }

  /** Id of the message as it was published. A message that Pub/Sub forwards has a new one. */
  private firstId(id = ""): string {
    const { forwarded } = this.running.service(pubSub);
    const before = forwarded.get(id);
    return before === undefined ? id : this.firstId(before);
  }

  /** The message, whose id is also in the names of its results. Hops of all subscribers have it. */
  marks(key: string): string[] {
    return [key.split("/").at(-1) ?? key];
  }

  async commands(controlUrl: string, file = "") {
    const curl = await this.running.curl({ controlUrl, email: this.running.clientEmail });
    const [{ attributes, payload }] = readMessages({ name: basename(file), content: readFileSync(file) });
    const publish = curl.post(this.url(this.topic, "publish"), { messages: [pubsubMessage({ attributes, payload })] });
    // Only a predictor, which has a filter, names its results after the message alone. The audit
    // has no filter.
    const predictor = this.subscribers.find(
      ({ folder, isFiltered, takes }) => folder && isFiltered && takes(attributes),
    );
    const result = curl.read(this.bucket, `${predictor?.folder}/$ID.json`);
    return [
      { title: "publish a message", command: keptAs("ANSWER", publish) },
      ...(predictor
        ? [{ title: "read its result", command: `${fieldOf("ANSWER", "messageIds", "ID")} && ${result}` }]
        : []),
      { title: "list all results", command: curl.list(this.bucket) },
    ];
  }

  private readSubscribers(): Subscriber[] {
    const { index, stack } = this.running;
    return index
      .all("google_pubsub_subscription")
      .filter(({ attributes }) => attributes.topic === this.topic)
      .map(({ attributes }) => {
        const subscription = `projects/${attributes.project ?? stack.defaults.project}/subscriptions/${attributes.name}`;
        return {
          subscription,
          isFiltered: Boolean(attributes.filter),
          takes: attributes.filter ? parseFilter(attributes.filter) : () => true,
          folder: receiverOf(index, attributes)?.environment.SUBSCRIBER,
        };
      });
  }

  async outputs(): Promise<Record<string, unknown>> {
    const client = this.running.client();
    const names = await client.list(this.bucket);
    const counts: Record<string, number> = {};
    for (const name of names) counts[name.split("/")[0] ?? ""] = (counts[name.split("/")[0] ?? ""] ?? 0) + 1;
    const [first] = names.filter((name) => name.split("/").length === 2);
    // A subscriber of the user's may predict nothing.
    const predictions = first && JSON.parse((await client.download(this.bucket, first)).toString()).predictions;
    return {
      results: `gs://${this.bucket}/`,
      written: counts,
      pulled: this.consumers.reduce((sum, { done }) => sum + done.length, 0),
      ...(predictions && { first: predictions }),
    };
  }

  private url(resource: string, method: string): string {
    return `https://pubsub.googleapis.com/v1/${resource}:${method}`;
  }
}

function keyOf({ folder, subscription }: Subscriber): string {
  return folder ?? subscription;
}

/** @throws InputError */
function readMessages(input: Input): [Message, ...Message[]] {
  const [first, ...rest] = jsonLines(input).map(({ line, value }) => readMessage(value, `${input.name}, line ${line}`));
  if (!first) throw new InputError(`${input.name} has no messages`);
  return [first, ...rest];
}

/** The message as Pub/Sub's API takes it. */
function pubsubMessage({ attributes, payload }: Message) {
  return { attributes, data: Buffer.from(JSON.stringify(payload)).toString("base64") };
}

function readMessage(value: unknown, where: string): Message {
  const { attributes = {}, payload } = (value ?? {}) as Partial<Message>;
  if (payload === undefined) throw new InputError(`${where}: "payload" is missing`);
  if (typeof attributes !== "object" || Object.values(attributes).some((text) => typeof text !== "string")) {
    throw new InputError(`${where}: "attributes" must be an object of strings`);
  }
  return { attributes, payload };
}
