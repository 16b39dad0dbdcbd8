import { parseFilter } from "../../pubsub/filter";
import type { Curl } from "../curl";
import type { RunningStack } from "../running-stack";
import { type Flow, type FlowResult, type FlowType, type Input, InputError, jsonLines, textOutput } from "./flow";

interface Message {
  readonly attributes: Readonly<Record<string, string>>;
  readonly payload: unknown;
}

interface Subscriber {
  /** Full name of the subscription. */
  readonly subscription: string;
  readonly takes: (attributes: Message["attributes"]) => boolean;
  /** The folder of its results; none for a subscription that is pulled. */
  readonly folder?: string;
}

/** Messages go in; each reaches every subscriber whose filter it passes, by push or by pull. */
export const pubsubFanout: FlowType = {
  name: "Pub/Sub fan-out",
  sample: "messages.jsonl",
  takes: 'messages, as JSON Lines: {"attributes": {…}, "payload": …}',
  extensions: [".jsonl"],
  outputs: ["topic_name", "subscription_names", "results_bucket_name", "client"],
  create: (running) => new PubSubFanoutFlow(running),
};

class PubSubFanoutFlow implements Flow {
  private readonly published: { id: string; message: Message }[] = [];
  private readonly pulled: string[] = [];
  private readonly topic: string;
  private readonly bucket: string;
  private readonly subscribers: readonly Subscriber[];

  constructor(private readonly running: RunningStack) {
    this.topic = `projects/${running.stack.defaults.project}/topics/${textOutput(running, "topic_name")}`;
    this.bucket = textOutput(running, "results_bucket_name");
    this.subscribers = this.readSubscribers();
  }

  async submit(input: Input): Promise<void> {
    const messages = jsonLines(input).map(({ line, value }) => readMessage(value, `${input.name}, line ${line}`));
    const { messageIds } = await this.running
      .client()
      .json<{ messageIds: string[] }>("POST", this.url(this.topic, "publish"), {
        messages: messages.map(({ attributes, payload }) => ({
          attributes,
          data: Buffer.from(JSON.stringify(payload)).toString("base64"),
        })),
      });
    for (const [index, message] of messages.entries()) this.published.push({ id: messageIds[index] ?? "", message });
    await this.pull();
  }

  result(): FlowResult {
    const accepted = this.published.flatMap(({ id, message }) =>
      this.subscribers
        .filter(({ takes }) => takes(message.attributes))
        .map((subscriber) => `${keyOf(subscriber)}/${id}`),
    );
    const effects = this.running.writes(this.bucket).map((name) => {
      const segments = name.replace(/\.json$/, "").split("/");
      return `${segments[0]}/${segments.at(-1)}`;
    });
    return {
      accepted,
      effects: [...effects, ...this.pulled],
      deadLetters: this.running.deadLetters().map(({ attributes, messageId, reason }) => {
        const name = attributes.CloudPubSubDeadLetterSourceSubscription;
        const subscriber = this.subscribers.find(({ subscription }) => subscription.endsWith(`/${name}`));
        const key = subscriber ? keyOf(subscriber) : (name ?? "unknown");
        return { key: `${key}/${attributes.deadLetterMessageId ?? messageId}`, reason };
      }),
    };
  }

  commands(curl: Curl) {
    const data = Buffer.from('{"instances":[{"content":"A fine day."}]}').toString("base64");
    const message = { messages: [{ attributes: { modality: "text" }, data }] };
    return [
      { title: "publish a message", command: curl.post(this.url(this.topic, "publish"), message) },
      { title: "list results", command: curl.list(this.bucket) },
    ];
  }

  /** Pulls what no function is pushed, as whoever may consume it. */
  private async pull(): Promise<void> {
    for (const { subscription, folder } of this.subscribers) {
      if (folder !== undefined) continue;
      // Where nobody may, the client's refusal says so.
      const client = this.running.client(this.running.holderOf("pubsub.subscriptions.consume", subscription));
      for (;;) {
        const { receivedMessages = [] } = await client.json<{
          receivedMessages?: { ackId: string; message: { messageId: string } }[];
        }>("POST", this.url(subscription, "pull"), { maxMessages: 100 });
        if (receivedMessages.length === 0) break;
        const ackIds = receivedMessages.map(({ ackId }) => ackId);
        await client.json("POST", this.url(subscription, "acknowledge"), { ackIds });
        for (const { message } of receivedMessages) this.pulled.push(`${subscription}/${message.messageId}`);
      }
    }
  }

  private readSubscribers(): Subscriber[] {
    const { resources, defaults } = this.running.stack;
    const functions = resources.filter(({ type }) => type === "google_cloudfunctions2_function");
    return resources
      .filter(({ type, attributes }) => type === "google_pubsub_subscription" && attributes.topic === this.topic)
      .map(({ attributes }) => {
        const endpoint = attributes.push_config?.push_endpoint as string | undefined;
        const target = functions.find(({ attributes: { service_config } }) => service_config.uri === endpoint);
        return {
          subscription: `projects/${attributes.project ?? defaults.project}/subscriptions/${attributes.name}`,
          takes: attributes.filter ? parseFilter(attributes.filter) : () => true,
          folder: target?.attributes.service_config.environment_variables?.SUBSCRIBER,
        };
      });
  }

  async outputs(): Promise<Record<string, unknown>> {
    const client = this.running.client();
    const names = await client.list(this.bucket);
    const counts: Record<string, number> = {};
    for (const name of names) counts[name.split("/")[0] ?? ""] = (counts[name.split("/")[0] ?? ""] ?? 0) + 1;
    const [first] = names.filter((name) => name.split("/").length === 2);
    return {
      results: `gs://${this.bucket}/`,
      written: counts,
      pulled: this.pulled.length,
      ...(first && { first: JSON.parse((await client.download(this.bucket, first)).toString()).predictions }),
    };
  }

  private url(resource: string, method: string): string {
    return `https://pubsub.googleapis.com/v1/${resource}:${method}`;
  }
}

function keyOf({ folder, subscription }: Subscriber): string {
  return folder ?? subscription;
}

function readMessage(value: unknown, where: string): Message {
  const { attributes = {}, payload } = (value ?? {}) as Partial<Message>;
  if (payload === undefined) throw new InputError(`${where}: there is no "payload"`);
  if (typeof attributes !== "object" || Object.values(attributes).some((text) => typeof text !== "string")) {
    throw new InputError(`${where}: "attributes" must be texts under their names`);
  }
  return { attributes, payload };
}
