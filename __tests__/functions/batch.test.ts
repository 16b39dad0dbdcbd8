import { readFileSync } from "node:fs";
import { environmentSchema as submitterEnvironment } from "../../functions/batch-submitter/environment";
import { createHandler as createSubmitter } from "../../functions/batch-submitter/handler";
import { environmentSchema as workerEnvironment } from "../../functions/batch-worker/environment";
import { createHandler as createWorker } from "../../functions/batch-worker/handler";
import { readEnvironment } from "../../functions/shared/environment";
import { vertexPredictor } from "../../functions/shared/predictor";
import { dispatchAll } from "../support/dispatcher";
import { environments } from "../support/environments";
import { FakeGoogle } from "../support/fake-google";
import { type Served, serve } from "../support/serve";

const WORKER = "https://overridden-by-queue.invalid/";
const request = { input: "gs://in-bucket/data/batch.jsonl", output: "gs://out-bucket/results", batchSize: 25 };

let google: FakeGoogle;
let submitter: Served;
let worker: Served;

beforeAll(async () => {
  google = await FakeGoogle.start();
  const services = google.services();
  submitter = await serve(
    createSubmitter(readEnvironment(submitterEnvironment, environments["batch-submitter"]), services),
  );
  const environment = readEnvironment(workerEnvironment, environments["batch-worker"]);
  const predictor = vertexPredictor(services.google, environment.VERTEX_ENDPOINT, environment.PREDICT_BATCH_SIZE);
  worker = await serve(createWorker(environment, { ...services, predictor }));
});

beforeEach(() => google.reset());
afterAll(() => Promise.all([submitter.stop(), worker.stop(), google.stop()]));

const sample = (name: string) => readFileSync(`samples/${name}`);
const payloads = () =>
  [...google.tasks.values()].map(({ httpRequest }) => JSON.parse(Buffer.from(httpRequest.body, "base64").toString()));
const results = (folder: string) =>
  google.buckets.uris.filter((uri) => uri.startsWith(folder)).flatMap((uri) => google.buckets.jsonLines(uri));

