import type { BillableCall } from "../../src/core/billing";
import { chargesOf } from "../../src/services";

const api = (method: string, more: Partial<BillableCall> = {}): BillableCall => ({
  isWorker: false,
  method,
  path: "/",
  status: 200,
  ...more,
});
const worker = (more: Partial<BillableCall> = {}): BillableCall => ({ ...api("POST", more), isWorker: true });

/** Quantities by what is billed. */
const billed = (call: BillableCall) =>
  Object.fromEntries(chargesOf(call).map(({ metered, quantity }) => [metered, quantity]));

const CREATE = "google.cloud.tasks.v2.CloudTasks/CreateTask";
const tasks = (count: number) => ({ tasks: Array.from({ length: count }, () => ({ name: "t" })) });

// https://cloud.google.com/tasks/pricing : its own examples are 96 KB and a list of 25 tasks.
test.each([
  ["a task", api(CREATE, { body: Buffer.alloc(100) }), 1],
  ["a task of 32 KiB", api(CREATE, { body: Buffer.alloc(32 * 1024) }), 1],
  ["a task of 96 KB", api(CREATE, { body: Buffer.alloc(96_000) }), 3],
  ["a name that is taken", api(CREATE, { status: 409 }), 1],
  ["an error of Google's", api(CREATE, { status: 503 }), undefined],
  ["a list of 25 tasks", api("google.cloud.tasks.v2.CloudTasks/ListTasks", { reply: tasks(25) }), 25],
  ["an empty list", api("google.cloud.tasks.v2.CloudTasks/ListTasks", { reply: {} }), 1],
  ["a dispatch", worker({ item: "queue q task t", body: Buffer.alloc(40_000) }), 2],
  ["a dispatch that nothing answers", worker({ item: "queue q task t", status: 0 }), 1],
  ["a request of somebody", worker(), undefined],
])("Cloud Tasks bills %s", (_what, call, operations) => {
  expect(billed(call)["tasks.operations"]).toBe(operations);
});

const message = { data: Buffer.alloc(980).toString("base64"), attributes: { ab: "cde" }, messageId: "1234567" };
const PUBLISH = "google.pubsub.v1.Publisher/Publish";
const PULL = "google.pubsub.v1.Subscriber/Pull";

// https://cloud.google.com/pubsub/pricing : 980 of data, 5 of attributes, 20, 7 of the id.
test.each([
  ["a publish", api(PUBLISH, { body: { messages: [message] }, reply: { messageIds: ["1234567"] } }), 1012],
  ["small messages together", api(PUBLISH, { body: { messages: [{}, {}] }, reply: { messageIds: ["1", "2"] } }), 1000],
  ["a refused publish", api(PUBLISH, { body: { messages: [message] }, status: 404 }), undefined],
  ["a push", worker({ item: "subscription s message m", body: Buffer.from(JSON.stringify({ message })) }), 1012],
  ["a pull", api(PULL, { reply: { receivedMessages: [{ message }, { message }] } }), 2024],
  ["a pull of nothing", api(PULL, { reply: {} }), undefined],
  [
    "what a stream delivers",
    api("google.pubsub.v1.Subscriber/StreamingPull", { stream: "out", reply: { receivedMessages: [{ message }] } }),
    1012,
  ],
  ["an acknowledgement", api("google.pubsub.v1.Subscriber/Acknowledge", { reply: {} }), undefined],
])("Pub/Sub bills the bytes of %s", (_what, call, bytes) => {
  expect(billed(call)["pubsub.bytes"]).toBe(bytes);
});

// https://cloud.google.com/storage/pricing , "Operations that apply to Cloud Storage".
test.each([
  ["storage.objects.insert", { reply: { size: "12" } }, { "storage.classA": 1, "storage.writtenBytes": 12 }],
  ["storage.objects.insert", { status: 412 }, {}],
  ["storage.objects.insert", { path: "/o?uploadType=resumable&name=x", reply: Buffer.alloc(0) }, {}],
  ["storage.objects.insert", { path: "/o?uploadType=resumable&upload_id=1", status: 308 }, {}],
  [
    "storage.objects.insert",
    { path: "/o?uploadType=resumable&upload_id=1", reply: { size: "3" } },
    { "storage.classA": 1, "storage.writtenBytes": 3 },
  ],
  ["storage.objects.list", { reply: {} }, { "storage.classA": 1 }],
  ["storage.objects.copy", { reply: {} }, { "storage.classA": 1 }],
  ["storage.objects.rewrite", { reply: {} }, { "storage.classA": 1 }],
  ["storage.objects.patch", { reply: {} }, { "storage.classA": 1 }],
  ["storage.buckets.list", { reply: {} }, { "storage.classA": 1 }],
  ["storage.objects.get", { reply: { size: "9" } }, { "storage.classB": 1 }],
  [
    "storage.objects.get",
    { path: "/o/x?alt=media", status: 206, reply: Buffer.alloc(7) },
    { "storage.classB": 1, "storage.readBytes": 7 },
  ],
  ["storage.objects.get", { status: 404 }, {}],
  ["storage.objects.get", { status: 503 }, {}],
  ["storage.buckets.get", { reply: {} }, { "storage.classB": 1 }],
  ["storage.buckets.getIamPolicy", { reply: {} }, { "storage.classB": 1 }],
  ["storage.objects.delete", { status: 204 }, {}],
] as const)("Cloud Storage bills %s %j", (method, more, expected) => {
  expect(billed(api(method, more))).toEqual(expected);
});

// "Requests denied by IAM policy are not billed": https://cloud.google.com/run/pricing
test.each([
  [200, 1],
  [404, 1],
  [500, 1],
  [401, undefined],
  [403, undefined],
  [429, undefined],
  [0, undefined],
])("Cloud Run bills a request that is answered %d", (status, requests) => {
  expect(billed(worker({ status }))["run.requests"]).toBe(requests);
});

test("predictions are counted by request and by instance, jobs by their number", () => {
  const predict = "google.cloud.aiplatform.v1.PredictionService/Predict";
  expect(billed(api(predict, { body: { instances: [1, 2, 3] } }))).toEqual({
    "vertex.predictRequests": 1,
    "vertex.predictions": 3,
  });
  expect(billed(api(predict, { body: { instances: [1] }, status: 400 }))).toEqual({});
  expect(billed(api("google.cloud.aiplatform.v1.JobService/CreateCustomJob"))).toEqual({ "vertex.jobs": 1 });
  const launch = "google.dataflow.v1beta3.TemplatesService/LaunchTemplate";
  expect(billed(api(launch, { reply: { job: { id: "1" } } }))).toEqual({ "dataflow.jobs": 1 });
  expect(billed(api(launch, { reply: {} }))).toEqual({});
});
