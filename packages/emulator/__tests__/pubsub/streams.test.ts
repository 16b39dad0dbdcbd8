import { ApiError } from "../../src/core/api-error";
import { pubSub } from "../../src/pubsub";
import { FakeContext, rest } from "../support/fake-context";

// StreamingPull as google/pubsub/v1/pubsub.proto says it (StreamingPullRequest,
// StreamingPullResponse).

const FULL = "projects/p/subscriptions/sub";
const FIRST = { subscription: FULL, streamAckDeadlineSeconds: 10 };
const SECOND = 1000;

let around: FakeContext;
let pubsub: ReturnType<typeof pubSub.create>;

beforeEach(() => {
  around = new FakeContext();
  pubsub = made();
});

function made(settings: object = {}): ReturnType<typeof pubSub.create> {
  return pubSub.create(around, [
    { address: "t", type: "google_pubsub_topic", attributes: { name: "topic" } },
    {
      address: "s",
      type: "google_pubsub_subscription",
      attributes: { name: "sub", topic: "topic", ack_deadline_seconds: 60, ...settings },
    },
  ]);
}

/** A client that reads a stream. */
class Listener {
  readonly replies: { readonly receivedMessages?: { ackId: string; message: { data: Buffer } }[] }[] = [];
  /** `OK`, or the code that the stream ended with. */
  ended?: string;
  /** Waits before it takes a message. */
  ready: Promise<void> = Promise.resolve();
  private readonly waiting: object[] = [];
  private wake: () => void = () => {};
  private isOver = false;

  constructor(...requests: object[]) {
    this.waiting.push(...requests);
    const serve = pubsub.grpc.find(({ name }) => name === "google.pubsub.v1.Subscriber")?.streams?.StreamingPull;
    const send = async (reply: object) => {
      this.replies.push(reply);
      await this.ready;
    };
    serve?.({ requests: this.requests(), send }, { email: "caller@p" }).then(
      () => {
        this.ended = "OK";
      },
      (error: ApiError) => {
        this.ended = error instanceof ApiError ? error.code : String(error);
      },
    );
  }

  send(request: object): void {
    this.waiting.push(request);
    this.wake();
  }

  close(): void {
    this.isOver = true;
    this.wake();
  }

  get received() {
    return this.replies.flatMap(({ receivedMessages = [] }) => receivedMessages);
  }

  get texts(): string[] {
    return this.received.map(({ message }) => String(message.data));
  }

  private async *requests() {
    for (;;) {
      const next = this.waiting.shift();
      if (next) yield next;
      else if (this.isOver) return;
      else {
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
      }
    }
  }
}

const publish = (...texts: string[]) =>
  rest(pubsub, "POST", "https://pubsub.googleapis.com/v1/projects/p/topics/topic:publish", {
    body: { messages: texts.map((text) => ({ data: Buffer.from(text).toString("base64"), orderingKey: "" })) },
  });
const settle = () => around.clock.advance(0);

test("what is there and what comes is sent; the first answer has the subscription's properties", async () => {
  pubsub = made({ enable_message_ordering: true });
  await publish("a");
  const listener = new Listener(FIRST);
  await settle();
  expect(listener.replies[0]).toEqual({
    subscriptionProperties: { exactlyOnceDeliveryEnabled: false, messageOrderingEnabled: true },
  });
  await publish("b", "c");
  await settle();
  expect(listener.texts).toEqual(["a", "b", "c"]);
  expect(pubsub.pending()).toBe(3);
});

test("acknowledgements on the stream and by Acknowledge both count", async () => {
  await publish("a", "b");
  const listener = new Listener(FIRST);
  await settle();
  const [a, b] = listener.received.map(({ ackId }) => ackId);
  listener.send({ ackIds: [a] });
  await rest(pubsub, "POST", `https://pubsub.googleapis.com/v1/${FULL}:acknowledge`, { body: { ackIds: [b] } });
  await settle();
  expect(pubsub.held("sub")).toEqual([]);
});

test("the stream's own deadline counts, as it was set last, and deadlines are moved one by one", async () => {
  await publish("a");
  const listener = new Listener(FIRST);
  await around.clock.advance(9 * SECOND);
  expect(listener.texts).toEqual(["a"]);
  await around.clock.advance(1 * SECOND);
  expect(listener.texts).toEqual(["a", "a"]);
  const ackId = listener.received[1]?.ackId;
  listener.send({ modifyDeadlineAckIds: [ackId], modifyDeadlineSeconds: [30], streamAckDeadlineSeconds: 20 });
  await around.clock.advance(29 * SECOND);
  expect(listener.texts).toHaveLength(2);
  await around.clock.advance(1 * SECOND);
  expect(listener.texts).toHaveLength(3);
  await around.clock.advance(19 * SECOND);
  expect(listener.texts).toHaveLength(3);
  await around.clock.advance(1 * SECOND);
  expect(listener.texts).toHaveLength(4);
});

test("zero seconds are a nack: the message comes again, as the retry policy says", async () => {
  pubsub = made({ retry_policy: { minimum_backoff: "5s" } });
  await publish("a");
  const listener = new Listener(FIRST);
  await settle();
  listener.send({ modifyDeadlineAckIds: [listener.received[0]?.ackId], modifyDeadlineSeconds: [0] });
  await around.clock.advance(4 * SECOND);
  expect(listener.texts).toEqual(["a"]);
  await around.clock.advance(1 * SECOND);
  expect(listener.texts).toEqual(["a", "a"]);
});

