import diagnostics from "node:diagnostics_channel";
import { environmentSchema as submitter } from "../../functions/batch-submitter/environment";
import { environmentSchema as worker } from "../../functions/batch-worker/environment";
import { environmentSchema as audit } from "../../functions/message-audit/environment";
import { environmentSchema as predictor } from "../../functions/message-predictor/environment";
import { environmentSchema as train } from "../../functions/pipeline-train/environment";
import { readEnvironment } from "../../functions/shared/environment";
import { environmentSchema as workflow } from "../../functions/start-workflow/environment";
import { environments } from "../support/environments";

test("converts numbers, fills in defaults, leaves out what is not asked for", () => {
  const { MAX_ATTEMPTS, PREDICT_BATCH_SIZE, ...given } = environments["batch-worker"];
  expect(readEnvironment(worker, { ...given, HOME: "/root" })).toEqual({
    ...given,
    FUNCTION_TIMEOUT_SECONDS: 60,
    MAX_ATTEMPTS: 12,
    PREDICT_BATCH_SIZE: 32,
  });
  expect(readEnvironment(worker, environments["batch-worker"])).toMatchObject({
    MAX_ATTEMPTS: 3,
    PREDICT_BATCH_SIZE: 4,
  });
});

test("names everything that is wrong at once", () => {
  expect(() => readEnvironment(submitter, { INPUT_BUCKET: "Bad Bucket", DISPATCH_DEADLINE_SECONDS: "10" })).toThrow(
    new Error(
      'Bad environment: INPUT_BUCKET is "Bad Bucket"; allowed: a bucket name like my-bucket. ' +
        "OUTPUT_BUCKET is not set; allowed: a bucket name like my-bucket. " +
        "QUEUE is not set; allowed: a queue name like projects/P/locations/L/queues/Q. " +
        'DISPATCH_DEADLINE_SECONDS is "10"; allowed: a whole number from 15 to 1800',
    ),
  );
});

test.each([
  [submitter, "batch-submitter", "QUEUE", "my-queue", "a queue name like projects/P/locations/L/queues/Q"],
  [submitter, "batch-submitter", "DISPATCH_DEADLINE_SECONDS", "1801", "a whole number from 15 to 1800"],
  [submitter, "batch-submitter", "DISPATCH_DEADLINE_SECONDS", "6e2", "a whole number from 15 to 1800"],
  [submitter, "batch-submitter", "GOOGLE_CLOUD_PROJECT", "My Project", "a project id like my-project"],
  [
    worker,
    "batch-worker",
    "VERTEX_ENDPOINT",
    "123",
    "a Vertex AI endpoint name like projects/P/locations/L/endpoints/E",
  ],
  [worker, "batch-worker", "VERTEX_ENDPOINT", "projects/p/locations/evil.com/endpoints/1", "a Vertex AI endpoint name"],
  [worker, "batch-worker", "PREDICT_BATCH_SIZE", "0", "a whole number from 1 to 1000"],
  [worker, "batch-worker", "MAX_ATTEMPTS", "-1", "a whole number from 1 to 1000"],
  [worker, "batch-worker", "DEAD_LETTER_TOPIC", "", "a topic name like projects/P/topics/T"],
  [
    train,
    "pipeline-train",
    "TOKEN_IDENTITY",
    "caller",
    "a service account's e-mail like name@project.iam.gserviceaccount.com",
  ],
  [workflow, "start-workflow", "WORKFLOW", "w", "a workflow name like projects/P/locations/L/workflows/W"],
  [workflow, "start-workflow", "MAX_UPLOAD_BYTES", "131073", "a whole number from 1 to 131072"],
  [predictor, "message-predictor", "SUBSCRIBER", "../x", "a subscriber name like text-predictor"],
  [audit, "message-audit", "RESULTS_BUCKET", "gs://results", "a bucket name like my-bucket"],
] as const)("%#: refuses %s's %s", (schema, folder, name, value, allowed) => {
  expect(() => readEnvironment(schema, { ...environments[folder], [name]: value })).toThrow(
    `${name} is ${JSON.stringify(value)}; allowed: ${allowed}`,
  );
});

describe("index.ts", () => {
  const AUTH = "google-auth-library/build/src/auth/computeclient.js";
  const original = process.env;

  beforeAll(() => {
    // Loaded once: it is large, and the functions only have to come anew.
    const auth = jest.requireActual(AUTH);
    jest.doMock(AUTH, () => auth);
    // What a function listens to is its whole process, which here belongs to other tests as well.
    jest.spyOn(diagnostics, "subscribe").mockImplementation();
  });

  afterAll(async () => {
    // Credentials are loaded a turn later.
    await new Promise(setImmediate);
    jest.restoreAllMocks();
  });

  afterEach(() => {
    process.env = original;
  });

  const load = (folder: string, environment: Record<string, string | undefined>) => {
    process.env = environment;
    let loaded: unknown;
    jest.isolateModules(() => {
      loaded = require(`../../functions/${folder}/index`);
    });
    return loaded;
  };

  test.each(Object.entries(environments))("%s exports a handler", (folder, environment) => {
    expect(load(folder, { ...environment, METADATA_SERVER_DETECTION: "none" })).toEqual({
      handler: expect.any(Function),
    });
  });

  test.each(Object.keys(environments))("%s does not start in a bad environment", (folder) => {
    expect(() => load(folder, {})).toThrow(/^Bad environment: [A-Z_]+ is not set; allowed: /);
  });
});
