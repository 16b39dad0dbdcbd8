import { ApiError, ConnectionLost } from "../../src/core/api-error";
import { Calls } from "../../src/core/calls";
import type { EvaluatedResource, RestRequest, RestService } from "../../src/core/emulator";
import { EventStream } from "../../src/core/event-stream";
import type { CallEvent, DecisionEvent, MadeEvent } from "../../src/core/events";
import { BindingAuthorizer, readBindings } from "../../src/iam";
import { observed } from "../../src/machine/observed";
import { pubSub } from "../../src/pubsub";
import { cloudStorage } from "../../src/storage";
import { cloudTasks } from "../../src/tasks";
import { FakeContext } from "../support/fake-context";

const CALLER = "worker@p.iam.gserviceaccount.com";
const TOPIC = "projects/p/topics/topic";
const QUEUE = "projects/p/locations/us-central1/queues/q";

const resource = (address: string, attributes: object): EvaluatedResource => ({
  address,
  type: address.split(".")[0] as string,
  attributes,
});
const member = `serviceAccount:${CALLER}`;
const RESOURCES = [
  resource("google_pubsub_topic.t", { name: "topic" }),
  resource("google_pubsub_subscription.s", { name: "sub", topic: TOPIC, ack_deadline_seconds: 60 }),
  resource("google_cloud_tasks_queue.q", { name: "q", location: "us-central1" }),
  resource("google_storage_bucket.b", { name: "b", location: "US" }),
  resource("google_pubsub_topic_iam_member.m", { topic: "topic", role: "roles/pubsub.publisher", member }),
  resource("google_project_iam_member.n", { project: "p", role: "roles/pubsub.publisher", member }),
  resource("google_pubsub_subscription_iam_member.m", { subscription: "sub", role: "roles/pubsub.subscriber", member }),
  resource("google_cloud_tasks_queue_iam_member.m", {
    name: "q",
    location: "us-central1",
    role: "roles/cloudtasks.enqueuer",
    member,
  }),
];

/** Emulators with IAM, whose events are kept. */
function running(between?: (service: RestService) => RestService) {
  const around = new FakeContext();
  const events = new EventStream(around.clock);
  const { bindings, problems } = readBindings(RESOURCES, "p");
  expect(problems).toEqual([]);
  const authorizer = new BindingAuthorizer(bindings, { project: "p", events });
  const context = { ...around, clock: around.clock, invoker: around.invoker, authorizer, recorder: events };
  const seen = { calls: [] as CallEvent[], decisions: [] as DecisionEvent[], made: [] as MadeEvent[] };
  events.subscribe({
    call: (event) => seen.calls.push(event),
    decision: (event) => seen.decisions.push(event),
    made: (event) => seen.made.push(event),
  });
  const calls = new Calls(events, (port) => (port === 4711 ? [77] : []));
  const reported: string[] = [];
  const options = { calls, between, report: (what: string) => reported.push(what) };
  const services = [pubSub, cloudTasks, cloudStorage].map((service) =>
    observed(service.create(context, RESOURCES), { ...options, service: service.name }),
  );
  const rest = async (method: string, url: string, body?: object, email = CALLER) => {
    const { host, pathname: path, searchParams: query } = new URL(url);
    const service = services.flatMap((each) => each.rest).find(({ hosts }) => hosts.includes(host));
    const headers = { authorization: "Bearer ya29.secret", "user-agent": "test" };
    const bytes = body === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(body));
    const request: RestRequest = { method, host, path, query, headers, body: bytes, caller: { email }, port: 4711 };
    return service?.handle(request);
  };
  const grpc = (name: string) => {
    const found = services.flatMap((each) => each.grpc).find((service) => service.name === name);
    if (!found) throw new Error(`no ${name}`);
    return found;
  };
  return { ...seen, reported, rest, grpc };
}

const PUBLISH = `https://pubsub.googleapis.com/v1/${TOPIC}:publish`;
const MESSAGE = { messages: [{ data: Buffer.from("hello").toString("base64") }] };