test.each([
  ["max_outstanding_messages", { maxOutstandingMessages: "2" }, ["aaa", "bbb"]],
  ["max_outstanding_bytes", { maxOutstandingBytes: "4" }, ["aaa", "bbb"]],
  ["neither, for zero is none", { maxOutstandingMessages: "0", maxOutstandingBytes: "0" }, ["aaa", "bbb", "ccc"]],
])("no more is out than %s allows", async (_, limits, expected) => {
  await publish("aaa", "bbb", "ccc");
  const listener = new Listener({ ...FIRST, ...limits });
  await settle();
  expect(listener.texts).toEqual(expected);
  listener.send({ ackIds: [listener.received[0]?.ackId] });
  await settle();
  expect(listener.texts).toEqual(["aaa", "bbb", "ccc"]);
});

test("a caller that does not read gets no more", async () => {
  let read = () => {};
  const listener = new Listener(FIRST);
  await settle();
  listener.ready = new Promise((resolve) => {
    read = resolve;
  });
  await publish("a", "b");
  await settle();
  expect(listener.texts).toEqual(["a"]);
  read();
  await settle();
  expect(listener.texts).toEqual(["a", "b"]);
});

test("streams of one subscription take turns", async () => {
  const [one, other] = [new Listener(FIRST), new Listener(FIRST)];
  await settle();
  for (const text of ["a", "b", "c", "d"]) {
    await publish(text);
    await settle();
  }
  expect([one.texts, other.texts]).toEqual([
    ["a", "c"],
    ["b", "d"],
  ]);
});

test("of one ordering key the next message is sent when the one before is acknowledged", async () => {
  pubsub = made({ enable_message_ordering: true });
  await rest(pubsub, "POST", "https://pubsub.googleapis.com/v1/projects/p/topics/topic:publish", {
    body: { messages: ["a", "b"].map((text) => ({ data: Buffer.from(text).toString("base64"), orderingKey: "k" })) },
  });
  const listener = new Listener(FIRST);
  await settle();
  expect(listener.texts).toEqual(["a"]);
  listener.send({ ackIds: [listener.received[0]?.ackId] });
  await settle();
  expect(listener.texts).toEqual(["a", "b"]);
});

test("after half an hour the stream ends with UNAVAILABLE; what was out goes to the next one when its time is over", async () => {
  const listener = new Listener(FIRST);
  await around.clock.advance(30 * 60 * SECOND - SECOND);
  await publish("a");
  expect(listener.ended).toBeUndefined();
  await around.clock.advance(SECOND);
  expect(listener.ended).toBe("UNAVAILABLE");
  const next = new Listener(FIRST);
  await around.clock.advance(8 * SECOND);
  expect(next.texts).toEqual([]);
  await around.clock.advance(SECOND);
  expect(next.texts).toEqual(["a"]);
});

test("a caller that sends no more ends the stream; nothing is pending then", async () => {
  const listener = new Listener(FIRST);
  await publish("a");
  listener.close();
  await settle();
  expect([listener.ended, pubsub.pending()]).toEqual(["OK", 0]);
});

test("the end of a run ends its streams", async () => {
  const listener = new Listener(FIRST);
  await settle();
  pubsub.stop();
  await settle();
  expect(listener.ended).toBe("UNAVAILABLE");
});

test.each([
  ["a subscription that is not there", [{ ...FIRST, subscription: "projects/p/subscriptions/none" }], "NOT_FOUND"],
  ["no deadline", [{ subscription: FULL }], "INVALID_ARGUMENT"],
  ["a deadline that is too short", [{ ...FIRST, streamAckDeadlineSeconds: 9 }], "INVALID_ARGUMENT"],
  ["a deadline that is too long", [{ ...FIRST, streamAckDeadlineSeconds: 601 }], "INVALID_ARGUMENT"],
  ["a malformed ack id", [FIRST, { ackIds: ["x"] }], "INVALID_ARGUMENT"],
  ["fewer deadlines than ids", [FIRST, { modifyDeadlineAckIds: [`${FULL}:0`] }], "INVALID_ARGUMENT"],
  [
    "a negative deadline",
    [FIRST, { modifyDeadlineAckIds: [`${FULL}:0`], modifyDeadlineSeconds: [-1] }],
    "INVALID_ARGUMENT",
  ],
  ["the subscription again", [FIRST, { subscription: FULL }], "INVALID_ARGUMENT"],
  ["other limits later", [FIRST, { maxOutstandingMessages: "3" }], "INVALID_ARGUMENT"],
])("%s aborts the stream", async (_, requests, code) => {
  const listener = new Listener(...requests);
  await settle();
  expect(listener.ended).toBe(code);
});

test("an empty request keeps the stream alive and changes nothing", async () => {
  const listener = new Listener(FIRST, {}, {});
  await settle();
  expect(listener.ended).toBeUndefined();
});

test("needs consume on the subscription", async () => {
  around.denied.add(`caller@p pubsub.subscriptions.consume ${FULL}`);
  const listener = new Listener(FIRST);
  await settle();
  expect(listener.ended).toBe("PERMISSION_DENIED");
});

test("a clock that jumps stands still while a message is out, not while a stream waits", async () => {
  let held = 0;
  Object.assign(around.clock, {
    hold: () => {
      held++;
      return () => held--;
    },
  });
  const listener = new Listener(FIRST);
  await settle();
  expect(held).toBe(0);
  await publish("a");
  await settle();
  expect(held).toBe(1);
  listener.send({ ackIds: [listener.received[0]?.ackId] });
  await settle();
  expect(held).toBe(0);
  await publish("b");
  listener.close();
  await settle();
  expect(held).toBe(0);
});
