import { ApiError } from "../../src/core/api-error";
import type { Network } from "../../src/network";
import { ACCOUNT, grpcService, restService, result, run, startNetwork } from "./support";

// Google's own clients, unchanged and without options, in a process of the local network.

let network: Network;
let refused: string[];
const QUEUE = "projects/acme-ml/locations/us-central1/queues/q";
const WORKFLOW = "projects/acme-ml/locations/us-central1/workflows/w";

const refuse = async () => {
  throw new ApiError("ALREADY_EXISTS", "Requested entity already exists: 100 % sûr");
};
const tasks = grpcService("google.cloud.tasks.v2.CloudTasks", "cloudtasks.googleapis.com", "tasks", {
  CreateTask: async ({ parent, task }) =>
    task.name ? refuse() : { ...task, name: `${parent}/tasks/1`, dispatchCount: 0 },
});
const tasksRest = restService(["cloudtasks.googleapis.com"], {
  [`POST /v2/${QUEUE}/tasks`]: ({ body }) => {
    const { task } = JSON.parse(body.toString());
    if (task.name) throw new ApiError("ALREADY_EXISTS", "Requested entity already exists");
    return { ...task, name: `${QUEUE}/tasks/1`, dispatchCount: 0, view: "FULL" };
  },
});
const publisher = grpcService("google.pubsub.v1.Publisher", "pubsub.googleapis.com", "pubsub", {
  Publish: async ({ messages }) => ({ messageIds: messages.map((_: unknown, index: number) => String(index + 1)) }),
});
const subscriber = grpcService("google.pubsub.v1.Subscriber", "pubsub.googleapis.com", "pubsub", {
  Pull: async () => ({
    receivedMessages: [{ ackId: "a", message: { data: Buffer.from("hi"), attributes: { k: "v" }, messageId: "1" } }],
  }),
  Acknowledge: async () => ({}),
});
const executions = grpcService(
  "google.cloud.workflows.executions.v1.Executions",
  "workflowexecutions.googleapis.com",
  "workflows",
  {
    CreateExecution: async ({ parent, execution }) => ({
      ...execution,
      name: `${parent}/executions/e`,
      state: "ACTIVE",
    }),
  },
);
const executionsRest = restService(["workflowexecutions.googleapis.com"], {
  [`POST /v1/${WORKFLOW}/executions`]: ({ body }) => ({
    ...JSON.parse(body.toString()),
    name: `${WORKFLOW}/executions/e`,
    state: "ACTIVE",
  }),
});
const pubsubRest = restService(["pubsub.googleapis.com"], {
  "POST /v1/projects/acme-ml/topics/t:publish": () => ({ messageIds: ["1"] }),
});
const storage = restService(["storage.googleapis.com"], {
  "GET /storage/v1/b/b/o/in.txt": () => ({ bucket: "b", name: "in.txt", size: "5", generation: "7" }),
  "POST /upload/storage/v1/b/b/o": () => ({ bucket: "b", name: "out.txt", size: "5", generation: "8" }),
});

beforeAll(async () => {
  ({ network, refused } = await startNetwork());
  network.services.add({
    rest: [tasksRest, executionsRest, pubsubRest, storage],
    grpc: [tasks, publisher, subscriber, executions],
  });
});
afterAll(() => network.stop());

const CREATE_TASK = (options: string) => `
  const { CloudTasksClient } = require("@google-cloud/tasks");
  const client = new CloudTasksClient(${options});
  const task = { httpRequest: { url: "https://a-uc.a.run.app/", httpMethod: "POST", body: Buffer.from("hi") },
    scheduleTime: { seconds: 1800000000, nanos: 5 } };
  (async () => {
    const [made] = await client.createTask({ parent: "${QUEUE}", task });
    const error = await client.createTask({ parent: "${QUEUE}", task: { ...task, name: "${QUEUE}/tasks/x" } }).catch((e) => e);
    console.log(JSON.stringify({ name: made.name, body: Buffer.from(made.httpRequest.body, "base64").toString(),
      method: made.httpRequest.httpMethod, at: made.scheduleTime.seconds, code: error.code, message: error.message }));
    process.exit();
  })().catch((error) => { console.error(error); process.exit(1); });`;

test("tasks over gRPC: messages, the caller, and a refusal with code and message", async () => {
  expect(result(await run(network, CREATE_TASK("")))).toEqual({
    name: `${QUEUE}/tasks/1`,
    body: "hi",
    method: "POST",
    at: "1800000000",
    code: 6,
    message: "6 ALREADY_EXISTS: Requested entity already exists: 100 % sûr",
  });
  const { request, caller } = tasks.asked[0] ?? {};
  expect(caller).toEqual({ email: ACCOUNT });
  expect(request).toEqual({
    parent: QUEUE,
    task: {
      httpRequest: { url: "https://a-uc.a.run.app/", httpMethod: "POST", body: Buffer.from("hi") },
      scheduleTime: { seconds: "1800000000", nanos: 5 },
    },
  });
});

test("tasks over REST: enums as numbers, a refusal with its HTTP status", async () => {
  const answer = result(await run(network, CREATE_TASK("{ fallback: true }")));
  expect(answer).toMatchObject({ name: `${QUEUE}/tasks/1`, method: "POST", code: 409 });
  const [asked] = tasksRest.asked;
  expect(asked?.query.get("$alt")).toBe("json;enum-encoding=int");
  expect(asked?.caller).toEqual({ email: ACCOUNT });
  expect(JSON.parse(String(asked?.body)).task.httpRequest.httpMethod).toBe(1);
});

