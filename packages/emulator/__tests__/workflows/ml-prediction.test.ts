import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inDepth } from "../../../../__tests__/support/deep";
import type { ApiError } from "../../src/core/api-error";
import type { Invocation, InvocationResult, RestService } from "../../src/core/emulator";
import { answersFor } from "../../src/network/services";
import { cloudStorage } from "../../src/storage";
import { vertexAi } from "../../src/vertex";
import { cloudWorkflows } from "../../src/workflows";
import { context } from "../support/context";
import { CALLER, reply, WORKFLOW, workflowResource } from "./run";

const ROOT = join(__dirname, "../../../..");
const SOURCE = readFileSync(join(ROOT, "workflows/ml-prediction-workflow.yaml"), "utf8");
const UPLOAD = readFileSync(join(ROOT, "samples/upload.jsonl"));
const ENDPOINT = "projects/p/locations/us-central1/endpoints/1234567890";
const WORKER = "worker@p";
const CLIENT = { email: "client@p" };

/** What the stack grants the workflow's identity. */
const GRANTS = [
  `${WORKER} storage.objects.get projects/_/buckets/uploads/*`,
  `${WORKER} storage.objects.list projects/_/buckets/uploads`,
  `${WORKER} storage.objects.create projects/_/buckets/results/*`,
  `${WORKER} storage.objects.get projects/_/buckets/results/*`,
  `${WORKER} storage.objects.list projects/_/buckets/results`,
  `${WORKER} aiplatform.endpoints.predict projects/p`,
  `${WORKER} logging.logEntries.create projects/p`,
  `${CALLER.email} workflows.executions.create projects/p`,
  "client@p storage.objects.create projects/_/buckets/uploads/*",
  "client@p storage.objects.get projects/_/buckets/results/*",
  "client@p storage.objects.list projects/_/buckets/results",
];

/** The workflow of the event-workflow stack among the emulators that it calls. */
function world({
  grants = GRANTS,
  chunkSize = 4,
  predict,
}: {
  grants?: readonly string[];
  chunkSize?: number;
  /**
   * A model of the test's own: a prediction for each instance, why they are refused, or another
   * status.
   */
  predict?: (instances: unknown[]) => unknown[] | string | number;
} = {}) {
  const services: RestService[] = [];
  /** Of the endpoint, in turn; 0: none. */
  const failures: (number | { status: number; body: object })[] = [];
  /** Of Cloud Storage. */
  const storageFailures: number[] = [];
  const around = context({ grants, answer: (invocation) => dispatch(invocation) });
  const bucket = (name: string) => ({
    address: `google_storage_bucket.${name}`,
    type: "google_storage_bucket",
    attributes: { name },
  });
  const workflow = workflowResource(SOURCE, {
    user_env_vars: {
      RESULTS_BUCKET: "results",
      CHUNK_SIZE: String(chunkSize),
      PREDICT_URL: `https://us-central1-aiplatform.googleapis.com/v1/${ENDPOINT}:predict`,
    },
  });
  const storage = cloudStorage.create(around, [bucket("uploads"), bucket("results")]);
  const workflows = cloudWorkflows.create(around, [workflow]);
  services.push(...storage.rest, ...vertexAi.create(around, [workflow]).rest);

  async function dispatch({ method, url, headers, body }: Invocation): Promise<InvocationResult> {
    const { host, pathname, searchParams } = new URL(url);
    const failure = (host.includes("aiplatform") ? failures : storageFailures).shift();
    const service = services.find(({ hosts }) => answersFor(hosts, host));
    const email = headers.authorization?.replace("Bearer access:", "");
    if (predict && host.includes("aiplatform")) return answerOf(predict(JSON.parse(body.toString()).instances));
    const request = { method, host, path: pathname, query: searchParams, headers, body, caller: { email } };
    const reply = failure
      ? typeof failure === "number"
        ? { status: failure }
        : failure
      : await service?.handle(request).catch((error: ApiError) => ({ status: error.http, body: error.toJSON() }));
    const json = typeof reply?.body === "object" && !Buffer.isBuffer(reply.body);
    return {
      status: reply?.status ?? 0,
      headers: {
        ...(json && { "content-type": "application/json" }),
        ...(reply && "headers" in reply && reply.headers),
      },
      body: Buffer.isBuffer(reply?.body)
        ? reply.body
        : Buffer.from(json ? JSON.stringify(reply?.body) : String(reply?.body ?? "")),
      ...(!reply && { failure: "connection" }),
    };
  }

  const start = async (content: Buffer | string, contentType: string) => {
    const { generation } = storage.put(CLIENT, "uploads", "in/upload.jsonl", content, { metadata: { contentType } });
    return execute(String(generation));
  };
  const execute = async (generation: string, more: object = {}) => {
    const argument = { bucket: "uploads", object: "in/upload.jsonl", generation, ...more };
    const execution = workflows.execute(CALLER, WORKFLOW, JSON.stringify(argument));
    await around.clock.advance(3_600_000);
    const result = execution.result === undefined ? undefined : JSON.parse(execution.result);
    const error = execution.error && JSON.parse(execution.error.payload);
    return { execution, generation, result, error };
  };
  const names = () => storage.list(CLIENT, "results").items.map(({ name }) => name);
  const results = (name: string) => JSON.parse(storage.get(CLIENT, "results", name).content.toString());
  const calls = (host: string) => around.invocations.filter(({ url }) => url.includes(host)).length;
  const warnings = () => around.hops.filter(({ what }) => what.startsWith("WARNING")).map(({ what }) => what.slice(8));
  return { around, storage, start, execute, names, results, calls, warnings, failures, storageFailures };
}

