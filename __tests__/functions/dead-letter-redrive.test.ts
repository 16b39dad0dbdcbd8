import { environmentSchema } from "../../functions/dead-letter-redrive/environment";
import { createHandler } from "../../functions/dead-letter-redrive/handler";
import { readEnvironment } from "../../functions/shared/environment";
import { environments } from "../support/environments";
import { FakeGoogle } from "../support/fake-google";
import type { Kept } from "../support/fake-subscriptions";
import { type Served, serve } from "../support/serve";

const SHARDS = "projects/my-project/subscriptions/kept-shards";
const STEPS = "projects/my-project/subscriptions/kept-steps";
const TEXTS = "projects/my-project/subscriptions/kept-texts";
const FAST = { perSecond: 500 };

let google: FakeGoogle;
let redrive: Served;

beforeAll(async () => {
  google = await FakeGoogle.start();
  redrive = await open();
});
beforeEach(() => google.reset());
afterAll(() => Promise.all([redrive.stop(), google.stop()]));

function open(timeoutSeconds?: number): Promise<Served> {
  const environment = readEnvironment(environmentSchema, environments["dead-letter-redrive"]);
  return serve(createHandler(environment, google.services("dead-letter-redrive", timeoutSeconds)));
}

function shard(id: string, attributes: Record<string, string> = {}): Kept {
  return {
    id,
    data: Buffer.from(`{"shard":"${id}"}`),
    attributes: {
      deadLetterReason: "attempts_spent",
      deadLetterMessage: "All 3 attempts failed",
      deadLetterSource: "cloudtasks",
      deadLetterFunction: "batch-worker",
      deadLetterService: "batch-worker",
      deadLetterQueue: "batch",
      deadLetterTask: `job-${id}`,
      deadLetterAttempts: "4",
      ...attributes,
    },
  };
}

function text(id: string, attributes: Record<string, string> = {}): Kept {
  return {
    id,
    data: Buffer.from("hello"),
    attributes: {
      modality: "text",
      CloudPubSubDeadLetterSourceDeliveryCount: "20",
      CloudPubSubDeadLetterSourceSubscription: "text",
      CloudPubSubDeadLetterSourceSubscriptionProject: "my-project",
      CloudPubSubDeadLetterSourceTopicPublishTime: "2026-03-01T08:09:10.123+00:00",
      ...attributes,
    },
  };
}

const tasks = () =>
  [...google.tasks.values()].map(({ name, dispatchDeadline, httpRequest: { body, ...request } }) => ({
    id: name.split("/").at(-1),
    dispatchDeadline,
    ...request,
    body: Buffer.from(body, "base64").toString(),
  }));

test("a task comes back to its queue with its body and the name that it had at first", async () => {
  google.subscriptions.keep(SHARDS, shard("1"));
  const { status, body } = await redrive.post({});
  expect([status, body]).toEqual([200, { moved: 1, skipped: 0, why: {}, before: expect.any(String), done: true }]);
  expect(tasks()).toEqual([
    {
      id: expect.stringMatching(/^[0-9a-f]{16}-redrive-1-job-1$/),
      dispatchDeadline: "300s",
      url: "https://overridden-by-queue.invalid/",
      httpMethod: "POST",
      headers: { "Content-Type": "application/json", "X-Redrive-Task": "job-1", "X-Redrive-Count": "1" },
      body: '{"shard":"1"}',
    },
  ]);
  expect(google.subscriptions.kept(SHARDS)).toEqual([]);
  expect(google.log.at(-1)).toMatchObject({ message: "Redrove", moved: 1, skipped: 0, done: true });
});

test("a task of a queue with several workers comes back to its worker, with a token", async () => {
  const step = { deadLetterQueue: "pipeline", deadLetterService: "infer", deadLetterRedrives: "2" };
  google.subscriptions.keep(STEPS, shard("1", step));
  expect((await redrive.post(FAST)).body.moved).toBe(1);
  expect(tasks()).toMatchObject([
    {
      id: expect.stringMatching(/-redrive-3-job-1$/),
      dispatchDeadline: "60s",
      url: "https://infer.example.run.app",
      headers: { "X-Redrive-Count": "3" },
      oidcToken: {
        serviceAccountEmail: "caller@my-project.iam.gserviceaccount.com",
        audience: "https://infer.example.run.app",
      },
    },
  ]);
});

