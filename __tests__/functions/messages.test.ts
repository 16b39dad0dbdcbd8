import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { environmentSchema as auditEnvironment } from "../../functions/message-audit/environment";
import { createHandler as createAudit } from "../../functions/message-audit/handler";
import { environmentSchema as predictorEnvironment } from "../../functions/message-predictor/environment";
import { createHandler as createPredictor } from "../../functions/message-predictor/handler";
import { readEnvironment } from "../../functions/shared/environment";
import { type Predictor, vertexPredictor } from "../../functions/shared/predictor";
import { environments } from "../support/environments";
import { FakeGoogle } from "../support/fake-google";
import { envelope, type Served, serve } from "../support/serve";

let google: FakeGoogle;
let predictor: Served;
let audit: Served;

const openPredictor = (variables: Record<string, string | undefined> = {}, swapped?: Predictor) => {
  const environment = readEnvironment(predictorEnvironment, { ...environments["message-predictor"], ...variables });
  const services = google.services("message-predictor");
  const { VERTEX_ENDPOINT, PREDICT_BATCH_SIZE, VERTEX_HOST } = environment;
  const vertex = vertexPredictor(services.google, VERTEX_ENDPOINT, PREDICT_BATCH_SIZE, VERTEX_HOST);
  return serve(createPredictor(environment, { ...services, predictor: swapped ?? vertex }));
};

beforeAll(async () => {
  google = await FakeGoogle.start();
  predictor = await openPredictor();
  const environment = readEnvironment(auditEnvironment, environments["message-audit"]);
  audit = await serve(createAudit(environment, google.services("message-audit")));
});

beforeEach(() => google.reset());
afterAll(() => Promise.all([predictor.stop(), audit.stop(), google.stop()]));

