import type { EvaluatedResource } from "../../src/core/emulator";
import { pubSub } from "../../src/pubsub";
import type { PubSubOptions } from "../../src/pubsub/pubsub-emulator";
import { FakeContext, grpc, rest } from "../support/fake-context";

const API = "https://pubsub.googleapis.com/v1";
const TOPIC = "projects/p/topics/work";
const DEAD = "projects/p/topics/dead";
const PUSH = "projects/p/subscriptions/push";
const PULL = "projects/p/subscriptions/pull";
const AGENT = "service-123@gcp-sa-pubsub.iam.gserviceaccount.com";
const SUBSCRIBER = "google.pubsub.v1.Subscriber";

const topic = (name: string): EvaluatedResource => ({
  address: `google_pubsub_topic.${name}`,
  type: "google_pubsub_topic",
  attributes: { name, project: "p" },
});

const subscription = (name: string, attributes: object = {}): EvaluatedResource => ({
  address: `google_pubsub_subscription.${name}`,
  type: "google_pubsub_subscription",
  attributes: { name, project: "p", topic: TOPIC, ...attributes },
});

const endpoint = "https://worker.run.app";
const push = (attributes: object = {}) =>
  subscription("push", { push_config: { push_endpoint: endpoint }, ack_deadline_seconds: 30, ...attributes });
const retry_policy = { minimum_backoff: "10s", maximum_backoff: "60s" };
const dead_letter_policy = { dead_letter_topic: DEAD, max_delivery_attempts: 5 };

function start(...given: (EvaluatedResource | PubSubOptions)[]) {
  const around = new FakeContext();
  const isResource = (each: (typeof given)[number]): each is EvaluatedResource => "address" in each;
  const resources = [topic("work"), topic("dead"), ...given.filter(isResource)];
  const pubsub = pubSub.create(around, resources, Object.assign({}, ...given.filter((each) => !isResource(each))));
  const publish = async (...messages: object[]) => {
    const { body } = await rest(pubsub, "POST", `${API}/${TOPIC}:publish`, { body: { messages } });
    return (body as { messageIds: string[] }).messageIds;
  };
  const pull = async (maxMessages = 10) => {
    const { body } = await rest(pubsub, "POST", `${API}/${PULL}:pull`, { body: { maxMessages } });
    return (body as { receivedMessages?: Received[] }).receivedMessages ?? [];
  };
  const acknowledge = (...ackIds: string[]) => rest(pubsub, "POST", `${API}/${PULL}:acknowledge`, { body: { ackIds } });
  const nack = (...ackIds: string[]) =>
    rest(pubsub, "POST", `${API}/${PULL}:modifyAckDeadline`, { body: { ackIds, ackDeadlineSeconds: 0 } });
  return { around, pubsub, publish, pull, acknowledge, nack };
}

interface Received {
  ackId: string;
  message: { messageId: string; data?: string; attributes?: Record<string, string> };
  deliveryAttempt?: number;
}

const data = (text: string) => Buffer.from(text).toString("base64");
const pushed = (around: FakeContext) =>
  around.invocations.map(
    ({ body }) => JSON.parse(body.toString()) as { message: { data: string }; deliveryAttempt?: number },
  );