test("over REST: the API's method, its permission, every binding that allows it, and what it made", async () => {
  const { calls, decisions, made, rest } = running();
  await rest("POST", PUBLISH, MESSAGE);
  expect(calls).toMatchObject([
    {
      call: 1,
      parent: 77,
      service: "Pub/Sub",
      isWorker: false,
      method: "google.pubsub.v1.Publisher/Publish",
      protocol: "rest",
      verb: "POST",
      caller: CALLER,
      headers: { "user-agent": "test" },
      body: Buffer.from(JSON.stringify(MESSAGE)),
      status: 200,
      reply: { messageIds: ["1000000000000001"] },
    },
  ]);
  expect(decisions).toMatchObject([
    {
      call: 1,
      email: CALLER,
      permission: "pubsub.topics.publish",
      resource: TOPIC,
      allowed: true,
      bindings: ["google_pubsub_topic_iam_member.m", "google_project_iam_member.n"],
    },
  ]);
  expect(made).toMatchObject([{ made: "message 1000000000000001", call: 1 }]);
});

test("a refused call has the decision with its remedy, and the code", async () => {
  const { calls, decisions, rest } = running();
  await expect(rest("POST", PUBLISH, MESSAGE, "other@p")).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  expect(decisions).toMatchObject([
    {
      call: 1,
      allowed: false,
      bindings: [],
      remedy: `A binding of roles/pubsub.publisher on projects/p to serviceAccount:other@p would allow it.`,
    },
  ]);
  expect(calls).toMatchObject([
    { status: 403, code: "PERMISSION_DENIED", message: expect.stringContaining("other@p") },
  ]);
});

test("over gRPC: the same, with the message", async () => {
  const { calls, decisions, made, grpc } = running();
  const { methods } = grpc("google.cloud.tasks.v2.CloudTasks");
  const task = { name: `${QUEUE}/tasks/t1`, httpRequest: { url: "https://w.example/" } };
  const origin = { host: "cloudtasks.googleapis.com", headers: { authorization: "Bearer secret" }, port: 4711 };
  await methods.CreateTask?.({ parent: QUEUE, task }, { email: CALLER }, origin);
  expect(calls).toMatchObject([
    {
      parent: 77,
      service: "Cloud Tasks",
      method: "google.cloud.tasks.v2.CloudTasks/CreateTask",
      protocol: "grpc",
      path: "/google.cloud.tasks.v2.CloudTasks/CreateTask",
      headers: {},
      body: { parent: QUEUE, task },
      status: 200,
      reply: { name: `${QUEUE}/tasks/t1` },
    },
  ]);
  expect(decisions).toMatchObject([{ call: 1, permission: "cloudtasks.tasks.create", allowed: true }]);
  expect(made).toMatchObject([{ made: "queue q task t1", call: 1 }]);
});

test("of a stream each message is a call, and the permission belongs to the stream", async () => {
  const { calls, decisions, rest, grpc } = running();
  await rest("POST", PUBLISH, MESSAGE);
  const serve = grpc("google.pubsub.v1.Subscriber").streams?.StreamingPull;
  const replies: object[] = [];
  let close = () => {};
  async function* requests() {
    yield { subscription: "projects/p/subscriptions/sub", streamAckDeadlineSeconds: 10 };
    await new Promise<void>((resolve) => {
      close = resolve;
    });
  }
  const open = serve?.({ requests: requests(), send: async (reply) => void replies.push(reply) }, { email: CALLER });
  while (replies.length === 0) await new Promise((resolve) => setImmediate(resolve));
  close();
  await open;
  const method = "google.pubsub.v1.Subscriber/StreamingPull";
  expect(calls.slice(1)).toMatchObject([
    { call: 3, parent: 2, method, stream: "in", body: { streamAckDeadlineSeconds: 10 } },
    { call: 4, parent: 2, method, stream: "out", reply: { subscriptionProperties: {} } },
    {
      call: 5,
      parent: 2,
      method,
      stream: "out",
      reply: { receivedMessages: [{ message: { data: Buffer.from("hello") } }] },
    },
    { call: 2, method, status: 200 },
  ]);
  expect(decisions[1]).toMatchObject({ call: 2, permission: "pubsub.subscriptions.consume" });
});