test("a message comes back to the one subscriber, as it was and with its identity", async () => {
  google.subscriptions.keep(
    TEXTS,
    // Forwarded by Pub/Sub, written by the function, and forwarded from the redrive subscription.
    { ...text("9001", { googclient_schemaname: "x" }), orderingKey: "k" },
    text("9002", { deadLetterSource: "pubsub", deadLetterMessageId: "77", deadLetterReason: "malformed_json" }),
    text("9003", {
      CloudPubSubDeadLetterSourceSubscription: "text-redrive",
      redriveMessageId: "78",
      redrivePublishTime: "2026-02-01T00:00:00Z",
      redriveCount: "4",
    }),
  );
  expect((await redrive.post(FAST)).body).toEqual({
    moved: 3,
    skipped: 0,
    why: {},
    before: expect.any(String),
    done: true,
  });
  const topic = "projects/my-project/topics/text-redrive";
  const first = { modality: "text", redrivePublishTime: "2026-03-01T08:09:10.123Z", redriveCount: "1" };
  expect(
    google.published.sort((a, b) =>
      String(a.attributes.redriveMessageId) < String(b.attributes.redriveMessageId) ? -1 : 1,
    ),
  ).toEqual([
    { topic, data: Buffer.from("hello"), attributes: { ...first, redriveMessageId: "77" } },
    {
      topic,
      data: Buffer.from("hello"),
      attributes: {
        modality: "text",
        redriveMessageId: "78",
        redrivePublishTime: "2026-02-01T00:00:00Z",
        redriveCount: "5",
      },
    },
    { topic, data: Buffer.from("hello"), attributes: { ...first, redriveMessageId: "9001" }, orderingKey: "k" },
  ]);
});

test("letters of other reasons, and letters whose origin is not known, stay and are free for others", async () => {
  google.subscriptions.keep(
    SHARDS,
    shard("1"),
    shard("2", { deadLetterReason: "invalid_payload" }),
    shard("3", { deadLetterQueue: "another" }),
    { id: "4", data: Buffer.from("x"), attributes: { deadLetterReason: "attempts_spent" } },
    { ...text("5"), attributes: { ...text("5").attributes, deadLetterReason: "attempts_spent" } },
  );
  google.subscriptions.keep(STEPS, shard("6", { deadLetterQueue: "pipeline", deadLetterService: "gone" }));
  const { body } = await redrive.post({ ...FAST, reason: "attempts_spent" });
  expect(body).toEqual({
    moved: 1,
    skipped: 5,
    why: {
      "other reason: invalid_payload": 1,
      "unknown origin: the queue another is not of this stack": 1,
      "unknown origin: it has neither deadLetterTask nor CloudPubSubDeadLetterSourceSubscription": 1,
      "unknown origin: the subscription text is not of this stack": 1,
      "unknown origin: the service gone is no worker of the queue pipeline": 1,
    },
    before: expect.any(String),
    done: true,
  });
  expect([google.subscriptions.free(SHARDS), google.subscriptions.free(STEPS)]).toEqual([["2", "3", "4", "5"], ["6"]]);
});

test("a crash after the put-back makes no second task", async () => {
  google.subscriptions.keep(SHARDS, shard("1"));
  google.failNext(/:acknowledge/, { status: 500, reason: "INTERNAL" });
  expect((await redrive.post(FAST)).status).toBe(500);
  expect([google.tasks.size, google.subscriptions.free(SHARDS)]).toEqual([1, ["1"]]);
  expect((await redrive.post(FAST)).body).toMatchObject({ moved: 1, done: true });
  expect([google.tasks.size, google.subscriptions.kept(SHARDS)]).toEqual([1, []]);
});

test("a letter that cannot be put back is not acknowledged", async () => {
  google.subscriptions.keep(SHARDS, shard("1"), { ...shard("2"), data: Buffer.alloc(1024 ** 2 + 1) });
  google.failNext(/tasks$/, { status: 403, reason: "PERMISSION_DENIED" });
  expect((await redrive.post(FAST)).status).toBe(503);
  expect(google.subscriptions.free(SHARDS)).toContain("2");
  const { body } = await redrive.post(FAST);
  expect(body).toMatchObject({ skipped: 1, done: true });
  expect(Object.keys(body.why)).toEqual([expect.stringMatching(/^refused: .*Task size too large$/)]);
  expect(google.subscriptions.free(SHARDS)).toEqual(["2"]);
});