describe("batch-submitter", () => {
  test("enqueues one task per shard of whole records", async () => {
    const generation = google.buckets.put(request.input, sample("batch.jsonl"));
    const { status, body } = await submitter.post(request);
    expect(status).toBe(202);
    expect(body).toEqual({
      job: expect.stringMatching(/^[0-9a-f]{16}$/),
      shards: 3,
      enqueued: 3,
      alreadyEnqueued: 0,
      output: `gs://out-bucket/results/${body.job}/`,
    });
    const task = google.tasks.get(`${environments["batch-submitter"].QUEUE}/tasks/${body.job}-0`);
    expect(task).toMatchObject({
      dispatchDeadline: "600s",
      httpRequest: { httpMethod: "POST", url: WORKER, headers: { "Content-Type": "application/json" } },
    });
    expect(task?.httpRequest).not.toHaveProperty("oidcToken");
    const ranges = payloads();
    expect(ranges[0]).toEqual({
      input: request.input,
      generation,
      start: 0,
      end: ranges[1].start,
      output: `gs://out-bucket/results/${body.job}/shard-00000.jsonl`,
      records: sample("batch.jsonl").toString("utf8", 0, ranges[1].start),
    });
    expect(ranges[1].end).toBe(ranges[2].start);
    expect(ranges[2].end).toBe(sample("batch.jsonl").length);
  });

  test("leaves the records out of a task that would cost two operations, and of all if told so", async () => {
    const long = `{"a":"${"x".repeat(15_000)}"}\n`;
    google.buckets.put(request.input, `{"a":1}\n${long}${long}`);
    await submitter.post({ ...request, batchSize: 1 });
    await submitter.post({ ...request, batchSize: 2 });
    expect(payloads().map(({ records }) => records?.length)).toEqual([8, 15_009, 15_009, 15_017, 15_009]);
    google.reset();
    google.buckets.put(request.input, `${long}${long}`);
    await submitter.post({ ...request, batchSize: 2 });
    const change = { ...environments["batch-submitter"], RECORDS_IN_TASKS: "false" };
    const silent = await serve(createSubmitter(readEnvironment(submitterEnvironment, change), google.services()));
    await silent.post({ ...request, batchSize: 1 });
    await silent.stop();
    expect(payloads().map(({ records }) => records)).toEqual([undefined, undefined, undefined]);
  });

  test("uses batches of 100 unless told otherwise", async () => {
    google.buckets.put(request.input, "1\n".repeat(101));
    const { body } = await submitter.post({ ...request, batchSize: undefined });
    expect(body.shards).toBe(2);
  });

  test("submitting twice makes no second task; another generation is another job", async () => {
    google.buckets.put(request.input, sample("batch.jsonl"));
    const first = await submitter.post(request);
    const second = await submitter.post(request);
    expect(second.body).toEqual({ ...first.body, enqueued: 0, alreadyEnqueued: 3 });
    expect(google.tasks.size).toBe(3);
    google.buckets.put(request.input, sample("batch.jsonl"));
    expect((await submitter.post(request)).body).toMatchObject({ enqueued: 3 });
  });

  test("goes on where a failed submission stopped", async () => {
    google.buckets.put(request.input, sample("batch.jsonl"));
    google.failNext(/cloudtasks/, { status: 403, reason: "PERMISSION_DENIED", message: "no" });
    const failed = await submitter.post(request);
    expect(failed.status).toBe(503);
    expect(failed.body.error.code).toBe("failed");
    const { body } = await submitter.post(request);
    expect(body.enqueued + body.alreadyEnqueued).toBe(3);
    expect(google.tasks.size).toBe(3);
  });

  test.each([
    ["429", { status: 429 }],
    ["503", { status: 503 }],
    ["a dropped connection", { drop: true as const }],
    ["a lost answer", { drop: true as const, after: true }],
  ])("outlives %s when it enqueues", async (_name, fault) => {
    google.buckets.put(request.input, sample("batch.jsonl"));
    google.failNext(/cloudtasks/, fault);
    const { status, body } = await submitter.post(request);
    expect(status).toBe(202);
    expect(body.shards).toBe(3);
    expect(google.tasks.size).toBe(3);
  });

  test("says 503 when Cloud Tasks stays busy", async () => {
    google.buckets.put(request.input, "1\n");
    google.failNext(/cloudtasks/, { status: 503 }, { status: 503 }, { status: 503 });
    expect((await submitter.post(request)).status).toBe(503);
    expect(google.log.at(-1)).toMatchObject({ severity: "ERROR", message: expect.stringContaining("503") });
  });

  test.each([
    [
      "another bucket",
      { input: "gs://other/batch.jsonl" },
      'input: given "gs://other/batch.jsonl"; allowed: a path like gs://in-bucket/',
    ],
    [
      "a bucket that only begins alike",
      { input: "gs://in-bucket2/batch.jsonl" },
      "allowed: a path like gs://in-bucket/",
    ],
    ["a path upwards", { input: "gs://in-bucket/../batch.jsonl" }, 'without empty, "." or ".." segments'],
    ["an empty segment", { input: "gs://in-bucket/a//batch.jsonl" }, 'without empty, "." or ".." segments'],
    ["a control character", { input: "gs://in-bucket/a\u0000.jsonl" }, "control characters"],
    ["half a character", { input: "gs://in-bucket/a\ud800.jsonl" }, "control characters"],
    ["a very long path", { input: `gs://in-bucket/${"a".repeat(1000)}.jsonl` }, "at most 900 bytes"],
    ["a name that Cloud Storage keeps", { input: "gs://in-bucket/.well-known/acme-challenge/a.csv" }, "input: given"],
    [
      "an output whose shards' names would be too long",
      { output: `gs://out-bucket/${"a".repeat(866)}` },
      "at most 865 bytes",
    ],
    ["an unknown extension", { input: "gs://in-bucket/batch.parquet" }, "a path that ends with .jsonl or .csv"],
    ["no input", { input: undefined }, "input: missing"],
    ["an output elsewhere", { output: "gs://in-bucket/results" }, "output: given"],
    ["a bare output bucket", { output: "gs://out-bucket" }, "output: given"],
    ["batchSize 0", { batchSize: 0 }, "batchSize: given 0; allowed: >=1"],
    ["batchSize 10001", { batchSize: 10_001 }, "batchSize: given 10001; allowed: <=10000"],
    ["batchSize 1.5", { batchSize: 1.5 }, "batchSize: given 1.5"],
    ["batchSize as text", { batchSize: "9" }, 'batchSize: given "9"; allowed: number'],
  ])("refuses %s", async (_name, change, message) => {
    google.buckets.put(request.input, "1\n");
    const { status, body } = await submitter.post({ ...request, ...change });
    expect(status).toBe(400);
    expect(body.error.code).toBe("invalid_payload");
    expect(body.error.message).toContain(message);
    expect(body.error.issues).not.toHaveLength(0);
    expect(google.requests).toEqual([]);
  });

  test("lists everything that is wrong at once", async () => {
    const { body } = await submitter.post({ input: 1, batchSize: 0 });
    expect(body.error.issues.map((issue: string) => issue.split(":")[0])).toEqual(["input", "output", "batchSize"]);
  });

  test.each([
    ["an empty file", "", "empty_input", "The input holds no records"],
    ["blank lines only", "\n \r\n\n", "empty_input", "The input holds no records"],
    [
      "a first line that is no JSON",
      "secret words\n1\n",
      "malformed_json",
      "Line 1 of the input (12 bytes) is not JSON in UTF-8",
    ],
    [
      "a later line that is no JSON",
      '1\n\n{"a":\n',
      "malformed_json",
      "Line 3 of the input (5 bytes) is not JSON in UTF-8",
    ],
    [
      "a line that is not UTF-8",
      Buffer.from([0x31, 0x0a, 0x22, 0xff, 0x22, 0x0a]),
      "wrong_encoding",
      "The input is not in UTF-8: the byte at offset 3 (line 2) is 0xff; allowed: text in UTF-8",
    ],
    [
      "a whole number that would become another",
      '{"id":1}\n{"id":1234567890123456789}\n',
      "inexact_number",
      "Line 2 of the input holds the number 1234567890123456789 at byte offset 6, which would become 1234567890123456800; allowed: numbers that a double holds, others as strings",
    ],
    [
      "a number beyond a double's range",
      "[0,-1e400]\n",
      "inexact_number",
      "Line 1 of the input holds the number -1e400 at byte offset 3, which is beyond the range of a double",
    ],
    [
      "a line that is too long",
      `1\n"${"x".repeat(1024 ** 2)}"\n`,
      "record_too_large",
      "Line 2 of the input is longer than 1048576 bytes",
    ],
    [
      "an unending line",
      `1\n"${"x".repeat(2 * 1024 ** 2)}`,
      "record_too_large",
      "Line 2 of the input is longer than 1048576 bytes",
    ],
    [
      "too deep a line",
      `${"[".repeat(65)}${"]".repeat(65)}\n`,
      "too_deep",
      "Line 1 of the input is nested deeper than 64 levels",
    ],
  ])("refuses %s and enqueues nothing", async (_name, content, code, message) => {
    google.buckets.put(request.input, content);
    const { status, body } = await submitter.post({ ...request, batchSize: 1 });
    expect(status).toBe(400);
    expect(body.error).toEqual({ code, message: expect.stringContaining(message) });
    expect(google.tasks.size).toBe(0);
    expect(google.logLines.join()).not.toContain("secret words");
  });

  test.each([
    ["an empty file", "", "empty_input", "The input holds no records"],
    ["a header alone", "a,b\n", "empty_input", "The input holds no records"],
    [
      "a header with a nameless column",
      "a,\n1,2\n",
      "malformed_csv",
      "The header, line 1 of the input, needs a name for each column, each once",
    ],
    ["a header that repeats a name", "a,a\n1,2\n", "malformed_csv", "The header, line 1"],
    [
      "a row with too many fields",
      "a,b\n1,2\n1,2,secret\n",
      "malformed_csv",
      "Line 3 of the input is not valid CSV (CSV_RECORD_INCONSISTENT_FIELDS_LENGTH)",
    ],
    [
      "in Latin-1",
      Buffer.from("a,b\n1,Z\u00fcrich\n", "latin1"),
      "wrong_encoding",
      "The input is not in UTF-8: the byte at offset 7 (line 2) is 0xfc; allowed: text in UTF-8",
    ],
    [
      "in UTF-16 with a byte order mark",
      Buffer.from("\ufeffa,b\n1,2\n", "utf16le"),
      "wrong_encoding",
      "The input is in UTF-16LE, by its byte order mark; allowed: text in UTF-8, with or without a byte order mark",
    ],
    [
      "in UTF-16 without a byte order mark",
      Buffer.from("a,b\n1,2\n", "utf16le"),
      "wrong_encoding",
      "The input is not in UTF-8: the byte at offset 1 (line 1) is NUL, as in UTF-16LE; allowed: text in UTF-8",
    ],
    ["an open quote", 'a,b\n1,"2\n', "malformed_csv", "is not valid CSV (CSV_QUOTE_NOT_CLOSED)"],
    [
      "too long a row",
      `a,b\n1,${"x".repeat(1024 ** 2 + 1)}\n`,
      "record_too_large",
      "Line 2 of the input is longer than 1048576 bytes",
    ],
    [
      "too large a header",
      `${"x".repeat(70_000)},b\n1,2\n`,
      "header_too_large",
      "The header is larger than the 65536 bytes that are allowed",
    ],
  ])("refuses a CSV that is %s and enqueues nothing", async (_name, content, code, message) => {
    const input = "gs://in-bucket/batch.csv";
    google.buckets.put(input, content);
    const { status, body } = await submitter.post({ ...request, input });
    expect(status).toBe(400);
    expect(body.error).toEqual({ code, message: expect.stringContaining(message) });
    expect(google.tasks.size).toBe(0);
  });

  test("refuses a missing object", async () => {
    const { status, body } = await submitter.post(request);
    expect(status).toBe(404);
    expect(body.error).toEqual({ code: "missing_object", message: `There is no object ${request.input}` });
  });

  test("refuses a compressed object", async () => {
    google.buckets.put(request.input, "x", "gzip");
    const { status, body } = await submitter.post(request);
    expect(status).toBe(400);
    expect(body.error).toMatchObject({
      code: "unsupported_encoding",
      message: expect.stringContaining("Content-Encoding gzip"),
    });
  });
});

