import fc from "fast-check";
import type { EvaluatedResource } from "../../src/core/emulator";
import { inCamelCase } from "../../src/core/field-names";
import { restService } from "../../src/core/rpc";
import type { Served } from "../../src/core/service";
import { rejectUnknownFields } from "../../src/core/values";
import { cloudDataflow } from "../../src/dataflow";
import { pubSub } from "../../src/pubsub";
import { cloudStorage } from "../../src/storage";
import { cloudTasks } from "../../src/tasks";
import { vertexAi } from "../../src/vertex";
import { cloudWorkflows } from "../../src/workflows";
import { FakeContext, rest } from "../support/fake-context";

// Names of fields over REST: https://protobuf.dev/programming-guides/json/ and protobuf's
// conformance tests (FieldNameInLowerCamelCase, FieldNameInSnakeCase, FieldNameWithNumbers,
// FieldNameDuplicateDifferentCasing).

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,4}$/);
const words = fc.array(word, { minLength: 1, maxLength: 3 });
const snake = (parts: readonly string[]) => parts.join("_");
/** As protobuf makes a JSON name: the letter after an underscore becomes upper-case. */
const camel = ([first = "", ...more]: readonly string[]) =>
  first + more.map((part) => part.slice(0, 1).toUpperCase() + part.slice(1)).join("");
const plain = (value: unknown) => JSON.parse(JSON.stringify(value));

test("a message means the same in either spelling, at every depth, and maps keep their keys", () => {
  const content = fc.dictionary(fc.string({ maxLength: 6 }), fc.string(), { maxKeys: 3 });
  fc.assert(
    fc.property(words, words, words, content, (outer, inner, leaf, map) => {
      fc.pre(![outer, inner, leaf].map(camel).includes("userData"));
      const message = (spell: (parts: readonly string[]) => string) => ({
        [spell(outer)]: [{ [spell(inner)]: { [spell(leaf)]: 1, [spell(["user", "data"])]: map } }],
      });
      const data = new Set(["userData"]);
      expect(plain(inCamelCase(message(snake), data))).toEqual(plain(inCamelCase(message(camel), data)));
      expect(plain(inCamelCase(message(snake), data))).toEqual(plain(message(camel)));
    }),
  );
});

test.each([
  ["no proto's name", { Http_request: 1, _id: 2, a__b: 3, a_: 4 }, { Http_request: 1, _id: 2, a__b: 3, a_: 4 }],
  ["numbers", { field_1: 1, field2_name3: 2 }, { field1: 1, field2Name3: 2 }],
  [
    "values that are no messages",
    { a_b: null, c_d: "e_f", g_h: ["i_j", 1, [{ k_l: 1 }]] },
    { aB: null, cD: "e_f", gH: ["i_j", 1, [{ k_l: 1 }]] },
  ],
])("%s: %j", (_name, given, expected) => {
  expect(plain(inCamelCase(given, new Set()))).toEqual(expected);
});

test("a field in both spellings is refused, with both names", () => {
  const refusal = {
    code: "INVALID_ARGUMENT",
    message: 'Invalid JSON payload received. Field "orderingKey" is given twice: as "ordering_key" too.',
  };
  for (const message of [
    { ordering_key: "a", orderingKey: "b" },
    { orderingKey: "b", ordering_key: "a" },
  ]) {
    expect(() => inCamelCase({ messages: [message] }, new Set())).toThrow(expect.objectContaining(refusal));
  }
});

test("messages in messages end at protobuf's limit", () => {
  const deep = (levels: number): object => (levels === 1 ? {} : { a: deep(levels - 1) });
  expect(() => inCamelCase(deep(100), new Set())).not.toThrow();
  expect(() => inCamelCase(deep(101), new Set())).toThrow(
    expect.objectContaining({
      code: "INVALID_ARGUMENT",
      message: "Invalid JSON payload received. Deeper than 100 messages.",
    }),
  );
});

test("an unknown field is named as it was given, in queries too", async () => {
  const list = {
    name: "List",
    http: "GET /v1/{parent=projects/*}/things",
    run: ({ request }: { request: object }) => {
      rejectUnknownFields(request, ["parent", "pageSize"], "");
      return request;
    },
  };
  const emulator = {
    rest: [restService({ hosts: ["x.googleapis.com"], rpcs: [list] })],
    grpc: [],
  } as unknown as Served;
  const url = "https://x.googleapis.com/v1/projects/p/things";
  expect(plain((await rest(emulator, "GET", `${url}?page_size=3`)).body)).toEqual({
    parent: "projects/p",
    pageSize: "3",
  });
  await expect(rest(emulator, "GET", `${url}?page_token=3`)).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: 'Invalid JSON payload received. Unknown name "page_token": Cannot find field.',
  });
});

