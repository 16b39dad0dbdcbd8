import { readEnvironment } from "../../functions/shared/environment";
import { environmentSchema } from "../../functions/start-workflow/environment";
import { createHandler } from "../../functions/start-workflow/handler";
import { environments } from "../support/environments";
import { FakeGoogle } from "../support/fake-google";
import { type Served, serve } from "../support/serve";

let google: FakeGoogle;
let server: Served;

beforeAll(async () => {
  google = await FakeGoogle.start();
  const environment = readEnvironment(environmentSchema, environments["start-workflow"]);
  server = await serve(createHandler(environment, google.services("start-workflow")));
});

beforeEach(() => google.reset());
afterAll(() => Promise.all([server.stop(), google.stop()]));

interface Notification {
  eventType?: string;
  attributes?: Record<string, string>;
  resource?: Record<string, unknown>;
}

/** A Cloud Storage notification of an upload. */
function notify({ eventType = "OBJECT_FINALIZE", attributes, resource }: Notification = {}) {
  const object = {
    kind: "storage#object",
    bucket: "uploads",
    name: "in/upload.jsonl",
    generation: "1700000000000001",
    size: "640",
    contentType: "application/x-ndjson",
    ...resource,
  };
  return server.message(object, {
    attributes: {
      notificationConfig: "projects/_/buckets/uploads/notificationConfigs/1",
      eventType,
      payloadFormat: "JSON_API_V1",
      bucketId: String(object.bucket),
      objectId: String(object.name),
      objectGeneration: String(object.generation),
      ...attributes,
    },
  });
}

test("starts an execution for an upload", async () => {
  expect((await notify()).status).toBe(204);
  expect(google.executions).toEqual([
    {
      workflow: environments["start-workflow"].WORKFLOW,
      argument: {
        object: "in/upload.jsonl",
        bucket: "uploads",
        generation: "1700000000000001",
        size: 640,
        contentType: "application/x-ndjson",
      },
    },
  ]);
  expect(google.log.at(-1)).toMatchObject({
    message: "Started an execution",
    execution: `${environments["start-workflow"].WORKFLOW}/executions/1`,
    messageId: "1001",
  });
});

test.each([
  ["a deletion", { eventType: "OBJECT_DELETE" }],
  ["an archived generation", { eventType: "OBJECT_ARCHIVE" }],
  ["changed metadata", { eventType: "OBJECT_METADATA_UPDATE" }],
  ["the placeholder of a folder", { resource: { name: "in/", size: "0" } }],
])("takes note of %s, and that is all", async (_name, notification) => {
  expect((await notify(notification)).status).toBe(204);
  expect([google.executions, google.published]).toEqual([[], []]);
  expect(google.log.at(-1)?.message).toBe("Not an upload");
});

test.each([
  ["another bucket", { resource: { bucket: "others" } }, "wrong_bucket", "Given bucket others; allowed: uploads"],
  ["an empty upload", { resource: { size: "0" } }, "empty_upload", "The upload is empty"],
  [
    "too large an upload",
    { resource: { size: "1001" } },
    "upload_too_large",
    "The upload has 1001 bytes; allowed: 1000",
  ],
  [
    "an upload that is stored compressed",
    { resource: { contentEncoding: "gzip" } },
    "unsupported_encoding",
    "The upload has Content-Encoding gzip; allowed: none",
  ],
  [
    "a name upwards",
    { resource: { name: "in/../x" } },
    "invalid_payload",
    'name: given "in/../x"; allowed: a name without empty',
  ],
  ["a name with control characters", { resource: { name: "in/\u0001" } }, "invalid_payload", "control characters"],
  ["a generation beyond 64 bits", { resource: { generation: "9".repeat(19) } }, "invalid_payload", "generation: given"],
  ["a size that is none", { resource: { size: 640 } }, "invalid_payload", "size: given 640"],
  [
    "no event type",
    { attributes: { eventType: undefined as never } },
    "invalid_payload",
    "The notification is not valid. eventType: missing",
  ],
  [
    "an event of another kind",
    { eventType: "OBJECT_SEEN" },
    "invalid_payload",
    'eventType: given "OBJECT_SEEN"; allowed: ("OBJECT_FINALIZE" | ',
  ],
  [
    "another payload format",
    { attributes: { payloadFormat: "NONE" } },
    "invalid_payload",
    'payloadFormat: given "NONE"; allowed: JSON_API_V1',
  ],
  [
    "attributes of another object",
    { attributes: { objectId: "x" } },
    "invalid_payload",
    "Attributes and object resource name different objects",
  ],
])("hands over %s", async (_name, notification, code, message) => {
  expect((await notify(notification)).status).toBe(204);
  expect(google.executions).toEqual([]);
  expect(google.published[0]?.attributes).toMatchObject({ deadLetterReason: code });
  expect(google.published[0]?.attributes.deadLetterMessage).toContain(message);
});

test.each([
  ["busy", { status: 429 }],
  ["away", { status: 503 }],
  ["hanging up", { drop: true }],
])("outlives Workflows %s", async (_name, fault) => {
  google.failNext(/executions/, fault);
  expect((await notify()).status).toBe(204);
  expect(google.executions).toHaveLength(1);
});

test("asks for another delivery when the execution cannot be started", async () => {
  google.failNext(/executions/, { status: 403, reason: "PERMISSION_DENIED" });
  expect((await notify()).status).toBe(503);
  expect((await notify()).status).toBe(204);
  expect([google.executions.length, google.published.length]).toEqual([1, 0]);
});

test("asks for another delivery when only the workflow's state is in the way", async () => {
  google.failNext(/executions/, { status: 400, reason: "FAILED_PRECONDITION" });
  expect((await notify()).status).toBe(500);
  expect(google.published).toEqual([]);
});

test("hands over what Workflows refuses", async () => {
  google.failNext(/executions/, { status: 400, reason: "INVALID_ARGUMENT", message: "bad argument" });
  expect((await notify()).status).toBe(204);
  expect(google.published[0]?.attributes).toMatchObject({
    deadLetterReason: "execution_refused",
    deadLetterMessage: expect.stringContaining("bad argument"),
  });
});

test("a 400 of Workflows that does not call the request invalid may pass", async () => {
  google.failNext(/executions/, { status: 400, reason: "FAILED_PRECONDITION" });
  expect((await notify()).status).toBe(500);
  expect(google.published).toEqual([]);
});