describe("publishing", () => {
  test("needs publish on the topic, and gives each message an id of its own", async () => {
    const { around, publish } = start(subscription("pull"));
    const ids = await publish({ data: data("a") }, { data: data("b") });
    expect(new Set(ids).size).toBe(2);
    expect(around.asked).toEqual([`caller@p pubsub.topics.publish ${TOPIC}`]);
    around.denied.add(`caller@p pubsub.topics.publish ${TOPIC}`);
    await expect(publish({ data: data("c") })).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      message: `caller@p lacks pubsub.topics.publish on ${TOPIC}`,
    });
  });

  test("loses what no subscription takes, and tells it", async () => {
    const { around, pubsub, publish } = start(subscription("pull", { filter: "attributes:never" }));
    await publish({ data: data("a") });
    await pubsub.publishAs("agent@p", `//pubsub.googleapis.com/${DEAD}`, { data: Buffer.from("b"), attributes: {} });
    expect(around.hops).toMatchObject([
      { from: "caller@p", to: "topic work", status: "FILTERED", detail: "No subscription's filter matches" },
      { from: "agent@p", to: "topic dead", status: "LOST", detail: "The topic has no subscription" },
    ]);
    expect(around.asked.at(-1)).toBe(`agent@p pubsub.topics.publish ${DEAD}`);
  });

  const text = (length: number) => "x".repeat(length);
  test.each<[string, object[], string]>([
    ["no message", [], "The request must contain at least one message."],
    ["an empty message", [{ data: "" }], "A message must have non-empty data, or at least one attribute."],
    ["1001 messages", Array(1001).fill({ data: "YQ==" }), "The request has 1001 messages; allowed: 1000."],
    ["10 MB and a byte", [{ data: data(text(10_000_001)) }], "The request has 10000001 bytes; allowed: 10000000."],
    [
      "101 attributes",
      [{ attributes: Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`k${index}`, "v"])) }],
      "The message has 101 attributes; allowed: 100.",
    ],
    ["a long key", [{ attributes: { [text(257)]: "v" } }], "An attribute key must have at most 256 bytes."],
    ["a long value", [{ attributes: { k: text(1025) } }], 'The value of attribute "k" must have at most 1024 bytes.'],
    ["a key of Google's", [{ attributes: { googx: "v" } }], 'The attribute key "googx" begins with "goog".'],
    [
      "a value that is no text",
      [{ attributes: { k: 1 } }],
      "Invalid value at 'messages[0].attributes': given 1; allowed: texts under their names",
    ],
    ["data that is no base64", [{ data: "{}" }], "Invalid value at 'messages[0].data': given \"{}\"; allowed: base64"],
    [
      "two ordering keys",
      [{ data: "YQ==", orderingKey: "a" }, { data: "YQ==" }],
      "All messages of a request must have the same ordering key.",
    ],
    [
      "a long ordering key",
      [{ data: "YQ==", orderingKey: text(1025) }],
      "The ordering key must have at most 1024 bytes.",
    ],
    [
      "an unknown field",
      [{ payload: "x" }],
      "Invalid JSON payload received. Unknown name \"payload\" at 'messages[0]': Cannot find field.",
    ],
  ])("refuses %s", async (_, messages, message) => {
    const { publish } = start(subscription("pull"));
    await expect(publish(...messages)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", message });
  });

  test("refuses an unknown topic", async () => {
    const { pubsub } = start();
    const call = rest(pubsub, "POST", `${API}/projects/p/topics/other:publish`, {
      body: { messages: [{ data: "YQ==" }] },
    });
    await expect(call).rejects.toMatchObject({ code: "NOT_FOUND", message: "Resource not found (resource=other)." });
  });
});

