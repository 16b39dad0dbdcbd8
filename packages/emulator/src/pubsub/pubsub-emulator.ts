import { ApiError } from "../core/api-error";
import type { Charge } from "../core/billing";
import type { Caller, EmulatorContext, EvaluatedResource, GrpcStream } from "../core/emulator";
import { LoadProblems } from "../core/load-error";
import type { Call } from "../core/rpc";
import type { Emulator } from "../core/service";
import { readText, rejectUnknownFields } from "../core/values";
import { publishCharge } from "./billing";
import { checkMessages, type Message, readMessages } from "./message";
import type { PublishedMessage, TopicPublisher } from "./publisher";
import { type Hold, Puller } from "./pull";
import { Pusher } from "./push";
import { readSchema, type Schema, type SchemaCheck, schemaCheck } from "./schema";
import { checkName, subscriptionSettings, topicName } from "./settings";
import { type StreamingPullRequest, Streams } from "./streams";
import { Subscription } from "./subscription";

export interface PubSubOptions {
  /**
   * Wraps what forwards dead letters and publishes for other emulators.
   *
   * @default - nothing is wrapped
   */
  readonly publisher?: (publisher: TopicPublisher) => TopicPublisher;
  /**
   * What keeps a clock that jumps still while a puller has messages, for one that works in real time
   * between its calls.
   *
   * @default - no puller does
   */
  readonly holdFor?: (caller: Caller) => Hold | undefined;
}

/** What waits in a subscription. */
export interface SubscriptionState {
  readonly id: string;
  /** Messages that are not acknowledged. */
  readonly backlog: number;
}

interface Topic {
  readonly subscriptions: Subscription[];
  /** Of a topic with a schema. */
  readonly check?: SchemaCheck;
}

/** Emulates Pub/Sub. What it does and does not: FIDELITY.md. */
export class PubSubEmulator implements Emulator, TopicPublisher {
  /** Methods and paths: google/pubsub/v1/pubsub.proto. */
  readonly handlers = {
    Publish: (call: Call) => this.publishAll(call),
    Pull: (call: Call) => this.pull(call),
    Acknowledge: (call: Call) => this.acknowledge(call),
    ModifyAckDeadline: (call: Call) => this.modifyAckDeadline(call),
  };
  readonly streams = {
    StreamingPull: (stream: GrpcStream, caller: Caller) => this.streamingPull(stream, caller),
  };
  /**
   * Publishes for other emulators and forwards dead letters. Interceptors can wrap it.
   */
  readonly publisher: TopicPublisher;
  /**
   * Ids of messages that were forwarded to a dead letter, each with the id that it had before. Pub/Sub
   * itself does not tell.
   */
  readonly forwarded = new Map<string, string>();
  private readonly topics = new Map<string, Topic>();
  private readonly subscriptions = new Map<string, Subscription>();
  private readonly pushers = new Map<Subscription, Pusher>();
  private readonly pullers = new Map<Subscription, Puller>();
  private readonly openStreams = new Map<Puller, Streams>();
  private readonly holdFor: (caller: Caller) => Hold | undefined;
  private published = 0;
  /** For what was published without a call: notifications and dead letters. */
  private readonly ownPublishes: Charge[] = [];

  /** @throws LoadError for topics and subscriptions that cannot be simulated */
  constructor(
    private readonly context: EmulatorContext,
    resources: readonly EvaluatedResource[],
    { publisher, holdFor = () => undefined }: PubSubOptions = {},
  ) {
    this.publisher = publisher?.(this) ?? this;
    this.holdFor = holdFor;
    this.load(resources);
  }

  /**
   * Messages that are being pushed or streamed, or will be. Messages that wait to be pulled do not
   * count.
   */
  pending(): number {
    const pushed = [...this.pushers.keys()].reduce((sum, { backlog }) => sum + backlog.size, 0);
    return [...this.openStreams.values()].reduce((sum, streams) => sum + streams.pending(), pushed);
  }