describe("a message handler", () => {
  const good = envelope({ instances: [1] });
  const change = (message: object, more: object = {}) => ({
    ...good,
    message: { ...good.message, ...message },
    ...more,
  });

  test.each([
    ["no JSON", "hello", "malformed_json", "The body (5 bytes) is not JSON in UTF-8"],
    ["no message", { subscription: good.subscription }, "invalid_payload", "message: missing"],
    [
      "data that is not base64",
      change({ data: "%%%" }),
      "invalid_payload",
      'message.data: given "%%%"; allowed: base64',
    ],
    [
      "an id with a path",
      change({ messageId: "../1" }),
      "invalid_payload",
      'message.messageId: given "../1"; allowed: a message id',
    ],
    ["a time that is none", change({ publishTime: "../../x" }), "invalid_payload", "message.publishTime: given"],
    [
      "attributes that are no texts",
      change({ attributes: { a: 1 } }),
      "invalid_payload",
      "message.attributes.a: given 1",
    ],
    ["a subscription that is none", change({}, { subscription: "x" }), "invalid_payload", 'subscription: given "x"'],
    [
      "a subscription of other characters",
      change({}, { subscription: "projects/my-project/subscriptions/\ud800\ud800\ud800" }),
      "invalid_payload",
      "allowed: a subscription name like projects/P/subscriptions/S",
    ],
    [
      "more values than any envelope has",
      change({ attributes: Object.fromEntries(Array.from({ length: 500 }, (_, i) => [i, "x"])) }),
      "too_many_values",
      "The body holds more than 1000 values",
    ],
    [
      "levels upon levels",
      change({ attributes: JSON.parse("[".repeat(70) + "]".repeat(70)) }),
      "too_deep",
      "64 levels",
    ],
    ["an attempt that is none", change({}, { deliveryAttempt: 0 }), "invalid_payload", "deliveryAttempt: given 0"],
  ])("refuses an envelope with %s", async (_name, body, code, message) => {
    for (const server of [predictor, audit]) {
      const answer = await server.post(body);
      expect([answer.status, answer.body.error.code]).toEqual([400, code]);
      expect(answer.body.error.message).toContain(message);
    }
    expect([google.published, google.buckets.uris]).toEqual([[], []]);
  });

  test("refuses other methods", async () => {
    expect((await fetch(predictor.url)).status).toBe(405);
  });

  describe("of a message that was put back", () => {
    const attributes = {
      modality: "text",
      redriveMessageId: "77",
      redrivePublishTime: "2026-02-01T00:00:00Z",
      redriveCount: "2",
    };
    const redriven = (data: unknown, subscription = "text-redrive") => ({
      ...envelope(data, { id: "9001", attributes, orderingKey: "k" }),
      subscription: `projects/my-project/subscriptions/${subscription}`,
    });

    test("makes the effect of the message as it was at first, once", async () => {
      await predictor.message(
        { instances: [1] },
        { id: "77", publishTime: "2026-02-01T00:00:00Z", attributes: { modality: "text" } },
      );
      const before = google.buckets.texts;
      google.buckets.clear();
      for (let time = 1; time <= 2; time++)
        expect((await predictor.post(redriven({ instances: [1] }))).status).toBe(204);
      expect(google.buckets.texts).toEqual(before);
      expect(Object.keys(before)).toEqual(["gs://results/text/77.json"]);
      expect(google.predictRequests).toHaveLength(2);
    });

    test("believes only its redrive subscription", async () => {
      await predictor.post(redriven({ instances: [1] }, "my-subscription"));
      expect(google.buckets.uris).toEqual(["gs://results/text/9001.json"]);
    });

    test("hands over the identity and the count, so that it can come back again", async () => {
      await predictor.post(redriven("no json"));
      expect(google.published).toMatchObject([
        {
          orderingKey: "k",
          attributes: {
            modality: "text",
            deadLetterMessageId: "77",
            deadLetterRedrives: "2",
            CloudPubSubDeadLetterSourceSubscription: "text-redrive",
            CloudPubSubDeadLetterSourceTopicPublishTime: "2026-02-01T00:00:00Z",
          },
        },
      ]);
      expect(Object.keys(google.published[0]?.attributes ?? {}).filter((key) => key.startsWith("redrive"))).toEqual([]);
      expect(google.log.at(-1)).toMatchObject({ messageId: "77", redrives: 2 });
    });
  });

  test("hands over with the reason, the message's attributes and where it came from", async () => {
    const attributes = { modality: "text", googclient_schemaname: "x" };
    const { status, text } = await predictor.message("no json", { attributes, attempt: 3, id: "77" });
    expect([status, text]).toEqual([204, ""]);
    expect(google.published).toEqual([
      {
        topic: "projects/my-project/topics/dead",
        data: Buffer.from("no json"),
        attributes: {
          modality: "text",
          deadLetterReason: "malformed_json",
          deadLetterMessage: "The data (7 bytes) is not JSON in UTF-8",
          deadLetterSource: "pubsub",
          deadLetterFunction: "message-predictor",
          deadLetterMessageId: "77",
          CloudPubSubDeadLetterSourceSubscription: "my-subscription",
          CloudPubSubDeadLetterSourceSubscriptionProject: "my-project",
          CloudPubSubDeadLetterSourceTopicPublishTime: "2026-03-01T08:09:10.123Z",
          CloudPubSubDeadLetterSourceDeliveryCount: "3",
        },
      },
    ]);
    expect(google.log.at(-1)).toMatchObject({
      severity: "WARNING",
      code: "malformed_json",
      messageId: "77",
      attempt: 3,
    });
  });

  test("hands over a message that has all the attributes that Pub/Sub allows", async () => {
    const attributes = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`a${i}`, "x"]));
    expect((await predictor.message("no json", { attributes })).status).toBe(204);
    expect(Object.keys(google.published[0]?.attributes ?? {})).toHaveLength(100);
    expect(google.published[0]?.attributes.deadLetterReason).toBe("malformed_json");
  });

  test("hands over a message without those attributes that Pub/Sub would refuse, and with the others cut", async () => {
    const attributes = { "": "a", ["k".repeat(257)]: "b", "\ud800": "c", long: "x".repeat(2000), half: "\ud800" };
    expect((await predictor.message("no json", { attributes })).status).toBe(204);
    const { long, half, deadLetterReason, ...others } = google.published[0]?.attributes ?? {};
    expect([long?.length, half, deadLetterReason]).toEqual([1019, "\uFFFD", "malformed_json"]);
    expect(Object.keys(others).filter((key) => !/^(deadLetter|CloudPubSub)/.test(key))).toEqual([]);
  });

  test("refuses what leaves no room for the reason, for the subscription's own policy", async () => {
    const { status, body } = await predictor.message("x".repeat(9_999_900));
    expect([status, body.error.code]).toEqual([413, "payload_too_large"]);
    expect(google.published).toEqual([]);
    expect((await predictor.message("x".repeat(9_999_000))).status).toBe(204);
    expect(google.published[0]?.attributes.deadLetterReason).toBe("payload_too_large");
  });

  test("keeps the message when it cannot be handed over", async () => {
    google.failNext(/publish/, ...Array(3).fill({ drop: true }));
    expect((await predictor.message("no json")).status).toBe(500);
    expect((await predictor.message("no json")).status).toBe(204);
    expect(google.published).toHaveLength(1);
  });

  test("without a dead letter topic refuses, for the subscription's own policy", async () => {
    const server = await openPredictor({ DEAD_LETTER_TOPIC: undefined });
    const { status, body } = await server.message({ instances: [] });
    await server.stop();
    expect([status, body.error.code]).toEqual([400, "invalid_payload"]);
    expect(body.error.message).toBe("The data is not valid. instances: given 0; allowed: 1 to 1000 instances");
    expect(google.published).toEqual([]);
  });
});