describe("pushing", () => {
  test("sends the wrapped message with the token of the push identity", async () => {
    const oidc_token = { service_account_email: "pusher@p", audience: "https://aud" };
    const { around, pubsub, publish } = start(
      push({ push_config: [{ push_endpoint: endpoint, oidc_token }], dead_letter_policy }),
    );
    const [id] = await publish({ data: data("hello"), attributes: { a: "b" }, orderingKey: "k" });
    await around.clock.advance(0);
    expect(pubsub.pending()).toBe(0);
    expect(around.invocations).toHaveLength(1);
    expect(around.invocations[0]).toMatchObject({
      url: endpoint,
      method: "POST",
      deadline: 30_000,
      headers: { "Content-Type": "application/json", Authorization: "Bearer id:pusher@p:https://aud" },
    });
    expect(pushed(around)).toEqual([
      {
        message: {
          data: data("hello"),
          attributes: { a: "b" },
          messageId: id,
          message_id: id,
          publishTime: "2026-01-01T00:00:00Z",
          publish_time: "2026-01-01T00:00:00Z",
          orderingKey: "k",
        },
        subscription: PUSH,
        deliveryAttempt: 1,
      },
    ]);
    expect(around.hops.at(-1)).toMatchObject({ from: "subscription push", to: endpoint, attempt: 1, status: "200" });
  });

  test("takes the endpoint as audience, and tells no attempt without a dead letter policy", async () => {
    const { around, publish } = start(
      push({ push_config: { push_endpoint: endpoint, oidc_token: { service_account_email: "x@p" } } }),
    );
    await publish({ data: data("a") });
    await around.clock.advance(0);
    expect(around.invocations[0]?.headers.Authorization).toBe(`Bearer id:x@p:${endpoint}`);
    expect(pushed(around)[0]).not.toHaveProperty("deliveryAttempt");
  });

  test.each([102, 200, 201, 202, 204])("takes %i as acknowledgement", async (status) => {
    const { around, pubsub, publish } = start(push({ retry_policy }));
    around.answer = () => status;
    await publish({ data: data("a") });
    await around.clock.advance(0);
    expect(pubsub.pending()).toBe(0);
  });

  test.each([203, 301, 400, 403, 429, 500, "deadline" as const, "connection" as const])(
    "delivers again after %s",
    async (answer) => {
      const { around, publish } = start(push({ retry_policy }));
      around.answer = (_, index) => (index === 0 ? answer : 200);
      await publish({ data: data("a") });
      await around.clock.advance(9_999);
      expect(around.invocations).toHaveLength(1);
      await around.clock.advance(1);
      expect(around.invocations).toHaveLength(2);
    },
  );

  test("delivers what cannot be done here once, and says so", async () => {
    const { around, pubsub, publish } = start(push({ retry_policy, dead_letter_policy }));
    around.answer = () => "skipped";
    await publish({ data: data("a") });
    await around.clock.advance(3_600_000);
    expect([around.invocations.length, pubsub.pending()]).toEqual([1, 0]);
    const detail = "skipped: its worker cannot run here; Pub/Sub would deliver it again";
    expect(around.hops.at(-1)).toMatchObject({ to: endpoint, attempt: 1, status: "503", detail });
  });

  test("doubles the wait from the minimum to the maximum of the retry policy", async () => {
    const { around, pubsub, publish } = start(push({ retry_policy }));
    around.answer = () => 500;
    await publish({ data: data("a") });
    await around.clock.advance(260_000);
    expect(around.seconds()).toEqual([0, 10, 30, 70, 130, 190, 250]);
    expect(pubsub.pending()).toBe(1);
  });

  test("pauses the whole subscription from 100 ms to 60 s without a retry policy", async () => {
    const { around, publish } = start(push());
    around.answer = () => 500;
    await publish({ data: data("a") });
    await around.clock.advance(1600);
    expect(around.seconds()).toEqual([0, 0.1, 0.3, 0.7, 1.5]);
  });

  test("opens its window with successes", async () => {
    const { around, publish } = start(push());
    const finish: (() => void)[] = [];
    around.answer = () => new Promise((resolve) => finish.push(() => resolve(200)));
    await publish(...Array(20).fill({ data: data("a") }));
    expect(around.invocations).toHaveLength(4);
    for (const done of finish.splice(0)) done();
    await around.clock.advance(0);
    expect(around.invocations).toHaveLength(12);
  });

  test("pushes nothing after it was stopped", async () => {
    const { around, pubsub, publish } = start(push({ retry_policy }));
    around.answer = () => 500;
    await publish({ data: data("a") });
    pubsub.stop();
    await around.clock.advance(600_000);
    expect(around.invocations).toHaveLength(1);
  });

  test("gives each subscription its own copy, if its filter matches", async () => {
    const image = push({ filter: 'attributes.modality = "image"' });
    const { around, publish, pull } = start(image, subscription("pull"));
    await publish(
      { data: data("i"), attributes: { modality: "image" } },
      { data: data("t"), attributes: { modality: "text" } },
    );
    await around.clock.advance(0);
    expect(pushed(around).map(({ message }) => message.data)).toEqual([data("i")]);
    expect((await pull()).map(({ message }) => message.data)).toEqual([data("i"), data("t")]);
  });
});

describe("ordering", () => {
  test("delivers one message of a key at a time, in order, while other keys go on", async () => {
    const { around, publish } = start(push({ enable_message_ordering: true, retry_policy }));
    around.answer = ({ body }) =>
      JSON.parse(body.toString()).message.data === data("a1") && around.invocations.length < 3 ? 500 : 200;
    await publish({ data: data("a1"), orderingKey: "a" }, { data: data("a2"), orderingKey: "a" });
    await publish({ data: data("b1"), orderingKey: "b" });
    await around.clock.advance(60_000);
    expect(pushed(around).map(({ message }) => message.data)).toEqual(["a1", "b1", "a1", "a2"].map(data));
    await publish({ data: data("a3"), orderingKey: "a" });
    await around.clock.advance(0);
    expect(pushed(around).at(-1)?.message.data).toBe(data("a3"));
  });

  test("keeps no order where it was not asked for", async () => {
    const { around, publish } = start(push({ retry_policy }));
    around.answer = (_, index) => (index === 0 ? 500 : 200);
    await publish({ data: data("a1"), orderingKey: "a" }, { data: data("a2"), orderingKey: "a" });
    await around.clock.advance(60_000);
    expect(pushed(around).map(({ message }) => message.data)).toEqual(["a1", "a2", "a1"].map(data));
  });
});