test("methods of Cloud Storage by their names, and a call that is not simulated", async () => {
  const { calls, reported, rest } = running();
  const api = "https://storage.googleapis.com";
  const each: [string, string, string][] = [
    ["POST", `${api}/upload/storage/v1/b/b/o?uploadType=media&name=n`, "storage.objects.insert"],
    ["GET", `${api}/storage/v1/b/b/o/n?alt=media`, "storage.objects.get"],
    ["GET", `${api}/storage/v1/b/b/o`, "storage.objects.list"],
    ["GET", `${api}/storage/v1/b/b`, "storage.buckets.get"],
    ["PATCH", `${api}/b/b/o/n`, "storage.objects.patch"],
    ["DELETE", `${api}/storage/v1/b/b/o/n`, "storage.objects.delete"],
    ["POST", `${api}/storage/v1/b/b/o/n/rewriteTo/b/b/o/m`, "storage.objects.rewrite"],
    ["POST", `${api}/storage/v1/b/b/o/n/copyTo/b/b/o/m`, "storage.objects.copy"],
    ["GET", `${api}/storage/v1/b/b/notificationConfigs`, "GET"],
  ];
  for (const [verb, url] of each) await rest(verb, url, verb === "PATCH" ? {} : undefined).catch(() => {});
  expect(calls.map(({ method }) => method)).toEqual(each.map(([, , method]) => method));
  expect(reported).toHaveLength(1);
  expect(calls.at(-1)).toMatchObject({ status: 501, code: "UNIMPLEMENTED" });
});

test("a call is what its caller sees of it: injected faults included", async () => {
  const faults = [new ApiError("UNAVAILABLE", "injected"), new ConnectionLost("injected")];
  const { calls, rest } = running((inner) => ({
    ...inner,
    handle: async () => {
      throw faults.shift();
    },
  }));
  await expect(rest("POST", PUBLISH, MESSAGE)).rejects.toThrow("injected");
  await expect(rest("POST", PUBLISH, MESSAGE)).rejects.toThrow("injected");
  expect(calls).toMatchObject([
    { method: "google.pubsub.v1.Publisher/Publish", status: 503, code: "UNAVAILABLE" },
    { method: "google.pubsub.v1.Publisher/Publish", status: 0, message: "injected" },
  ]);
});

test("without a reader a request passes as it is, and what is not simulated is still reported", async () => {
  const events = new EventStream(new FakeContext().clock);
  const reported: string[] = [];
  const got: object[] = [];
  const refuse = async (request: object) => {
    got.push(request);
    throw new ApiError("UNIMPLEMENTED", "this is not simulated");
  };
  const grpc = { hosts: ["h"], name: "g.v1.G", protos: "", methods: { get: refuse } };
  const { rest: [rest] = [], grpc: [rpc] = [] } = observed(
    { rest: [{ hosts: ["h"], handle: refuse }], grpc: [grpc] },
    { service: "S", calls: new Calls(events, () => []), report: (what) => reported.push(what) },
  );
  const request = { method: "GET", host: "h", path: "/", query: new URLSearchParams(), headers: {}, caller: {} };
  const sent: RestRequest = { ...request, body: Buffer.alloc(0) };
  await expect(rest?.handle(sent)).rejects.toMatchObject({ code: "UNIMPLEMENTED" });
  const message = {};
  await expect(rpc?.methods.get?.(message, {})).rejects.toMatchObject({ message: "this is not simulated" });
  expect([got[0] === sent, got[1] === message]).toEqual([true, true]);
  expect(reported).toEqual(["this is not simulated", "this is not simulated"]);
});