/**
 * As Vertex AI answers. Source: google/cloud/aiplatform/v1/prediction_service.proto,
 * google.rpc.Status.
 */
function answerOf(predictions: unknown[] | string | number): InvocationResult {
  if (typeof predictions === "number") return reply(predictions);
  if (Array.isArray(predictions)) return reply(200, { predictions });
  return reply(400, { error: { code: 400, status: "INVALID_ARGUMENT", message: predictions } });
}

/** Answers numbers with themselves, and refuses requests with a negative one. */
function noNegative(instances: unknown[]): unknown[] | string {
  const bad = instances.find((instance) => Number(instance) < 0);
  return bad === undefined ? instances : `${bad} is negative`;
}

/** Answers all with themselves, and notes them. */
const echo = (asked: unknown[]) => (instances: unknown[]) => {
  asked.push(...instances);
  return instances;
};

const FOLDER = "in/upload.jsonl";
/** Records 0 to count, those that are bad negative. */
const numbers = (count: number, bad: readonly number[] = []) =>
  Array.from({ length: count }, (_, at) => (bad.includes(at) ? -at - 1 : at)).join("\n");

describe("ml-prediction-workflow", () => {
  test.each(["application/octet-stream", "text/plain", "application/jsonl"])(
    "predicts an upload of type %s, once",
    async (type) => {
      const { start, execute, names, results, around, warnings } = world();
      const { result, generation } = await start(UPLOAD, type);
      const manifest = `${FOLDER}/${generation}.json`;
      const counts = { records: 15, predicted: 15, failed: 0 };
      expect(result).toEqual({ status: "DONE", ...counts, manifest: `gs://results/${manifest}` });
      const parts = ["0-3", "4-7", "8-11", "12-14"];
      const upload = { object: FOLDER, generation };
      expect(results(manifest)).toEqual({ ...upload, status: "done", ...counts, parts, errors: [] });
      const objects = parts.map((part) => `${FOLDER}/${generation}/${part}.json`);
      expect(names().sort()).toEqual([manifest, ...objects].sort());
      const predictions = objects.flatMap((name) => results(name).predictions);
      // The sample holds five flowers of each species, in this order.
      expect(predictions.map((prediction: { class: string }) => prediction.class).slice(0, 5)).toEqual(
        Array(5).fill("setosa"),
      );
      expect(results(objects[1] as string)).toMatchObject({ ...upload, first: 4, last: 7 });
      expect(warnings()).toEqual([]);

      const calls = around.invocations.length;
      expect((await execute(generation)).result).toEqual({
        status: "ALREADY_DONE",
        manifest: `gs://results/${manifest}`,
      });
      expect(around.invocations.length).toBe(calls + 1);
    },
  );

  test.each([
    ["application/json", "[1, [2], 3.50]", [1, [2], 3.5]],
    ["application/json", '{"a": 1}', [{ a: 1 }]],
    ["text/plain", "\ufeff\r\n1\r\n\r\n  2\n", [1, 2]],
  ])("an upload of type %s, %j, holds %j", async (type, content, instances) => {
    const asked: unknown[] = [];
    const { start } = world({ predict: echo(asked) });
    expect((await start(content, type)).result).toMatchObject({ status: "DONE", records: instances.length });
    expect(asked).toEqual(instances);
  });

  test("records reach the endpoint byte for byte", async () => {
    const lines = ['{"id": 1234567890123456789, "x": 1.50}', '"\\u00e9"'];
    const { start, around } = world();
    await start(lines.join("\n"), "text/plain");
    const sent = around.invocations.find(({ url }) => url.includes("aiplatform"));
    expect(sent?.body.toString()).toBe(`{"instances":[${lines.join(",")}]}`);
    expect(sent?.headers["content-type"]).toBe("application/json");
  });

  test.each([1, 9, 10, 11, 20, 21])(
    "%i records, which are taken by tens, reach the endpoint once each",
    async (count) => {
      const lines = Array.from({ length: count }, (_, index) => `{"n": ${index}}`);
      const { start, around } = world({ chunkSize: 30, predict: (instances) => instances });
      const { result } = await start(lines.join("\n"), "text/plain");
      expect(result).toMatchObject({ status: "DONE", predicted: count });
      const sent = around.invocations.filter(({ url }) => url.includes("aiplatform"));
      expect(sent.map(({ body }) => body.toString())).toEqual([`{"instances":[${lines.join(",")}]}`]);
    },
  );

  test("retries an endpoint that is busy, or lacks a grant that is on its way", async () => {
    const { start, failures, calls } = world();
    failures.push(503, 429, 403, 0, 408);
    const { result } = await start(UPLOAD, "text/plain");
    expect(result).toMatchObject({ status: "DONE", predicted: 15 });
    expect(calls("aiplatform")).toBe(8);
  });

  test.each([403, 408, 429, 500, 502, 503, 504])("a %i of Cloud Storage passes, wherever it comes", async (status) => {
    // The look for results, the upload, a part, the manifest.
    for (const at of [0, 1, 2, 3]) {
      const { start, storageFailures, calls } = world({ chunkSize: 20 });
      storageFailures.push(...Array(at).fill(0), status);
      const { result } = await start(UPLOAD, "text/plain");
      expect(result).toMatchObject({ status: "DONE", predicted: 15, failed: 0 });
      expect(calls("storage")).toBe(5);
    }
  });

  test("what cannot pass is not asked for again", async () => {
    const { start, storageFailures, around } = world();
    storageFailures.push(401);
    const { execution } = await start(UPLOAD, "text/plain");
    expect(execution.state).toBe("FAILED");
    expect(around.invocations).toHaveLength(1);
  });
});