describe("dead letters", () => {
  const kept = subscription("kept", { topic: DEAD });

  test("go to the topic after the last attempt, with where they come from", async () => {
    const { around, pubsub, publish } = start(push({ retry_policy, dead_letter_policy }), kept);
    around.answer = () => 500;
    const [id] = await publish({ data: data("x"), attributes: { a: "b" } });
    await around.clock.advance(600_000);
    expect(pushed(around).map(({ deliveryAttempt }) => deliveryAttempt)).toEqual([1, 2, 3, 4, 5]);
    expect(pubsub.pending()).toBe(0);
    const [dead, ...others] = pubsub.held("kept");
    expect(others).toEqual([]);
    expect(dead).toMatchObject({ data: Buffer.from("x"), publishTime: Date.UTC(2026, 0, 1, 0, 2, 10) });
    expect(dead?.id).not.toBe(id);
    expect(dead?.attributes).toEqual({
      a: "b",
      CloudPubSubDeadLetterSourceDeliveryCount: "5",
      CloudPubSubDeadLetterSourceSubscription: "push",
      CloudPubSubDeadLetterSourceSubscriptionProject: "p",
      CloudPubSubDeadLetterSourceTopicPublishTime: "2026-01-01T00:00:00Z",
    });
    expect(around.hops.at(-1)).toMatchObject({
      from: "subscription push",
      to: "topic dead",
      attempt: 5,
      status: "DEAD_LETTERED",
      detail: `as message ${dead?.id}`,
    });
    expect(around.asked.slice(1)).toEqual([
      `${AGENT} pubsub.subscriptions.consume ${PUSH}`,
      `${AGENT} pubsub.topics.publish ${DEAD}`,
    ]);
  });

  test.each([`${AGENT} pubsub.subscriptions.consume ${PUSH}`, `${AGENT} pubsub.topics.publish ${DEAD}`])(
    "stay where they are without: %s",
    async (grant) => {
      const { around, pubsub, publish } = start(push({ retry_policy, dead_letter_policy }), kept);
      around.denied.add(grant);
      around.answer = () => 500;
      await publish({ data: data("x") });
      await around.clock.advance(600_000);
      expect(pubsub.held("kept")).toEqual([]);
      expect(pubsub.pending()).toBe(1);
      expect(pushed(around).length).toBeGreaterThan(6);
      const [email, permission, resource] = grant.split(" ");
      expect(around.hops.filter(({ status }) => status === "NOT_DEAD_LETTERED")[0]).toMatchObject({
        attempt: 5,
        detail: `${email} lacks ${permission} on ${resource}`,
      });
    },
  );

  test("count nacks and missed deadlines of pulled messages alike", async () => {
    const { around, pubsub, publish, pull, nack } = start(subscription("pull", { dead_letter_policy }), kept);
    await publish({ data: data("x") });
    for (const attempt of [1, 2, 3, 4, 5]) {
      const [received] = await pull();
      expect(received?.deliveryAttempt).toBe(attempt);
      if (attempt % 2) await around.clock.advance(10_000);
      else await nack(received?.ackId ?? "");
    }
    expect(await pull()).toEqual([]);
    expect(pubsub.held("kept")).toHaveLength(1);
  });
});