test("a method that is not simulated is UNIMPLEMENTED, by name", async () => {
  const answer = await run(
    network,
    `const { CloudTasksClient } = require("@google-cloud/tasks");
     new CloudTasksClient().pauseQueue({ name: "${QUEUE}" }).catch(({ code, details }) => {
       console.log(JSON.stringify({ code, details })); process.exit();
     });`,
  );
  expect(result(answer)).toEqual({ code: 12, details: "google.cloud.tasks.v2.CloudTasks/PauseQueue is not simulated" });
});

test("a service of a known host that is not simulated is UNIMPLEMENTED, a host is refused and reported", async () => {
  const answer = await run(
    network,
    `const { v1 } = require("@google-cloud/pubsub");
     const { CloudTasksClient } = require("@google-cloud/tasks");
     (async () => {
       const told = [];
       await new v1.SchemaServiceClient().getSchema({ name: "projects/p/schemas/s" }).catch((e) => told.push(e.code, e.details ?? e.message));
       const elsewhere = new CloudTasksClient({ apiEndpoint: "dataflow.googleapis.com" });
       await elsewhere.getQueue({ name: "${QUEUE}" }).catch((e) => told.push(e.code, e.details));
       told.push(await (await fetch("https://workflows.googleapis.com/v1/x")).json());
       console.log(JSON.stringify(told)); process.exit();
     })();`,
  );
  expect(result(answer)).toEqual([
    12,
    "google.pubsub.v1.SchemaService on pubsub.googleapis.com is not simulated",
    12,
    "dataflow.googleapis.com is not simulated",
    { error: { code: 501, status: "UNIMPLEMENTED", message: "workflows.googleapis.com is not simulated" } },
  ]);
  expect(refused).toEqual(["dataflow.googleapis.com", "workflows.googleapis.com"]);
});

test("pubsub: publish and pull over gRPC, publish over REST", async () => {
  const answer = await run(
    network,
    `const { PubSub, v1 } = require("@google-cloud/pubsub");
     (async () => {
       const id = await new PubSub().topic("t").publishMessage({ data: Buffer.from("x"), attributes: { a: "b" } });
       const client = new v1.SubscriberClient();
       const subscription = "projects/acme-ml/subscriptions/s";
       const [{ receivedMessages: [{ ackId, message }] }] = await client.pull({ subscription, maxMessages: 1 });
       await client.acknowledge({ subscription, ackIds: [ackId] });
       const [{ messageIds }] = await new v1.PublisherClient({ fallback: true }).publish({
         topic: "projects/acme-ml/topics/t", messages: [{ data: Buffer.from("x") }] });
       console.log(JSON.stringify([id, message.data.toString(), message.attributes, messageIds])); process.exit();
     })().catch((error) => { console.error(error); process.exit(1); });`,
  );
  expect(result(answer)).toEqual(["1", "hi", { k: "v" }, ["1"]]);
  expect(publisher.asked[0]?.request).toEqual({
    topic: "projects/acme-ml/topics/t",
    messages: [{ data: Buffer.from("x"), attributes: { a: "b" } }],
  });
  expect(subscriber.asked.map(({ method }) => method)).toEqual(["Pull", "Acknowledge"]);
});

test("workflows over gRPC and REST", async () => {
  const answer = await run(
    network,
    `const { ExecutionsClient } = require("@google-cloud/workflows");
     (async () => {
       const states = [];
       for (const options of [{}, { fallback: true }]) {
         const [made] = await new ExecutionsClient(options).createExecution({ parent: "${WORKFLOW}", execution: { argument: "{}" } });
         states.push(made.state, made.argument);
       }
       console.log(JSON.stringify(states)); process.exit();
     })().catch((error) => { console.error(error); process.exit(1); });`,
  );
  expect(result(answer)).toEqual(["ACTIVE", "{}", "ACTIVE", "{}"]);
  expect(executions.asked).toHaveLength(1);
  expect(executionsRest.asked).toHaveLength(1);
});

test("storage, google-auth-library and fetch", async () => {
  const answer = await run(
    network,
    `const { Storage } = require("@google-cloud/storage");
     const { GoogleAuth } = require("google-auth-library");
     (async () => {
       const bucket = new Storage().bucket("b");
       const [metadata] = await bucket.file("in.txt").getMetadata();
       await bucket.file("out.txt").save("hello", { resumable: false, validation: false });
       const url = "https://storage.googleapis.com/storage/v1/b/b/o/in.txt";
       const auth = new GoogleAuth({ scopes: "https://www.googleapis.com/auth/cloud-platform" });
       const { data } = await auth.request({ url });
       const fetched = await fetch(url, { headers: { authorization: "Bearer " + (await auth.getAccessToken()) } });
       console.log(JSON.stringify([metadata.generation, data.generation, (await fetched.json()).generation])); process.exit();
     })().catch((error) => { console.error(error); process.exit(1); });`,
  );
  expect(result(answer)).toEqual(["7", "7", "7"]);
  expect(storage.asked.map(({ caller }) => caller.email)).toEqual([ACCOUNT, ACCOUNT, ACCOUNT, ACCOUNT]);
});
