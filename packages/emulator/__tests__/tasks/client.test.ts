import type { Network } from "../../src/network";
import { cloudTasks } from "../../src/tasks";
import { ACCOUNT, result, run, startNetwork } from "../network/support";
import { FakeContext } from "../support/fake-context";

// @google-cloud/tasks, unchanged and without options, against the emulator.

const QUEUE = "projects/acme-ml/locations/us-central1/queues/q";
const around = new FakeContext();
const tasks = cloudTasks.create(around, [
  {
    address: "google_cloud_tasks_queue.q",
    type: "google_cloud_tasks_queue",
    attributes: { name: "q", location: "us-central1", project: "acme-ml" },
  },
]);
let network: Network;

beforeAll(async () => {
  ({ network } = await startNetwork());
  network.services.add(tasks);
});
afterAll(() => network.stop());

const seconds = around.clock.now() / 1000 + 60;
const program = (id: string, options: string) => `
  const { CloudTasksClient } = require("@google-cloud/tasks");
  const client = new CloudTasksClient(${options});
  const name = "${QUEUE}/tasks/${id}";
  const task = {
    name, scheduleTime: { seconds: ${seconds}, nanos: 5000000 }, dispatchDeadline: { seconds: 20 },
    httpRequest: { url: "https://a.run.app/", httpMethod: "PUT", headers: { a: "b" }, body: Buffer.from("hi"), oidcToken: { serviceAccountEmail: "x@p" } },
  };
  (async () => {
    const [made] = await client.createTask({ parent: "${QUEUE}", task, responseView: "FULL" });
    const twice = await client.createTask({ parent: "${QUEUE}", task }).catch((error) => error.code);
    const nameless = { httpRequest: { url: "a.run.app" } };
    const wrong = await client.createTask({ parent: "${QUEUE}", task: nameless }).catch((error) => error.message);
    const [got] = await client.getTask({ name });
    const [listed] = await client.listTasks({ parent: "${QUEUE}" });
    const [queue] = await client.getQueue({ name: "${QUEUE}" });
    await client.deleteTask({ name });
    const gone = await client.getTask({ name }).catch((error) => error.code);
    console.log(JSON.stringify([
      made.httpRequest.httpMethod, Buffer.from(made.httpRequest.body, "base64").toString(), Number(made.scheduleTime.seconds),
      made.scheduleTime.nanos, made.dispatchDeadline.seconds, made.view, twice, wrong, got.httpRequest.oidcToken.audience,
      got.view, listed.map((each) => each.name === name), queue.state, queue.rateLimits.maxBurstSize, gone,
    ]));
    process.exit();
  })().catch((error) => { console.error(error); process.exit(1); });`;

const answers = (alreadyExists: number, wrong: RegExp, notFound: number) => [
  "PUT",
  "hi",
  seconds,
  5_000_000,
  "20",
  "FULL",
  alreadyExists,
  expect.stringMatching(wrong),
  "https://a.run.app/",
  "BASIC",
  [true],
  "RUNNING",
  100,
  notFound,
];

test("over gRPC", async () => {
  const wrong = /^3 INVALID_ARGUMENT: HttpTarget\.url must start with/;
  expect(result(await run(network, program("grpc", "")))).toEqual(answers(6, wrong, 5));
  expect(around.asked).toContain(`${ACCOUNT} cloudtasks.tasks.create ${QUEUE}`);
});

test("over REST", async () => {
  const wrong = /HttpTarget\.url must start with/;
  expect(result(await run(network, program("rest", "{ fallback: true }")))).toEqual(answers(409, wrong, 404));
});