describe("records that fail", () => {
  test("a refused part is halved down to the record; its reason is the model's", async () => {
    const { start, results, calls, warnings, names } = world({ chunkSize: 8, predict: noNegative });
    const { execution, result, generation } = await start(numbers(16, [5]), "text/plain");
    expect(execution.state).toBe("SUCCEEDED");
    const manifest = `${FOLDER}/${generation}.json`;
    const counts = { records: 16, predicted: 15, failed: 1 };
    expect(result).toEqual({ status: "PARTIAL", ...counts, manifest: `gs://results/${manifest}` });
    const errors = [{ first: 5, last: 5, status: "INVALID_ARGUMENT", message: "-6 is negative" }];
    const parts = ["0-3", "4-4", "6-7", "8-15"];
    expect(results(manifest)).toEqual({ object: FOLDER, generation, status: "partial", ...counts, parts, errors });
    expect(names()).toHaveLength(parts.length + 1);
    // 0-7, 0-3, 4-7, 4-5, 4, 5, 6-7; and 8-15.
    expect(calls("aiplatform")).toBe(8);
    expect(warnings()).toEqual([
      JSON.stringify({
        event: "upload_partial",
        upload: `gs://uploads/${FOLDER}#${generation}`,
        manifest: `gs://results/${manifest}`,
        predicted: 15,
        failed: 1,
      }),
    ]);
  });

  test("every good record is predicted, and every bad one named, wherever they are", async () => {
    for (const bad of [[0], [15], [0, 15], [7, 8], [3, 4, 5], [0, 2, 4, 6, 8, 10, 12, 14]]) {
      const { start, results } = world({ chunkSize: 8, predict: noNegative });
      const { generation } = await start(numbers(16, bad), "text/plain");
      const { parts, errors, ...manifest } = results(`${FOLDER}/${generation}.json`);
      expect(manifest).toMatchObject({ predicted: 16 - bad.length, failed: bad.length });
      expect(errors.map(({ first, last }: Record<string, number>) => [first, last])).toEqual(bad.map((at) => [at, at]));
      const predictions = parts.flatMap((part: string) => results(`${FOLDER}/${generation}/${part}.json`).predictions);
      expect(predictions).toEqual(Array.from({ length: 16 }, (_, at) => at).filter((at) => !bad.includes(at)));
    }
  });

  test.each([
    ["a line that is not JSON", "1\nno json\n3", [1]],
    ["a number beyond 64 bits", "1\n12345678901234567890\n3", [1]],
    ["a line with two values", "1\n2,3\n4", [1]],
    ["lines that are JSON only together", "1\n[2\n3]\n4,5", [1, 2, 3]],
    ["a line that would end the list", '1\n2],"parameters":{"a":[1]\n3', [1]],
  ])("%s is a failed record, not another one", async (_, content, bad) => {
    const asked: unknown[] = [];
    const { start, results } = world({ predict: echo(asked) });
    const { generation, result } = await start(content, "text/plain");
    expect(result).toMatchObject({ status: "PARTIAL", failed: bad.length });
    expect(results(`${FOLDER}/${generation}.json`).errors).toEqual(
      bad.map((at) => ({
        first: at,
        last: at,
        status: "NOT_JSON",
        message: expect.stringContaining("invalid JSON: "),
      })),
    );
    expect(asked).toEqual(content.split("\n").flatMap((line, at) => (bad.includes(at) ? [] : [JSON.parse(line)])));
  });

  test("long reasons are cut", async () => {
    const { start, results } = world({ predict: (instances) => (instances.includes(2) ? "x".repeat(301) : instances) });
    const { generation } = await start("1\n2", "text/plain");
    expect(results(`${FOLDER}/${generation}.json`).errors[0].message).toBe("x".repeat(300));
  });

  test("after 50 single records, refused parts are kept whole", async () => {
    const bad = Array.from({ length: 60 }, (_, at) => at);
    const { start, results } = world({ chunkSize: 10, predict: noNegative });
    const { generation } = await start(numbers(70, bad), "text/plain");
    const { errors, failed, predicted } = results(`${FOLDER}/${generation}.json`);
    expect([predicted, failed]).toEqual([10, 60]);
    expect(errors).toHaveLength(51);
    expect(errors[50]).toEqual({ first: 50, last: 59, status: "INVALID_ARGUMENT", message: null });
  });

  test("a repetition predicts the failed records alone, once more where they still fail", async () => {
    let strict = true;
    const asked: unknown[] = [];
    const { start, execute, results } = world({
      chunkSize: 8,
      predict: (instances) => {
        if (!strict) asked.push(...instances);
        const refused = noNegative(instances);
        return strict || instances.includes(-1) ? refused : instances;
      },
    });
    const { generation } = await start(numbers(16, [0, 5, 9]), "text/plain");
    strict = false;
    const id = `${FOLDER}/${generation}`;
    const first = await execute(generation, { repetition: 1 });
    expect(first.result).toEqual({
      status: "PARTIAL",
      records: 3,
      predicted: 2,
      failed: 1,
      manifest: `gs://results/${id}.repetition-1.json`,
    });
    expect(asked).toEqual([-1, -6, -10]);
    expect(results(`${id}.repetition-1.json`)).toMatchObject({
      parts: ["5-5", "9-9"],
      errors: [{ first: 0, last: 0 }],
    });
    expect(results(`${id}/5-5.json`).predictions).toEqual([-6]);
    expect((await execute(generation, { repetition: 1 })).result).toMatchObject({ status: "ALREADY_DONE" });
    // Nothing of it is predicted now: the execution fails, and can be started again.
    const second = await execute(generation, { repetition: 2 });
    expect(second.execution.state).toBe("FAILED");
    expect(results(`${id}.repetition-2.errors.json`)).toMatchObject({ status: "refused", records: 1 });
  });

  test.each([
    [{ repetition: 1 }, "1\n2", "nothing is left to repeat, no record failed in gs://results/"],
    [{ repetition: 2 }, "1\n-2", "nothing can be repeated, there is no gs://results/"],
    [{ repetition: -1 }, "1", "repetition is below 0"],
    [{ repetition: "1" }, "1", "repetition is not an integer"],
  ])("what cannot be repeated fails: %j", async (argument, content, message) => {
    const { start, execute } = world({ predict: noNegative });
    const { generation } = await start(content, "text/plain");
    const { execution, error } = await execute(generation, argument);
    expect(execution.state).toBe("FAILED");
    expect(error.message).toContain(message);
  });
});