describe("pulling", () => {
  test("needs consume on the subscription", async () => {
    const { around, pull, acknowledge, nack } = start(subscription("pull"));
    around.denied.add(`caller@p pubsub.subscriptions.consume ${PULL}`);
    for (const call of [() => pull(), () => acknowledge("a"), () => nack("a")]) {
      await expect(call()).rejects.toMatchObject({
        code: "PERMISSION_DENIED",
        message: `caller@p lacks pubsub.subscriptions.consume on ${PULL}`,
      });
    }
  });

  test("hands out up to so many, and forgets what is acknowledged", async () => {
    const { around, pubsub, publish, pull, acknowledge } = start(subscription("pull"));
    await publish({ data: data("a") }, { data: data("b") }, { data: data("c") });
    const first = await pull(2);
    expect(first.map(({ message }) => message.data)).toEqual([data("a"), data("b")]);
    expect(first[0]).not.toHaveProperty("deliveryAttempt");
    expect((await pull()).map(({ message }) => message.data)).toEqual([data("c")]);
    expect(await pull()).toEqual([]);
    await acknowledge(first[0]?.ackId ?? "");
    await acknowledge(first[0]?.ackId ?? "");
    expect(pubsub.held("pull")).toHaveLength(2);
    expect(pubsub.pending()).toBe(0);
    await around.clock.advance(10_000);
    expect((await pull()).map(({ message }) => message.data).sort()).toEqual([data("b"), data("c")].sort());
  });

  test("delivers again when the deadline passes, and not before one that was extended", async () => {
    const { around, pubsub, publish, pull, acknowledge } = start(subscription("pull"));
    await publish({ data: data("a") });
    const ackIds = (await pull()).map(({ ackId }) => ackId);
    await around.clock.advance(9_000);
    await rest(pubsub, "POST", `${API}/${PULL}:modifyAckDeadline`, { body: { ackIds, ackDeadlineSeconds: 60 } });
    await around.clock.advance(59_999);
    expect(await pull()).toEqual([]);
    await around.clock.advance(1);
    await acknowledge(...ackIds);
    expect(await pull()).toHaveLength(1);
  });

  test("waits as the retry policy says after a nack, and not at all without one", async () => {
    const { around, publish, pull, nack } = start(subscription("pull", { retry_policy }));
    await publish({ data: data("a") });
    await nack((await pull())[0]?.ackId ?? "");
    await around.clock.advance(9_999);
    expect(await pull()).toEqual([]);
    await around.clock.advance(1);
    expect(await pull()).toHaveLength(1);
    const eager = start(subscription("pull"));
    await eager.publish({ data: data("a") });
    await eager.nack((await eager.pull())[0]?.ackId ?? "");
    expect(await eager.pull()).toHaveLength(1);
  });

  test("a clock that jumps stands still for a puller that works in real time, and for no other", async () => {
    const around = new FakeContext();
    let held = 0;
    const hold = () => {
      held++;
      return () => void held--;
    };
    const resources = [topic("work"), subscription("pull", { ack_deadline_seconds: 10 })];
    const holdFor = ({ email }: { email?: string }) => (email === "pool@p" ? hold : undefined);
    const pubsub = pubSub.create(Object.assign(around, { clock: Object.assign(around.clock, { hold }) }), resources, {
      holdFor,
    });
    const heldAfterPullOf = async (email: string) => {
      await rest(pubsub, "POST", `${API}/${PULL}:pull`, { body: { maxMessages: 5 }, email });
      return held;
    };
    const messages = [{ data: data("a") }, { data: data("b") }];
    await rest(pubsub, "POST", `${API}/${TOPIC}:publish`, { body: { messages } });
    expect(await heldAfterPullOf("function@p")).toBe(0);
    await around.clock.advance(10_000);
    expect(await heldAfterPullOf("pool@p")).toBe(2);
    await around.clock.advance(9_999);
    expect(held).toBe(2);
    await around.clock.advance(1);
    expect(held).toBe(0);
  });

  test("a clock that jumps stands still for a message that such a puller has not asked for yet", async () => {
    let held = 0;
    const holdFor = () => () => {
      held++;
      return () => void held--;
    };
    const { around, publish, pull, nack } = start({ holdFor }, subscription("pull", { retry_policy }));
    await publish({ data: data("a") });
    await nack((await pull())[0]?.ackId ?? "");
    expect(await pull()).toEqual([]);
    await around.clock.advance(9_999);
    expect(held).toBe(0);
    await around.clock.advance(1);
    expect(held).toBe(1);
    // Now for the message itself.
    await nack((await pull())[0]?.ackId ?? "");
    expect(held).toBe(0);
  });

  test("works over gRPC with bytes, seconds and nanos", async () => {
    const { around, pubsub } = start(subscription("pull"));
    const messages = [{ data: Buffer.from("a"), attributes: {}, orderingKey: "", messageId: "", publishTime: null }];
    await grpc(pubsub, "google.pubsub.v1.Publisher", "Publish", { topic: TOPIC, messages });
    const reply = await grpc(pubsub, SUBSCRIBER, "Pull", {
      subscription: PULL,
      maxMessages: 1,
      returnImmediately: false,
    });
    const seconds = around.clock.now() / 1000;
    expect(reply).toEqual({
      receivedMessages: [
        {
          ackId: expect.any(String),
          message: { data: Buffer.from("a"), messageId: expect.any(String), publishTime: { seconds, nanos: 0 } },
        },
      ],
    });
    const [{ ackId }] = (reply as { receivedMessages: [Received] }).receivedMessages;
    expect(await grpc(pubsub, SUBSCRIBER, "Acknowledge", { subscription: PULL, ackIds: [ackId] })).toEqual({});
    expect(pubsub.held(PULL)).toEqual([]);
  });

  test("refuses what is wrong", async () => {
    const { pubsub, pull, acknowledge } = start(subscription("pull"), push());
    await expect(pull(0)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "Invalid maxMessages 0; allowed: 1 or more.",
    });
    await expect(acknowledge()).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "The request has no ackIds.",
    });
    await expect(acknowledge("x")).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "You have passed an invalid ack ID to the service (ack_id=x).",
    });
    await expect(rest(pubsub, "POST", `${API}/${PUSH}:pull`, { body: { maxMessages: 1 } })).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      message: `The subscription ${PUSH} pushes; it cannot be pulled from.`,
    });
    await expect(rest(pubsub, "POST", `${API}/${PULL}x:pull`, { body: { maxMessages: 1 } })).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: "Resource not found (resource=pullx).",
    });
  });

  test("refuses by name what is not simulated", async () => {
    const { pubsub } = start(subscription("pull"));
    await expect(rest(pubsub, "POST", `${API}/${PULL}:seek`)).rejects.toMatchObject({
      code: "UNIMPLEMENTED",
      message: "pubsub.googleapis.com: Seek is not simulated here",
    });
    await expect(rest(pubsub, "PATCH", `${API}/${TOPIC}`)).rejects.toMatchObject({
      message: "pubsub.googleapis.com: UpdateTopic is not simulated here",
    });
    await expect(grpc(pubsub, "google.pubsub.v1.SchemaService", "GetSchema", {})).rejects.toMatchObject({
      message: "google.pubsub.v1.SchemaService.GetSchema is not simulated here",
    });
  });
});