  stop(): void {
    for (const pusher of this.pushers.values()) pusher.stop();
    for (const puller of this.pullers.values()) puller.stop();
    for (const streams of this.openStreams.values()) streams.stop();
  }

  charges(): readonly Charge[] {
    return this.ownPublishes;
  }

  async publish(caller: Caller, topic: string, message: PublishedMessage): Promise<string> {
    checkMessages([message]);
    const id = this.accept(caller, topicName(topic, this.context.project), [message])[0] as string;
    this.ownPublishes.push(publishCharge(message, id));
    return id;
  }

  /** Publishes as one of Google's own accounts, such as the agent of Cloud Storage. */
  publishAs(agentEmail: string, topic: string, message: PublishedMessage): Promise<string> {
    return this.publish({ email: agentEmail }, topic, message);
  }

  /**
   * Messages that a subscription holds, delivered or not, until they are acknowledged.
   *
   * @param name full, or the id
   */
  held(name: string): readonly Message[] {
    return this.called(name).backlog.messages;
  }

  /** @param name full, or the id */
  private called(name: string): Subscription {
    const full = name.includes("/") ? name : `projects/${this.context.project}/subscriptions/${name}`;
    return this.subscriptionCalled(full);
  }

  states(): SubscriptionState[] {
    return [...this.subscriptions.values()].map(({ settings, backlog }) => ({
      id: settings.id,
      backlog: backlog.size,
    }));
  }

  /** Replaces what a message of a subscription holds. @throws ApiError NOT_FOUND */
  edit(subscription: string, messageId: string, data: Buffer): void {
    if (!this.called(subscription).backlog.edit(messageId, data)) throw noMessage(subscription, messageId);
  }

  /**
   * A subscription delivers one message alone, until what is returned is called.
   *
   * @throws ApiError NOT_FOUND for a message that is not there, FAILED_PRECONDITION for one that is
   *   being delivered
   */
  isolate(subscription: string, messageId: string): () => void {
    const found = this.called(subscription);
    const release = found.backlog.isolate(messageId);
    if (!release) {
      if (!found.backlog.messages.some(({ id }) => id === messageId)) throw noMessage(subscription, messageId);
      throw new ApiError("FAILED_PRECONDITION", `Message ${messageId} of ${subscription} is being delivered`);
    }
    return () => {
      release();
      found.onChange();
    };
  }

  private load(resources: readonly EvaluatedResource[]): void {
    const { context, topics } = this;
    const { project } = context;
    const problems = new LoadProblems();
    const schemas = new Map<string, Schema>();
    for (const resource of resources) {
      if (resource.type !== "google_pubsub_schema") continue;
      const schema = problems.attempt(resource.address, () => readSchema(resource, project));
      if (schema) schemas.set(schema.name, schema);
    }
    for (const resource of resources) {
      const { address, type, attributes } = resource;
      if (type !== "google_pubsub_topic") continue;
      const name = problems.attempt(address, () => checkName(attributes.name));
      const check = problems.attempt(address, () => schemaCheck(resource, schemas));
      if (name) topics.set(`projects/${attributes.project ?? project}/topics/${name}`, { subscriptions: [], check });
    }
    for (const resource of resources) {
      if (resource.type !== "google_pubsub_subscription") continue;
      problems.attempt(resource.address, () => this.subscribe(subscriptionSettings(resource, project)));
    }
    problems.throwIfAny();
  }

  private subscribe(settings: Subscription["settings"]): void {
    for (const topic of [settings.topic, settings.deadLetter?.topic]) {
      if (topic && !this.topics.has(topic)) throw new Error(`the topic ${topic} is not in the stack`);
    }
    const subscription = new Subscription(this.context, this.publisher, settings, this.forwarded);
    this.topics.get(settings.topic)?.subscriptions.push(subscription);
    this.subscriptions.set(settings.name, subscription);
    if (settings.push) this.pushers.set(subscription, new Pusher(this.context, subscription, settings.push));
    else {
      const { clock } = this.context;
      const puller = new Puller(clock, subscription);
      this.pullers.set(subscription, puller);
      this.openStreams.set(puller, new Streams(clock, subscription, puller));
    }
  }