describe("message-predictor", () => {
  test("predicts and writes the result once", async () => {
    const attributes = { modality: "text" };
    const { status } = await predictor.message({ instances: [1, 2], parameters: { k: 1 } }, { id: "5", attributes });
    expect(status).toBe(204);
    expect(google.predictRequests).toEqual([
      { endpoint: environments["message-predictor"].VERTEX_ENDPOINT, instances: [1, 2], parameters: { k: 1 } },
    ]);
    expect(google.requests).toContainEqual(expect.stringContaining("POST europe-west4-aiplatform.googleapis.com/v1/"));
    expect(google.buckets.json("gs://results/text/5.json")).toEqual({
      messageId: "5",
      publishTime: "2026-03-01T08:09:10.123Z",
      attributes,
      predictions: [{ echo: 1 }, { echo: 2 }],
    });
    await predictor.message({ instances: [1, 2] }, { id: "5", attempt: 2 });
    expect(google.predictRequests).toHaveLength(1);
  });

  test("takes each sample message of its modality", async () => {
    const samples = readFileSync("samples/messages.jsonl", "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    for (const [i, { attributes, payload }] of samples.entries()) {
      expect((await predictor.message(payload, { id: String(i), attributes })).status).toBe(204);
    }
    expect(google.buckets.uris).toHaveLength(samples.length);
    expect(google.published).toEqual([]);
  });

  test("deliveries at the same time write one result", async () => {
    const deliver = () => predictor.message({ instances: [1] }, { id: "9" });
    const replies = await Promise.all([deliver(), deliver(), deliver()]);
    expect(replies.map(({ status }) => status)).toEqual([204, 204, 204]);
    expect(google.buckets.uris).toEqual(["gs://results/text/9.json"]);
  });

  test.each([
    ["the write's answer is lost", /upload/, { drop: true, after: true }],
    ["the model is busy", /:predict/, { status: 429, headers: { "Retry-After": "1" } }],
    ["the model is away", /:predict/, { status: 503 }],
    ["the look fails", /GET .*text%2F/, { status: 503 }],
  ])("outlives that %s", async (_name, pattern, fault) => {
    google.failNext(pattern, fault);
    expect((await predictor.message({ instances: [1] })).status).toBe(204);
    expect(google.buckets.uris).toEqual(["gs://results/text/1001.json"]);
  });

  test("asks for another delivery when the model stays away", async () => {
    google.failNext(/:predict/, ...Array(3).fill({ status: 503 }));
    expect((await predictor.message({ instances: [1] })).status).toBe(503);
    google.failNext(/:predict/, { status: 500, reason: "INTERNAL" });
    expect((await predictor.message({ instances: [1] })).status).toBe(500);
    expect((await predictor.message({ instances: [1] })).status).toBe(204);
    expect(google.published).toEqual([]);
  });

  test.each([
    ["no instances", { instances: [] }, "invalid_payload", "1 to 1000 instances"],
    ["too many instances", { instances: Array(1001).fill(0) }, "invalid_payload", "1 to 1000 instances"],
    ["instances that are no list", { instances: "x" }, "invalid_payload", 'instances: given "x"'],
    ["a list for a payload", [1], "invalid_payload", "(whole): given"],
    [
      "too large a payload",
      { instances: ["x".repeat(1024 ** 2)] },
      "payload_too_large",
      "The data has 1048594 bytes; allowed: 1048576",
    ],
  ])("hands over %s", async (_name, payload, code, message) => {
    expect((await predictor.message(payload)).status).toBe(204);
    expect(google.published[0]?.attributes).toMatchObject({ deadLetterReason: code });
    expect(google.published[0]?.attributes.deadLetterMessage).toContain(message);
    expect(google.buckets.uris).toEqual([]);
  });

  test("hands over what the model refuses, without telling the log what it was", async () => {
    google.failNext(/:predict/, { status: 400, reason: "INVALID_ARGUMENT", message: "bad instance secret" });
    await predictor.message({ instances: ["secret"] });
    expect(google.published[0]?.attributes).toMatchObject({
      deadLetterReason: "prediction_refused",
      deadLetterMessage: expect.stringContaining("bad instance secret"),
    });
    expect(google.logLines.join()).not.toContain("secret");
  });

  test("a request to the model stays below its size limit", async () => {
    const instances = Array.from({ length: 8 }, () => "x".repeat(120_000));
    await predictor.message({ instances });
    const large = Array.from({ length: 20 }, () => "y".repeat(500_000));
    const services = google.services();
    await vertexPredictor(services.google, environments["message-predictor"].VERTEX_ENDPOINT, 32).predict(large);
    expect(google.predictRequests.map((request) => request.instances.length)).toEqual([8, ...Array(10).fill(2)]);
  });

  // Source: `dedicatedEndpointDns` in the discovery document of aiplatform v1.
  test.each([
    ["the shared host of its location", undefined, "europe-west4-aiplatform.googleapis.com"],
    ["its own host", "456.europe-west4-789.prediction.vertexai.goog", "456.europe-west4-789.prediction.vertexai.goog"],
  ])("asks an endpoint on %s", async (_name, host, asked) => {
    const server = await openPredictor({ VERTEX_HOST: host });
    expect((await server.message({ instances: [1] })).status).toBe(204);
    await server.stop();
    const { VERTEX_ENDPOINT } = environments["message-predictor"];
    expect(google.asked(/:predict/)).toEqual([`POST ${asked}/v1/${VERTEX_ENDPOINT}:predict`]);
  });

  test("takes another predictor", async () => {
    const server = await openPredictor({}, { predict: async (instances) => instances.map(() => "mine") });
    await server.message({ instances: [1] });
    await server.stop();
    expect(google.buckets.json("gs://results/text/1001.json").predictions).toEqual(["mine"]);
  });
});