test("refuses at load what it cannot simulate, with all reasons", () => {
  const load = () =>
    start(
      subscription("one", { filter: "modality = image" }),
      subscription("two", { enable_exactly_once_delivery: true }),
      subscription("three", { topic: "projects/q/topics/far" }),
      subscription("four", { ack_deadline_seconds: 5 }),
      subscription("five", { dead_letter_policy: { dead_letter_topic: DEAD, max_delivery_attempts: 3 } }),
      subscription("six", { push_config: { push_endpoint: endpoint, attributes: { "x-goog-version": "v1beta1" } } }),
      subscription("seven", { retry_policy: { minimum_backoff: "601s" } }),
      topic("goog-x"),
    );
  expect(load).toThrow(
    [
      'google_pubsub_topic.goog-x: name is "goog-x"; allowed: a letter, then 2 to 254 of A-Za-z0-9-_.~+%; not beginning with goog',
      "google_pubsub_subscription.one: the filter modality = image is not valid: found modality at 0, expected attributes, hasPrefix, NOT or a bracket",
      "google_pubsub_subscription.two: enable_exactly_once_delivery is not simulated",
      "google_pubsub_subscription.three: the topic projects/q/topics/far is not in the stack",
      "google_pubsub_subscription.four: ack_deadline_seconds is 5; allowed: 10 to 600",
      "google_pubsub_subscription.five: max_delivery_attempts is 3; allowed: 5 to 100",
      "google_pubsub_subscription.six: push_config.attributes x-goog-version=v1beta1 is not simulated; simulated: x-goog-version=v1",
      "google_pubsub_subscription.seven: retry_policy is out of range; allowed: 0s to 600s",
    ].join("\n"),
  );
});