  private pull(call: Call): object {
    rejectUnknownFields(call.request, ["subscription", "maxMessages", "returnImmediately"], "");
    const received = this.puller(call).pull(Number(call.request.maxMessages), call.wire, this.holdFor(call.caller));
    return received.length > 0 ? { receivedMessages: received } : {};
  }

  private acknowledge(call: Call): object {
    rejectUnknownFields(call.request, ["subscription", "ackIds"], "");
    this.puller(call).acknowledge(call.request.ackIds);
    return {};
  }

  private async modifyAckDeadline(call: Call): Promise<object> {
    rejectUnknownFields(call.request, ["subscription", "ackIds", "ackDeadlineSeconds"], "");
    await this.puller(call).modifyDeadline(call.request.ackIds, Number(call.request.ackDeadlineSeconds ?? 0));
    return {};
  }

  private publishAll({ request, caller }: Call): object {
    rejectUnknownFields(request, ["topic", "messages"], "");
    return { messageIds: this.accept(caller, readText(request.topic, "topic"), readMessages(request.messages)) };
  }

  private accept(caller: Caller, topic: string, messages: readonly PublishedMessage[]): string[] {
    this.context.authorizer.require(caller, "pubsub.topics.publish", topic);
    const found = this.topics.get(topic);
    if (!found) throw new ApiError("NOT_FOUND", `Resource not found (resource=${topic.split("/").at(-1)}).`);
    const { subscriptions, check } = found;
    const checked = check ? messages.map(check) : messages;
    const publishTime = this.context.clock.now();
    return checked.map((published) => {
      const id = `1${String(++this.published).padStart(15, "0")}`;
      const message = { ...published, id, publishTime };
      this.context.recorder.made?.(`message ${id}`, caller);
      const takers = subscriptions.filter((subscription) => subscription.offer(message));
      this.record(caller, topic, id, subscriptions.length, takers.length);
      return id;
    });
  }

  /**
   * A topic without subscriptions loses its messages. Pub/Sub itself acknowledges a message that no
   * filter lets through.
   */
  private record({ email = "nobody" }: Caller, topic: string, id: string, subscriptions: number, takers: number): void {
    const status = subscriptions === 0 ? "LOST" : takers === 0 ? "FILTERED" : "PUBLISHED";
    const why = {
      LOST: "The topic has no subscription",
      FILTERED: "No subscription's filter matches",
      PUBLISHED: undefined,
    };
    const to = `topic ${topic.split("/").at(-1)}`;
    this.context.recorder.hop({ from: email, to, what: `message ${id}`, status, detail: why[status] });
  }

  /** Source: `Subscriber.StreamingPull` in pubsub.proto. */
  private async streamingPull(stream: GrpcStream, caller: Caller): Promise<void> {
    const requests: AsyncIterator<StreamingPullRequest> = stream.requests[Symbol.asyncIterator]();
    const { value: first, done } = await requests.next();
    if (done) return;
    await this.openStreams.get(this.puller({ request: first, caller }))?.serve(stream, first, requests);
  }

  private puller({ request, caller }: Pick<Call, "request" | "caller">): Puller {
    const name = readText(request.subscription, "subscription");
    this.context.authorizer.require(caller, "pubsub.subscriptions.consume", name);
    const puller = this.pullers.get(this.subscriptionCalled(name));
    if (!puller)
      throw new ApiError("FAILED_PRECONDITION", `The subscription ${name} pushes; it cannot be pulled from.`);
    return puller;
  }

  private subscriptionCalled(name: string): Subscription {
    const subscription = this.subscriptions.get(name);
    if (subscription) return subscription;
    throw new ApiError("NOT_FOUND", `Resource not found (resource=${name.split("/").at(-1)}).`);
  }
}

function noMessage(subscription: string, id: string): ApiError {
  return new ApiError("NOT_FOUND", `No message ${id} waits in the subscription ${subscription}`);
}