describe("batch-worker", () => {
  async function submitted(content: string | Buffer = sample("batch.jsonl"), input = request.input) {
    google.buckets.put(input, content);
    const { body } = await submitter.post({ ...request, input });
    google.requests.length = 0;
    return { ...body, payloads: payloads() };
  }

  test.each(["batch.jsonl", "batch.csv"])("predicts every record of %s once", async (file) => {
    const { output } = await submitted(sample(file), `gs://in-bucket/${file}`);
    const deliveries = await dispatchAll(google, { [WORKER]: worker.url });
    expect(deliveries.map(({ status }) => status)).toEqual([200, 200, 200]);
    const lines = results(output);
    expect(lines).toHaveLength(60);
    const expected = sample("batch.jsonl")
      .toString()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toEqual(expected.map((instance) => ({ instance, prediction: { echo: instance } })));
    expect(Math.max(...google.predictRequests.map(({ instances }) => instances.length))).toBe(4);
    expect(google.predictRequests[0]?.endpoint).toBe(environments["batch-worker"].VERTEX_ENDPOINT);
  });

  test("keeps text that only looks like a number, or that would become another one", async () => {
    const csv = 'id,n,big,hash,pi,text\n007,-1.5e3,12345678901234567890,39e1804,3.14159265358979323846,"a\n""b"""\n';
    const { output } = await submitted(csv, "gs://in-bucket/batch.csv");
    await dispatchAll(google, { [WORKER]: worker.url });
    expect(results(output)[0].instance).toEqual({
      id: "007",
      n: -1500,
      big: "12345678901234567890",
      hash: "39e1804",
      pi: "3.14159265358979323846",
      text: 'a\n"b"',
    });
  });

  test("a column called __proto__ is a column", async () => {
    const { output } = await submitted("__proto__,b\n1,2\n", "gs://in-bucket/batch.csv");
    await dispatchAll(google, { [WORKER]: worker.url });
    expect(google.buckets.text(google.buckets.uris.find((uri) => uri.startsWith(output)) ?? "")).toContain(
      '{"__proto__":1,"b":2}',
    );
  });

  test("takes the shards of the longest output that the submitter takes", async () => {
    google.buckets.put(request.input, "1\n");
    const { body } = await submitter.post({ ...request, output: `gs://out-bucket/${"a".repeat(865)}` });
    await dispatchAll(google, { [WORKER]: worker.url });
    expect([google.published, results(body.output)]).toEqual([[], [{ instance: 1, prediction: { echo: 1 } }]]);
  });

  test("does not predict again what is there", async () => {
    const {
      payloads: [payload],
    } = await submitted();
    expect((await worker.task(payload)).body).toMatchObject({ records: 25, written: true });
    const asked = google.predictRequests.length;
    expect((await worker.task(payload)).body).toEqual({ output: payload.output, written: false });
    expect(google.predictRequests).toHaveLength(asked);
  });

  test("a delivery that comes twice at once writes once", async () => {
    const { output } = await submitted();
    const deliveries = await dispatchAll(google, { [WORKER]: worker.url }, { duplicates: 3 });
    expect(deliveries.every(({ status }) => status === 200)).toBe(true);
    expect(results(output)).toHaveLength(60);
  });

  test.each([
    ["a lost answer to the upload", /POST .*upload/, { drop: true as const, after: true }],
    ["a busy upload", /POST .*upload/, { status: 503 }],
    ["a busy model", /:predict/, { status: 429, headers: { "Retry-After": "0" } }],
    ["a slow model", /:predict/, { delay: 50 }],
    ["a model that hangs up", /:predict/, { drop: true as const }],
    ["storage that fails to read", /alt=media/, { status: 503 }],
    ["storage that is down for the look", /GET .*shard-/, { status: 500 }],
  ])("outlives %s", async (_name, pattern, fault) => {
    const { output } = await submitted();
    google.failNext(pattern, fault);
    await dispatchAll(google, { [WORKER]: worker.url });
    expect(results(output)).toHaveLength(60);
    expect(google.published).toEqual([]);
  });

  test("fails, and is retried, when the precondition failed though there is no object", async () => {
    const {
      payloads: [payload],
    } = await submitted();
    google.failNext(/POST .*upload/, { status: 412, reason: "FAILED_PRECONDITION" });
    expect((await worker.task(payload)).status).toBe(500);
    expect((await worker.task(payload, { retries: 1 })).body).toMatchObject({ written: true });
  });

  test("hands over when its attempts are spent, before any work", async () => {
    const {
      payloads: [payload],
    } = await submitted();
    google.failNext(/:predict/, ...Array.from({ length: 9 }, () => ({ status: 500, reason: "INTERNAL" })));
    for (const retries of [0, 1, 2]) expect((await worker.task(payload, { retries })).status).toBe(500);
    const asked = google.predictRequests.length;
    const { status, body } = await worker.task(payload, { retries: 3 });
    expect([status, body]).toEqual([200, { deadLetter: "attempts_spent" }]);
    expect(google.predictRequests).toHaveLength(asked);
    expect(google.published).toEqual([
      {
        topic: "projects/my-project/topics/dead",
        data: Buffer.from(JSON.stringify(payload)),
        attributes: {
          deadLetterReason: "attempts_spent",
          deadLetterMessage: "All 3 attempts failed; the log tells why",
          deadLetterSource: "cloudtasks",
          deadLetterFunction: "under-test",
          deadLetterQueue: "my-queue",
          deadLetterTask: "task-1",
          deadLetterAttempts: "4",
        },
      },
    ]);
  });

  test("reads nothing where the task has the records", async () => {
    const {
      payloads: [payload],
    } = await submitted();
    google.requests.length = 0;
    const { body } = await worker.task(payload);
    expect([body.records, google.asked(/alt=media/)]).toEqual([25, []]);
    const lines = google.buckets.text(payload.output);
    await worker.task({ ...payload, records: undefined, output: payload.output.replace("00000", "00009") });
    expect(google.buckets.text(payload.output.replace("00000", "00009"))).toBe(lines);
    expect(google.asked(/alt=media/)).toHaveLength(1);
  });

  test("does not hand over what was done though its answers were lost", async () => {
    const {
      payloads: [payload],
    } = await submitted();
    await worker.task(payload);
    expect((await worker.task(payload, { retries: 3 })).body).toEqual({ output: payload.output, written: false });
    expect(google.published).toEqual([]);
  });

  test.each([
    [
      "a model that refuses the instances",
      /:predict/,
      { status: 400, reason: "INVALID_ARGUMENT", message: "bad shape" },
      "prediction_refused",
      "bad shape",
    ],
    ["a generation that is gone", /alt=media/, { status: 404 }, "missing_object", "has no generation"],
  ])("hands over %s at once", async (_name, pattern, fault, reason, message) => {
    const {
      payloads: [payload],
    } = await submitted();
    google.failNext(pattern, fault);
    // Without them the worker reads the input.
    expect((await worker.task({ ...payload, records: undefined })).body).toEqual({ deadLetter: reason });
    expect(google.published[0]?.attributes).toMatchObject({
      deadLetterReason: reason,
      deadLetterMessage: expect.stringContaining(message),
      deadLetterAttempts: "1",
    });
  });

  // A dedicated endpoint answers FAILED_PRECONDITION on the shared host.
  test.each(["FAILED_PRECONDITION", "OUT_OF_RANGE", "400"])("a 400 %s of the model may pass", async (reason) => {
    const {
      payloads: [payload],
    } = await submitted();
    google.failNext(/:predict/, { status: 400, reason });
    expect((await worker.task(payload)).status).toBe(500);
    expect(google.published).toEqual([]);
    expect((await worker.task(payload, { retries: 1 })).body).toMatchObject({ written: true });
  });

  test("retries when the model answers with too few predictions", async () => {
    const {
      payloads: [payload],
    } = await submitted("1\n2\n");
    google.failNext(/:predict/, { status: 200, message: "an answer without predictions" });
    expect((await worker.task(payload)).status).toBe(500);
    expect(google.log.at(-1)?.message).toContain("gave 0 predictions for 2 instances");
  });

  const good = {
    input: request.input,
    generation: "1",
    start: 0,
    end: 10,
    output: "gs://out-bucket/results/job/shard-00000.jsonl",
  };

  test.each([
    ["another input bucket", { input: "gs://other/batch.jsonl" }, "invalid_payload", "input: given"],
    ["another output bucket", { output: "gs://in-bucket/shard.jsonl" }, "invalid_payload", "output: given"],
    ["an output upwards", { output: "gs://out-bucket/../x.jsonl" }, "invalid_payload", "output: given"],
    ["a range backwards", { start: 10 }, "invalid_payload", "start before end"],
    ["a huge range", { end: 2 ** 40 }, "invalid_payload", "at most 8388608 bytes apart"],
    ["a negative start", { start: -1 }, "invalid_payload", "start: given -1"],
    ["columns for JSON lines", { columns: ["a"] }, "invalid_payload", "columns for CSV, and only for CSV"],
    ["CSV without columns", { input: "gs://in-bucket/a.csv" }, "invalid_payload", "columns for CSV, and only for CSV"],
    ["records of another length", { records: "{}" }, "invalid_payload", "records of as many bytes as"],
    ["a generation that is none", { generation: "latest" }, "invalid_payload", "generation: given"],
    ["an object that is missing", {}, "missing_object", "has no generation 1"],
  ])("hands over %s with the reason; says it to others", async (_name, change, code, message) => {
    const payload = { ...good, ...change };
    const byHand = await worker.post(payload);
    expect([byHand.status, byHand.body.error.code]).toEqual([code === "missing_object" ? 404 : 400, code]);
    expect(byHand.body.error.message).toContain(message);
    expect(google.published).toEqual([]);
    expect((await worker.task(payload)).body).toEqual({ deadLetter: code });
    expect(google.published[0]?.attributes).toMatchObject({ deadLetterReason: code });
    expect(google.buckets.uris).toEqual([]);
  });

  test.each([
    [
      "broken JSON lines",
      "gs://in-bucket/a.jsonl",
      undefined,
      '{"a":1}\n{"b"',
      "malformed_json",
      "Record 2 of the shard (4 bytes) is not JSON",
    ],
    ["broken CSV", "gs://in-bucket/a.csv", ["a"], '1\n"2', "malformed_csv", "The shard is not valid CSV"],
    [
      "CSV that is not UTF-8",
      "gs://in-bucket/a.csv",
      ["a"],
      Buffer.from("Z\u00fcrich\n", "latin1"),
      "wrong_encoding",
      "The shard is not in UTF-8: the byte at offset 1 (line 1) is 0xfc",
    ],
    [
      "a number that would become another",
      "gs://in-bucket/a.jsonl",
      undefined,
      "1\n9007199254740993\n",
      "inexact_number",
      "Record 2 of the shard holds the number 9007199254740993 at byte offset 0, which would become 9007199254740992",
    ],
    [
      "CSV of other columns",
      "gs://in-bucket/a.csv",
      ["a", "b"],
      "1\n2\n",
      "malformed_csv",
      "Record 1 of the shard has 1 fields; allowed: 2",
    ],
    [
      "more JSON lines than any shard has",
      "gs://in-bucket/a.jsonl",
      undefined,
      "1\n".repeat(10_001),
      "too_many_records",
      "The shard has more than 10000 records",
    ],
    [
      "more CSV than any shard has",
      "gs://in-bucket/a.csv",
      ["a"],
      "1\n".repeat(10_001),
      "too_many_records",
      "The shard has more than 10000 records",
    ],
  ])("hands over %s", async (_name, input, columns, content, code, message) => {
    const generation = google.buckets.put(input, content);
    await worker.task({ ...good, input, columns, generation, end: content.length });
    expect(google.published[0]?.attributes).toMatchObject({
      deadLetterReason: code,
      deadLetterMessage: expect.stringContaining(message),
    });
  });

  test.each([
    ["ends after the object", 0, 10, "has 2 bytes from 0 on; the shard says 10"],
    ["begins after the object", 5, 10, "is shorter than the range"],
  ])("hands over a range that %s", async (_name, start, end, message) => {
    const generation = google.buckets.put(good.input, "1\n");
    await worker.task({ ...good, generation, start, end });
    expect(google.published[0]?.attributes).toMatchObject({
      deadLetterReason: "bad_range",
      deadLetterMessage: expect.stringContaining(message),
    });
  });
});