describe("message-audit", () => {
  test.each([
    ["JSON", '{"secret":1}'],
    ["text", "secret words"],
    ["bytes", Buffer.from([0, 255, 1])],
    ["nothing", ""],
  ])("records a message of %s, but not its data", async (_name, data) => {
    const attributes = { modality: "audio" };
    expect((await audit.message(data, { id: "42", attributes, orderingKey: "k" })).status).toBe(204);
    expect(google.buckets.uris).toEqual(["gs://results/audit/2026/03/01/42.json"]);
    expect(google.buckets.json("gs://results/audit/2026/03/01/42.json")).toEqual({
      messageId: "42",
      publishTime: "2026-03-01T08:09:10.123Z",
      orderingKey: "k",
      attributes,
      bytes: Buffer.from(data).length,
      sha256: createHash("sha256").update(data).digest("hex"),
    });
    expect(google.logLines.join()).not.toContain("secret");
  });

  test("records a delivery that comes again, or at once, only once", async () => {
    google.failNext(/upload/, { drop: true, after: true });
    const replies = await Promise.all([1, 2, 3].map(() => audit.message("x", { id: "7" })));
    expect(replies.map(({ status }) => status)).toEqual([204, 204, 204]);
    expect(google.buckets.uris).toHaveLength(1);
  });

  test("records messages as large as Pub/Sub takes them", async () => {
    expect((await audit.message("x".repeat(10_000_000))).status).toBe(204);
    expect((await audit.message("x".repeat(10_000_001))).status).toBe(413);
    expect((await audit.message("x".repeat(12_000_000))).status).toBe(413);
  });
});