describe("executions fail, and can be started again", () => {
  test("where nothing was predicted", async () => {
    let strict = true;
    const { start, execute, names, results, warnings } = world({
      predict: (instances) => (strict ? "wrong model" : instances),
    });
    const { execution, error, generation } = await start(numbers(3), "text/plain");
    expect(execution.state).toBe("FAILED");
    const name = `${FOLDER}/${generation}.errors.json`;
    expect(error).toEqual({
      code: 400,
      message: `none of 3 records was predicted; why is in gs://results/${name}`,
    });
    expect(names()).toEqual([name]);
    expect(results(name)).toMatchObject({ status: "refused", records: 3, errors: { length: 3 } });
    expect(warnings()).toEqual([]);
    strict = false;
    expect((await execute(generation)).result).toMatchObject({ status: "DONE", predicted: 3 });
  });

  test.each([
    ["", "the upload holds no records"],
    [" \n\r\n", "the upload holds no records"],
    [`${"0\n".repeat(4001)}`, "the upload holds 4001 records; allowed are up to 4000"],
  ])("where the upload cannot be read: %#", async (content, message) => {
    const { start, results, names } = world();
    const { execution, generation, error } = await start(content, "text/plain");
    expect(execution.state).toBe("FAILED");
    expect(error).toEqual({ code: 400, message: `the upload cannot be read (${message})` });
    const name = `${FOLDER}/${generation}.errors.json`;
    expect(names()).toEqual([name]);
    expect(results(name)).toEqual({ object: FOLDER, generation, status: "unreadable", message });
  });

  test("where its generation is gone", async () => {
    const { execute } = world();
    const { execution, error } = await execute("1");
    expect(execution.state).toBe("FAILED");
    expect(error.message).toBe("the upload cannot be read (HTTP server responded with error code 404)");
  });

  // A dedicated endpoint answers so on the shared host.
  test.each([
    [400, "FAILED_PRECONDITION"],
    [404, "NOT_FOUND"],
    [413, "INVALID_ARGUMENT"],
  ])("where the endpoint's answer says nothing about records: %i %s", async (status, name) => {
    const { start, failures, names, calls, execute } = world({ chunkSize: 8 });
    const answer = reply(status, { error: { code: status, status: name, message: "use the dedicated domain" } });
    failures.push(0, { status, body: JSON.parse(answer.body.toString()) });
    const { execution, error, generation } = await start(UPLOAD, "text/plain");
    expect(execution.state).toBe("FAILED");
    expect(error).toMatchObject({ code: status, body: { error: { message: "use the dedicated domain" } } });
    expect(names()).toEqual([`${FOLDER}/${generation}/0-7.json`]);
    expect(calls("aiplatform")).toBe(2);
    // It goes on after what is there.
    expect((await execute(generation)).result).toMatchObject({ status: "DONE", predicted: 15, failed: 0 });
    expect(calls("aiplatform")).toBe(3);
  });

  test("where an outage lasts longer than twelve minutes, and not where it lasts ten", async () => {
    for (const [minutes, state] of [
      [10, "SUCCEEDED"],
      [30, "FAILED"],
    ] as const) {
      let until = 0;
      const { start, around } = world({
        predict: (instances) => (around.clock.now() < until ? 503 : instances),
      });
      until = around.clock.now() + minutes * 60_000;
      expect((await start("1", "text/plain")).execution.state).toBe(state);
    }
  });

  test("where the endpoint gives another number of predictions", async () => {
    const { start } = world({ predict: () => [1] });
    const { execution, error } = await start("1\n2", "text/plain");
    expect(execution.state).toBe("FAILED");
    expect(error).toEqual({ code: 502, message: "the endpoint gave 1 predictions for 2 records" });
  });

  test.each(GRANTS.filter((grant) => grant.startsWith(WORKER)))("without %s", async (grant) => {
    const { start, warnings } = world({ grants: GRANTS.filter((other) => other !== grant) });
    const { execution } = await start(`${UPLOAD}"no flower"`, "text/plain");
    // Listing uploads is only needed to learn that one is gone; a log entry that is refused is
    // lost.
    // Results are only read to go on after parts that are there, or to repeat what failed.
    const isForLater = /list projects\/_\/buckets\/uploads$|get projects\/_\/buckets\/results\/\*$/.test(grant);
    if (isForLater) expect(execution.state).toBe("SUCCEEDED");
    else if (grant.includes("logging")) expect(warnings()).toHaveLength(1);
    else expect(execution.state).toBe("FAILED");
  });
});

