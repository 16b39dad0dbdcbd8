import { serviceAgent } from "@cdktf-serverless-ml/terraform-json";
import { ApiError } from "../core/api-error";
import type { EmulatorContext } from "../core/emulator";
import type { TopicPublisher } from "../pubsub/publisher";
import type { Change, EventType } from "./bucket";
import { itemOf, toResource } from "./stored-object";

/** A `google_storage_notification`. */
export interface NotificationConfig {
  /** `projects/_/buckets/B/notificationConfigs/N` */
  readonly name: string;
  readonly bucket: string;
  /** `projects/P/topics/T`, or the same behind `//pubsub.googleapis.com/`. */
  readonly topic: string;
  readonly eventTypes: readonly EventType[];
  readonly payloadFormat: "JSON_API_V1" | "NONE";
  readonly objectNamePrefix: string;
  readonly customAttributes: Readonly<Record<string, string>>;
}

/** Errors that may pass. Cloud Storage delivers at least once, so it retries after them. */
const PASSING: readonly string[] = ["UNAVAILABLE", "INTERNAL", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED", "ABORTED"];
/** Milliseconds. How Google waits is not documented. */
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 60_000;

/**
 * Publishes changes of buckets to topics, as the Cloud Storage service agent. Source:
 * docs/pubsub-notifications.
 */
export class Notifications {
  private underWay = 0;
  private stopped = false;
  private readonly waiting = new Set<() => void>();

  constructor(
    private readonly context: EmulatorContext,
    private readonly configs: readonly NotificationConfig[],
    private readonly publisher: TopicPublisher | undefined,
  ) {}

  pending(): number {
    return this.underWay;
  }

  stop(): void {
    this.stopped = true;
    for (const cancel of this.waiting) cancel();
    this.waiting.clear();
  }

  publishChange(change: Change): void {
    const { bucket, name } = change.object;
    for (const config of this.configs) {
      if (config.bucket !== bucket || !name.startsWith(config.objectNamePrefix)) continue;
      if (!config.eventTypes.includes(change.type)) continue;
      this.underWay++;
      void this.publish(config, change, this.context.clock.now(), 1);
    }
  }

  private async publish(config: NotificationConfig, change: Change, eventTime: number, attempt: number): Promise<void> {
    if (this.stopped) return;
    const { publisher } = this;
    let status = "OK";
    let detail: string | undefined;
    try {
      if (!publisher) throw new ApiError("NOT_FOUND", `No Pub/Sub runs that has ${config.topic}`);
      const id = await publisher.publish(
        { ...agent(this.context), item: itemOf(change.object) },
        config.topic,
        message(config, change, eventTime),
      );
      detail = `message ${id}`;
    } catch (error) {
      status = error instanceof ApiError ? `${error.code}: ${error.message}` : String(error);
      if (error instanceof ApiError && PASSING.includes(error.code))
        this.publishLater(config, change, eventTime, attempt);
      else this.underWay--;
      return;
    } finally {
      this.context.recorder.hop({
        from: `bucket ${config.bucket}`,
        to: config.topic.replace(/^.*\/topics\//, "topic "),
        what: `${change.type} ${change.object.name}`,
        attempt,
        status,
        detail,
      });
    }
    this.underWay--;
  }

  private publishLater(config: NotificationConfig, change: Change, eventTime: number, attempt: number): void {
    const { clock } = this.context;
    const wait = Math.min(FIRST_WAIT * 2 ** (attempt - 1), LONGEST_WAIT);
    const cancel = clock.at(clock.now() + wait, () => {
      this.waiting.delete(cancel);
      void this.publish(config, change, eventTime, attempt + 1);
    });
    this.waiting.add(cancel);
  }
}

/** The Cloud Storage service agent of the project. */
export function agent({ projectNumber }: EmulatorContext): { email: string } {
  return { email: serviceAgent(projectNumber, "gs-project-accounts") };
}

function message(config: NotificationConfig, change: Change, eventTime: number) {
  const { object, type, overwrote, overwrittenBy } = change;
  return {
    data: Buffer.from(config.payloadFormat === "NONE" ? "" : JSON.stringify(toResource(object), undefined, 2)),
    attributes: {
      ...config.customAttributes,
      notificationConfig: config.name,
      eventType: type,
      payloadFormat: config.payloadFormat,
      bucketId: object.bucket,
      objectId: object.name,
      objectGeneration: String(object.generation),
      eventTime: new Date(eventTime).toISOString().replace("Z", "000Z"),
      ...(overwrote !== undefined && { overwroteGeneration: String(overwrote) }),
      ...(overwrittenBy !== undefined && { overwrittenByGeneration: String(overwrittenBy) }),
    },
  };
}
