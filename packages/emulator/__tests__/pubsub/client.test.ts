import type { Network } from "../../src/network";
import { pubSub } from "../../src/pubsub";
import { ACCOUNT, result, run, startNetwork } from "../network/support";
import { FakeContext } from "../support/fake-context";

// @google-cloud/pubsub, unchanged and without options, against the emulator.

const around = new FakeContext();
const pubsub = pubSub.create(around, [
  { address: "google_pubsub_topic.t", type: "google_pubsub_topic", attributes: { name: "topic", project: "acme-ml" } },
  {
    address: "google_pubsub_subscription.s",
    type: "google_pubsub_subscription",
    attributes: { name: "sub", project: "acme-ml", topic: "topic", enable_message_ordering: true },
  },
]);
let network: Network;

beforeAll(async () => {
  ({ network } = await startNetwork());
  network.services.add(pubsub);
});
afterAll(() => network.stop());

const program = (options: string) => `
  const { PubSub, v1 } = require("@google-cloud/pubsub");
  (async () => {
    const topic = new PubSub().topic("topic", { messageOrdering: true });
    const id = await topic.publishMessage({ data: Buffer.from("x"), attributes: { a: "b" }, orderingKey: "k" });
    const publisher = new v1.PublisherClient(${options});
    const full = "projects/acme-ml/topics/topic";
    const [{ messageIds }] = await publisher.publish({ topic: full, messages: [{ data: Buffer.from("y") }] });
    const empty = await publisher.publish({ topic: full, messages: [{}] }).catch((error) => error.message);
    const client = new v1.SubscriberClient(${options});
    const subscription = "projects/acme-ml/subscriptions/sub";
    const [{ receivedMessages }] = await client.pull({ subscription, maxMessages: 5 });
    const ackIds = receivedMessages.map(({ ackId }) => ackId);
    await client.modifyAckDeadline({ subscription, ackIds, ackDeadlineSeconds: 60 });
    await client.acknowledge({ subscription, ackIds });
    const told = receivedMessages.map(({ message }) =>
      [message.messageId, Buffer.from(message.data, "base64").toString(), message.attributes, message.orderingKey, Number(message.publishTime.seconds)]);
    console.log(JSON.stringify({ ids: [id, ...messageIds], told, empty }));
    process.exit();
  })().catch((error) => { console.error(error); process.exit(1); });`;

test.each(["", "{ fallback: true }"])("publishes, pulls and acknowledges with options %p", async (options) => {
  const { ids, told, empty } = result(await run(network, program(options))) as {
    ids: string[];
    told: unknown;
    empty: string;
  };
  const seconds = around.clock.now() / 1000;
  expect(told).toEqual([
    [ids[0], "x", { a: "b" }, "k", seconds],
    [ids[1], "y", {}, "", seconds],
  ]);
  expect(empty).toMatch(/A message must have non-empty data, or at least one attribute\./);
  expect(pubsub.held("projects/acme-ml/subscriptions/sub")).toEqual([]);
  expect(around.asked).toContain(`${ACCOUNT} pubsub.subscriptions.consume projects/acme-ml/subscriptions/sub`);
});

const CONSUMER = `
  const { PubSub } = require("@google-cloud/pubsub");
  const pubsub = new PubSub();
  const topic = pubsub.topic("topic", { messageOrdering: true });
  const subscription = pubsub.subscription("sub", { flowControl: { maxMessages: 2 } });
  const seen = [];
  let refused = false;
  subscription.on("error", (error) => { console.error(error); process.exit(1); });
  subscription.on("message", async (message) => {
    seen.push(message.data.toString());
    if (!refused && message.data.toString() === "1") { refused = true; message.nack(); return; }
    message.ack();
    if (seen.length < 6) return;
    await subscription.close();
    console.log(JSON.stringify(seen));
    process.exit();
  });
  (async () => {
    for (let n = 0; n < 5; n++) await topic.publishMessage({ data: Buffer.from(String(n)), orderingKey: "k" });
  })().catch((error) => { console.error(error); process.exit(1); });`;

test("streams messages to a listener, in order, again after a nack", async () => {
  expect(result(await run(network, CONSUMER))).toEqual(["0", "1", "1", "2", "3", "4"]);
  await eventually(() => expect(pubsub.held("projects/acme-ml/subscriptions/sub")).toEqual([]));
});

test("ends a listener whose account may not consume, with the code of the refusal", async () => {
  around.denied.add(`${ACCOUNT} pubsub.subscriptions.consume projects/acme-ml/subscriptions/sub`);
  const answer = await run(
    network,
    `const { PubSub } = require("@google-cloud/pubsub");
     new PubSub().subscription("sub").on("error", ({ code, details }) => { console.log(JSON.stringify({ code, details })); process.exit(); })
       .on("message", () => {});`,
  );
  around.denied.clear();
  expect(result(answer)).toEqual({
    code: 7,
    details: `${ACCOUNT} lacks pubsub.subscriptions.consume on projects/acme-ml/subscriptions/sub`,
  });
});

async function eventually(check: () => void): Promise<void> {
  for (let turn = 0; turn < 100; turn++) {
    try {
      return check();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  check();
}