describe("each service", () => {
  const LOCATION = "projects/p/locations/us-central1";
  const resource = (type: string, attributes: object): EvaluatedResource => ({
    address: `${type}.x`,
    type,
    attributes,
  });

  test("Cloud Tasks", async () => {
    const around = new FakeContext();
    const tasks = cloudTasks.create(around, [
      resource("google_cloud_tasks_queue", { name: "q", location: "us-central1", project: "p" }),
    ]);
    const task = {
      dispatch_deadline: "20s",
      schedule_time: "2026-01-01T00:00:10Z",
      http_request: {
        url: "https://worker.run.app",
        http_method: "PUT",
        headers: { "x_my-header": "a", x_trace_id: "b" },
        oidc_token: { service_account_email: "a@p" },
      },
    };
    const url = `https://cloudtasks.googleapis.com/v2/${LOCATION}/queues/q/tasks`;
    const { body } = await rest(tasks, "POST", url, { body: { task, response_view: "FULL" } });
    expect(body).toMatchObject({ dispatchDeadline: "20s", scheduleTime: "2026-01-01T00:00:10Z", view: "FULL" });
    await around.clock.advance(10_000);
    expect(around.invocations).toMatchObject([
      {
        method: "PUT",
        deadline: 20_000,
        headers: {
          "x_my-header": "a",
          x_trace_id: "b",
          Authorization: expect.stringMatching("^Bearer id:a@p:https://worker.run.app"),
        },
      },
    ]);
  });

  test("Pub/Sub", async () => {
    const pubsub = pubSub.create(new FakeContext(), [
      resource("google_pubsub_topic", { name: "work", project: "p" }),
      resource("google_pubsub_subscription", { name: "pull", project: "p", topic: "projects/p/topics/work" }),
    ]);
    const api = "https://pubsub.googleapis.com/v1/projects/p";
    const message = { data: "YQ==", ordering_key: "k", attributes: { user_id: "7", ordering_key: "data" } };
    await rest(pubsub, "POST", `${api}/topics/work:publish`, { body: { messages: [message] } });
    const { body } = await rest(pubsub, "POST", `${api}/subscriptions/pull:pull`, { body: { max_messages: 1 } });
    const { ackId, message: received } =
      (body as { receivedMessages: { ackId: string; message: object }[] }).receivedMessages[0] ?? {};
    expect(received).toMatchObject({ orderingKey: "k", attributes: { user_id: "7", ordering_key: "data" } });
    await rest(pubsub, "POST", `${api}/subscriptions/pull:acknowledge`, { body: { ack_ids: [ackId] } });
    expect(pubsub.pending()).toBe(0);
  });

  test("Workflows", async () => {
    const source = "main:\n  steps:\n    - done:\n        return: 1\n";
    const workflows = cloudWorkflows.create(new FakeContext(), [
      resource("google_workflows_workflow", {
        name: "w",
        region: "us-central1",
        project: "p",
        service_account: "w@p",
        source_contents: source,
      }),
    ]);
    const url = `https://workflowexecutions.googleapis.com/v1/${LOCATION}/workflows/w/executions`;
    const execution = { call_log_level: "LOG_NONE", labels: { my_team: "ml" } };
    const { body } = await rest(workflows, "POST", url, { body: execution });
    expect(body).toMatchObject({ callLogLevel: "LOG_NONE", labels: { my_team: "ml" } });
    const page = await rest(workflows, "GET", `${url}?page_size=1`);
    expect(page.body).toMatchObject({ executions: [{ name: expect.stringContaining("/executions/") }] });
  });

  test("Vertex AI", async () => {
    const endpoint = `${LOCATION}/endpoints/1`;
    const vertex = vertexAi.create(new FakeContext(), [
      resource("google_workflows_workflow", {
        user_env_vars: { URL: `https://us-central1-aiplatform.googleapis.com/v1/${endpoint}:predict` },
      }),
    ]);
    const flower = { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 };
    const url = `https://us-central1-aiplatform.googleapis.com/v1/${endpoint}:predict`;
    const { body } = await rest(vertex, "POST", url, { body: { instances: [flower], parameters: { top_k: 1 } } });
    expect(body).toMatchObject({ predictions: [{ class: "setosa" }] });
  });

  test("Dataflow", async () => {
    const around = new FakeContext();
    const storage = cloudStorage.create(around, []);
    const dataflow = cloudDataflow.create(around, [], {}, { cloudStorage: storage });
    const launch = {
      job_name: "job",
      parameters: { inputFile: "gs://a/b", output: "gs://c/d" },
      environment: {
        temp_location: "gs://t/t",
        service_account_email: "w@p",
        additional_user_labels: { my_team: "ml" },
      },
    };
    const url = `https://dataflow.googleapis.com/v1b3/${LOCATION}/templates:launch`;
    const template = "gcs_path=gs://dataflow-templates/latest/Word_Count";
    const { body } = await rest(dataflow, "POST", `${url}?${template}`, { body: launch });
    expect(body).toMatchObject({ job: { name: "job" } });
  });
});
