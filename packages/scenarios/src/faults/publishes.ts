import {
  ApiError,
  type PublishedMessage,
  type RestRequest,
  type RestService,
  type TopicPublisher,
} from "@cdktf-serverless-ml/emulator";
import type { StackIndex } from "@cdktf-serverless-ml/terraform-json";
import type { FaultLog } from "../shared/fault-log";
import { digestOf } from "./hash";
import { deadLetterFails, publishFault } from "./schedule";

export interface PublishOptions {
  readonly seed: number;
  readonly index: StackIndex;
  readonly faultLog: FaultLog;
}

/** Makes the first publish of some dead letters and notifications fail. */
export class FaultyPublishes {
  private readonly seen = new Set<string>();

  constructor(private readonly options: PublishOptions) {}

  /** Dead letters that functions publish: answered 500, which functions do not retry at once. */
  service(inner: RestService): RestService {
    return {
      ...inner,
      handle: async (request) => {
        const topic = this.deadLetterTopicOf(request);
        if (topic === undefined) return inner.handle(request);
        const letters = lettersIn(request);
        const items = letters.map((letter) => itemOf(letter) ?? digestOf(request.body));
        if (items.some((item) => this.failsNow(topic, item))) {
          this.options.faultLog.fault("dead letter failed", {
            to: `https://${request.host}`,
            what: `dead letter of ${items.join(", ")}`,
            detail: `of ${request.caller.email}`,
          });
          throw new ApiError("INTERNAL", "Injected: the dead letter is not published at first");
        }
        const reply = await inner.handle(request);
        const { messageIds = [] } = reply.body as { messageIds?: string[] };
        for (const [index, id] of messageIds.entries()) {
          const item = items[index];
          if (item !== undefined) this.options.faultLog.link(item, `message ${id}`);
        }
        return reply;
      },
    };
  }

  /** Dead letters that Pub/Sub forwards, and notifications of Cloud Storage. */
  publisher(inner: TopicPublisher): TopicPublisher {
    return {
      publish: async (caller, topic, message) => {
        const { seed, index, faultLog } = this.options;
        const full = topic.replace(/^\/\/pubsub\.googleapis\.com\//, "");
        const to = `topic ${full.split("/").at(-1)}`;
        const { CloudPubSubDeadLetterSourceSubscription: source, eventType, objectId } = message.attributes;
        if (index.deadLetterTopics().has(full)) {
          if (this.failsNow(full, contentOf(message))) {
            faultLog.fault("dead letter failed", { to, what: `dead letter of subscription ${source}` });
            throw new ApiError("UNAVAILABLE", "Injected: the dead letter is not published at first");
          }
          return inner.publish(caller, topic, message);
        }
        const fault = this.isFirst(`${full} ${contentOf(message)}`)
          ? publishFault(seed, `${full} ${eventOf(message)}`)
          : undefined;
        if (!fault) return inner.publish(caller, topic, message);
        faultLog.fault(fault, { to, what: [eventType, objectId].filter(Boolean).join(" ") || "a message" });
        if (fault === "publish unanswered") await inner.publish(caller, topic, message);
        throw new ApiError("UNAVAILABLE", "Injected: the publish is not answered");
      },
    };
  }

  private deadLetterTopicOf({ method, host, path, caller }: RestRequest): string | undefined {
    const { index } = this.options;
    if (method !== "POST" || host !== "pubsub.googleapis.com" || !index.isWorker(caller.email)) return undefined;
    const topic = /^\/v1\/(projects\/[^/]+\/topics\/[^/]+):publish$/.exec(path)?.[1];
    return topic !== undefined && index.deadLetterTopics().has(topic) ? topic : undefined;
  }

  private failsNow(topic: string, item: string): boolean {
    return this.isFirst(`${topic} ${item}`) && deadLetterFails(this.options.seed, `${topic} ${item}`);
  }

  private isFirst(item: string): boolean {
    if (this.seen.has(item)) return false;
    this.seen.add(item);
    return true;
  }
}

interface Letter {
  readonly attributes?: Readonly<Record<string, string>>;
}

function lettersIn({ body }: RequestBody): Letter[] {
  try {
    return JSON.parse(body.toString()).messages ?? [];
  } catch {
    return [];
  }
}

type RequestBody = Pick<RestRequest, "body">;

/**
 * From the attributes that functions of this project give a dead letter. Undefined for the dead
 * letters of others.
 */
function itemOf({ attributes = {} }: Letter): string | undefined {
  const { deadLetterTask: task, deadLetterMessageId: message } = attributes;
  if (task) return `task ${task}`;
  return message ? `message ${message}` : undefined;
}

/** A forwarded message has a new id, but the same content. */
function contentOf({ data, attributes }: PublishedMessage): string {
  const { CloudPubSubDeadLetterSourceDeliveryCount: _, ...kept } = attributes;
  return `${digestOf(data)} ${digestOf(JSON.stringify(kept))}`;
}

/** The part of a notification that is the same in each run, without the times. */
function eventOf({ attributes: { notificationConfig, eventType, objectId } }: PublishedMessage): string {
  return JSON.stringify([notificationConfig, eventType, objectId]);
}