// cloud.google.com/workflows/quotas: 512 KB of variables, 100,000 steps.
describe("the largest uploads fit into an execution", () => {
  const MAX_UPLOAD = 131_072;
  /** What is left for the predictions of one part. */
  const PREDICTIONS = 130_000;
  const filler = (bytes: number) => JSON.stringify("x".repeat(bytes - 2));
  /** So many records that fill an upload. */
  const upload = (records: number) =>
    Array(records)
      .fill(filler(Math.floor(MAX_UPLOAD / records) - 1))
      .join("\n");

  const WHOLE: readonly [number, number][] = [
    [1, 1000],
    [50, 50],
    [1000, 1000],
    [10_000, 1000],
    [1000, 1],
  ];
  test.each(inDepth(WHOLE, [[10_000, 1000]]))("%i records in chunks of %i", async (records, chunkSize) => {
    let parts = 0;
    const { start } = world({
      chunkSize,
      // The tenth part, when others have been noted, has the most.
      predict: (instances) => {
        const bytes = ++parts === Math.min(10, Math.ceil(records / chunkSize)) ? PREDICTIONS : 4 * instances.length;
        return instances.map(() => "p".repeat(Math.floor(bytes / instances.length) - 3));
      },
    });
    const { execution, result } = await start(upload(records), "application/octet-stream");
    expect([execution.error?.payload, result?.predicted]).toEqual([undefined, records]);
    expect(execution.used.memory).toBeLessThan(512 * 1024);
    expect(execution.used.steps).toBeLessThan(100_000);
  });

  const PARTLY: readonly [number, number, number][] = [
    [10_000, 1000, 200],
    [10_000, 1000, 20],
    [10_000, 1000, 2],
    [10_000, 50, 200],
    [10_000, 10, 3],
    [10_000, 1000, 1],
    [1000, 1, 1],
  ];
  test.each(inDepth(PARTLY, [[10_000, 1000, 2]]))(
    "%i records in chunks of %i of which each %ith fails, but not the first",
    async (records, chunkSize, each) => {
      const bad = (instance: unknown) => Number(instance) < 0;
      const { start } = world({
        chunkSize,
        predict: (instances) => (instances.some(bad) ? "m".repeat(400) : instances),
      });
      const lines = Array.from({ length: records }, (_, at) => (at % each === each - 1 ? -at : at));
      const { execution, result } = await start(lines.join("\n"), "application/octet-stream");
      expect(execution.error?.payload).toBeUndefined();
      expect(result).toMatchObject({ status: "PARTIAL", records });
      expect(execution.used.memory).toBeLessThan(512 * 1024);
      expect(execution.used.steps).toBeLessThan(100_000);
    },
  );
});
