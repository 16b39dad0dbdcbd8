import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ApiError } from "../../../local/core/api-error";
import type { Invocation, InvocationResult, RestService } from "../../../local/core/stand-in";
import { StorageStandIn } from "../../../local/storage";
import { VertexStandIn } from "../../../local/vertex";
import { WorkflowsStandIn } from "../../../local/workflows";
import { surroundings } from "../support/surroundings";
import { CALLER, WORKFLOW, workflowResource } from "./run";

const ROOT = join(__dirname, "../../..");
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
  `${CALLER.email} workflows.executions.create projects/p`,
  "client@p storage.objects.create projects/_/buckets/uploads/*",
  "client@p storage.objects.get projects/_/buckets/results/*",
  "client@p storage.objects.list projects/_/buckets/results",
];

/** The workflow of the event-workflow stack among the stand-ins that it calls. */
function world({ grants = GRANTS, chunkSize = 4 } = {}) {
  const services: RestService[] = [];
  const failures: number[] = [];
  /** Of Cloud Storage; 0: none. */
  const storageFailures: number[] = [];
  const around = surroundings({ grants, answer: (invocation) => dispatch(invocation) });
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
  const storage = new StorageStandIn(around, [bucket("uploads"), bucket("results")]);
  const workflows = new WorkflowsStandIn(around, [workflow]);
  services.push(...storage.rest, ...new VertexStandIn(around, [workflow]).rest);

  async function dispatch({ method, url, headers, body }: Invocation): Promise<InvocationResult> {
    const { host, pathname, searchParams } = new URL(url);
    const failure = (host.includes("aiplatform") ? failures : storageFailures).shift();
    const service = services.find(({ hosts }) => hosts.includes(host));
    const email = headers.authorization?.replace("Bearer access:", "");
    const request = { method, host, path: pathname, query: searchParams, headers, body, caller: { email } };
    const reply = failure
      ? { status: failure }
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
  const execute = async (generation: string) => {
    const argument = { bucket: "uploads", object: "in/upload.jsonl", generation };
    const execution = workflows.execute(CALLER, WORKFLOW, JSON.stringify(argument));
    await around.clock.advance(3_600_000);
    const result = execution.result === undefined ? undefined : JSON.parse(execution.result);
    return { execution, generation, result };
  };
  const results = (name: string) => JSON.parse(storage.get(CLIENT, "results", name).content.toString());
  return { around, storage, start, execute, results, failures, storageFailures };
}

describe("ml-prediction-workflow", () => {
  test.each(["application/octet-stream", "text/plain", "application/jsonl"])(
    "predicts an upload of type %s, once",
    async (type) => {
      const { start, execute, results, around } = world();
      const { result, generation } = await start(UPLOAD, type);
      const name = `in/upload.jsonl/${generation}.json`;
      expect(result).toEqual({
        status: "DONE",
        instances: 15,
        predicted: 15,
        failedChunks: 0,
        results: `gs://results/${name}`,
      });
      const { chunks, ...rest } = results(name);
      expect(rest).toEqual({ object: "in/upload.jsonl", generation, instances: 15, predicted: 15, failedChunks: 0 });
      const predictions = chunks.flatMap((chunk: { predictions: object[] }) => chunk.predictions);
      expect(chunks.map(({ first }: { first: number }) => first)).toEqual([0, 4, 8, 12]);
      expect(predictions).toHaveLength(15);
      // The sample holds five flowers of each species, in this order.
      expect(predictions.map((prediction: { class: string }) => prediction.class).slice(0, 5)).toEqual(
        Array(5).fill("setosa"),
      );

      const calls = around.invocations.length;
      expect((await execute(generation)).result).toEqual({ status: "ALREADY_DONE", results: `gs://results/${name}` });
      expect(around.invocations.length).toBe(calls + 1);
    },
  );

  test("retries an endpoint that is busy, and reports chunks that it refuses", async () => {
    const { start, results, failures, around } = world();
    failures.push(503, 429, 0, 400);
    const { result, generation } = await start(UPLOAD, "text/plain");
    expect(result).toMatchObject({ status: "DONE_WITH_ERRORS", instances: 15, predicted: 11, failedChunks: 1 });
    expect(results(`in/upload.jsonl/${generation}.errors.json`).errors).toEqual([
      { first: 4, last: 7, code: 400, message: "HTTP server responded with error code 400" },
    ]);
    expect(around.invocations.filter(({ url }) => url.includes("aiplatform"))).toHaveLength(6);
  });

  test.each([408, 429, 500, 502, 503, 504])("a %i of Cloud Storage passes, wherever it comes", async (status) => {
    // The look for results, the upload, the results.
    for (const at of [0, 1, 2]) {
      const { start, storageFailures, around } = world({ chunkSize: 20 });
      storageFailures.push(...Array(at).fill(0), status);
      const { result } = await start(UPLOAD, "text/plain");
      expect(result).toMatchObject({ status: "DONE", predicted: 15, failedChunks: 0 });
      expect(around.invocations.filter(({ url }) => url.includes("storage"))).toHaveLength(4);
    }
  });

  test("what cannot pass is not asked for again", async () => {
    const { start, storageFailures, around } = world();
    storageFailures.push(403);
    const { execution } = await start(UPLOAD, "text/plain");
    expect(execution.state).toBe("FAILED");
    expect(around.invocations).toHaveLength(1);
  });

  test.each([
    ["", "the upload holds no instances"],
    ["not json", "invalid JSON: "],
  ])("an upload of %j cannot be read", async (content, message) => {
    const { start, results } = world();
    const { result, generation } = await start(content, "text/plain");
    const name = `in/upload.jsonl/${generation}.errors.json`;
    expect(result).toEqual({ status: "UNREADABLE", errors: `gs://results/${name}` });
    const [error] = results(name).errors;
    expect(error.reason).toBe("the upload cannot be read");
    expect(error.message).toContain(message);
  });

  test.each(GRANTS.filter((grant) => grant.startsWith(WORKER)))("without %s it does not get through", async (grant) => {
    const { start } = world({ grants: GRANTS.filter((other) => other !== grant) });
    const { execution, result } = await start(UPLOAD, "text/plain").catch((error) => ({
      execution: undefined,
      result: error,
    }));
    // Listing uploads is only needed to be told that one is gone.
    if (grant.endsWith("list projects/_/buckets/uploads")) expect(result.status).toBe("DONE");
    else expect(execution?.state === "FAILED" || result?.status !== "DONE").toBe(true);
  });

  test("as many uploads as its bucket lets in fit into its memory", async () => {
    const line = UPLOAD.toString().split("\n")[0];
    const lines = Math.floor(131_072 / (Buffer.byteLength(line ?? "") + 1));
    const { start } = world({ chunkSize: 50 });
    const { execution, result } = await start(Array(lines).fill(line).join("\n"), "application/octet-stream");
    expect([execution.error, result?.predicted]).toEqual([undefined, lines]);
  });
});
