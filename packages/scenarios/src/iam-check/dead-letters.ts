import type { RunningStack } from "@cdktf-serverless-ml/emulator";
import { block } from "@cdktf-serverless-ml/terraform-json";

/**
 * Pulls and acknowledges dead letters, one of each subscription that keeps some, as whoever the stack lets do that.
 *
 * @param topics full names of the dead-letter topics
 * @throws RequestFailed
 */
export async function readDeadLetters(running: RunningStack, topics: ReadonlySet<string>): Promise<void> {
  for (const { attributes } of running.named("google_pubsub_subscription")) {
    const { topic, name, project = running.stack.defaults.project } = attributes;
    const subscription = `projects/${project}/subscriptions/${name}`;
    const reader = running.holderOf("pubsub.subscriptions.consume", subscription);
    if (reader === undefined || block(attributes, "push_config") || !topics.has(topic)) continue;
    const ask = <T>(method: string, body: object) =>
      running.client(reader).json<T>("POST", `https://pubsub.googleapis.com/v1/${subscription}:${method}`, body);
    const { receivedMessages = [] } = await ask<{ receivedMessages?: { ackId: string }[] }>("pull", { maxMessages: 1 });
    const ackIds = receivedMessages.map(({ ackId }) => ackId);
    if (ackIds.length > 0) await ask("acknowledge", { ackIds });
  }
}
