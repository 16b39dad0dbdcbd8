import type { RestService } from "../core/stand-in";
import type { RunningStack } from "../run/running-stack";

/** A subscription that is pulled from and has a dead letter. */
export interface Pulled {
  /** `projects/P/subscriptions/S` */
  readonly name: string;
  /** E-mail of a service account that may pull. */
  readonly consumer: string;
  /** Deliveries after which Pub/Sub gives up. */
  readonly attempts: number;
}

/** Virtual milliseconds between looks. */
const INTERVAL = 30_000;
/** The longest wait before a message is delivered again, in milliseconds: `RetryPolicy` in google/pubsub/v1/pubsub.proto. */
const LONGEST = 600_000;
const PULL = 100;

export function pulledSubscriptions(running: RunningStack): Pulled[] {
  return running.named("google_pubsub_subscription").flatMap(({ attributes }) => {
    const { dead_letter_policy: policy, push_config: push, project = running.stack.defaults.project } = attributes;
    const name = `projects/${project}/subscriptions/${attributes.name}`;
    const consumer = policy && !push ? running.holderOf("pubsub.subscriptions.consume", name) : undefined;
    return consumer === undefined ? [] : [{ name, consumer, attempts: Number(policy.max_delivery_attempts ?? 5) }];
  });
}

/**
 * A consumer that pulls and says each time that it could not do it, until Pub/Sub has given up what is there.
 *
 * @param wait lets milliseconds pass
 * @throws RequestFailed
 */
export async function neglect(
  running: RunningStack,
  { name, consumer, attempts }: Pulled,
  wait: (milliseconds: number) => Promise<void>,
): Promise<void> {
  const client = running.client(consumer);
  const ask = <T>(method: string, body: object) =>
    client.json<T>("POST", `https://pubsub.googleapis.com/v1/${name}:${method}`, body);
  const looks = Math.ceil((attempts * LONGEST) / INTERVAL);
  for (let look = 0; look < looks && running.parts.standIns.pubsub.held(name).length > 0; look++) {
    const { receivedMessages = [] } = await ask<{ receivedMessages?: { ackId: string }[] }>("pull", {
      maxMessages: PULL,
    });
    const ackIds = receivedMessages.map(({ ackId }) => ackId);
    if (ackIds.length > 0) await ask("modifyAckDeadline", { ackIds, ackDeadlineSeconds: 0 });
    await wait(INTERVAL);
  }
}

/** Hears no acknowledgement while it is deaf. */
export function deafTo(inner: RestService, isDeaf: () => boolean): RestService {
  return {
    ...inner,
    handle: async (request) => {
      const isAcknowledgement = /\/subscriptions\/[^/]+:acknowledge$/.test(request.path);
      return isDeaf() && isAcknowledgement ? { status: 200, body: {} } : inner.handle(request);
    },
  };
}