test("what comes back while a call runs, or was kept after the first call began, waits for another redrive", async () => {
  google.subscriptions.keep(SHARDS, shard("1"), { ...shard("2"), publishTime: "2026-03-03T00:00:00.001Z" });
  // The worker refuses the task at once, so that its next letter is there before the call has
  // ended.
  google.subscriptions.keep(SHARDS, { ...shard("3"), attributes: shard("1", { deadLetterRedrives: "1" }).attributes });
  const { body } = await redrive.post({ ...FAST, before: "2026-03-03T00:00:00.000Z" });
  const why = { "kept since this redrive began: attempts_spent": 2 };
  expect(body).toEqual({ moved: 1, skipped: 2, why, before: "2026-03-03T00:00:00.000Z", done: true });
  expect(google.tasks.size).toBe(1);
});

test("a letter that is there twice goes back twice", async () => {
  google.subscriptions.keep(SHARDS, shard("1"), { ...shard("2"), attributes: shard("1").attributes });
  expect((await redrive.post(FAST)).body).toMatchObject({ moved: 2, skipped: 0, done: true });
  expect(tasks().map(({ headers }) => headers["X-Redrive-Task"])).toEqual(["job-1", "job-1"]);
});

test("max ends a call, and the next one goes on", async () => {
  google.subscriptions.keep(SHARDS, ...Array.from({ length: 25 }, (_, i) => shard(String(i))));
  expect((await redrive.post({ ...FAST, max: 12 })).body).toEqual({
    moved: 12,
    skipped: 0,
    why: {},
    before: expect.any(String),
    done: false,
  });
  expect(google.subscriptions.free(SHARDS)).toHaveLength(13);
  expect((await redrive.post(FAST)).body).toEqual({
    moved: 13,
    skipped: 0,
    why: {},
    before: expect.any(String),
    done: true,
  });
  expect(google.tasks.size).toBe(25);
});

test("keeps to its rate, and answers before its timeout", async () => {
  const hasty = await open(1);
  google.subscriptions.keep(SHARDS, ...Array.from({ length: 30 }, (_, i) => shard(String(i))));
  const { status, body } = await hasty.post({ perSecond: 20 });
  await hasty.stop();
  expect([status, body.done]).toEqual([200, false]);
  // 20 a second for at most 0.9 s, and the first at once.
  expect(body.moved).toBeGreaterThanOrEqual(5);
  expect(body.moved).toBeLessThanOrEqual(19);
  expect(google.subscriptions.free(SHARDS)).toHaveLength(30 - body.moved);
});

test("a pull that brings nothing in time is the end of the letters", async () => {
  google.failNext(/kept-shards:pull/, ...Array(3).fill({ status: 504, reason: "DEADLINE_EXCEEDED" }));
  expect((await redrive.post({ source: "kept-shards" })).body).toEqual({
    moved: 0,
    skipped: 0,
    why: {},
    before: expect.any(String),
    done: true,
  });
  expect(google.asked(/:pull/)).toHaveLength(3);
});

test.each([
  ["a list", [], "an object with reason, max, perSecond, source and before, all optional"],
  ["an unknown field", { persecond: 5 }, "persecond: given "],
  ["a time that is none", { before: "yesterday" }, 'before: given "yesterday"; allowed: a time like'],
  ["a max of 0", { max: 0 }, "max: given 0; allowed: >=1"],
  ["a rate of 1000", { perSecond: 1000 }, "perSecond: given 1000; allowed: <=500"],
  [
    "another dead letter",
    { source: "kept-x" },
    'source: given "kept-x"; allowed: ("kept-shards" | "kept-steps" | "kept-texts")',
  ],
])("refuses %s", async (_name, given, message) => {
  const { status, body } = await redrive.post(given);
  expect([status, body.error.code]).toEqual([400, "invalid_payload"]);
  expect(body.error.message).toContain(message);
  expect(google.requests).toEqual([]);
});
