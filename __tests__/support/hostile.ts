import * as fc from "fast-check";

/** Stands in generated payloads for what must never reach a log. */
export const SECRET = "s3cr3t payload";

const nasty = fc.constantFrom(
  "../../x",
  "gs://in-bucket/a.jsonl",
  "gs://in-bucket/../a.csv",
  "gs://out-bucket/x/shard.jsonl",
  "gs://run-bucket/inputs/a.csv",
  "gs://other/a.csv",
  "%2e%2e%2f",
  "\u0000",
  "\ud800",
  "__proto__",
  "1e999",
  "9".repeat(30),
  "r1",
  "train",
  SECRET,
  "",
);

const key = fc.constantFrom(
  ...["input", "output", "batchSize", "generation", "start", "end", "columns", "run", "step", "parameters"],
  ...["scheduleTime", "instances", "bucket", "name", "size", "contentType", "message", "subscription", "data"],
  ...["__proto__", "constructor", "toString", "hasOwnProperty"],
);

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.oneof(nasty, fc.string({ unit: "binary" }), fc.integer(), fc.double(), fc.boolean(), fc.constant(null)),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.oneof(key, fc.string()), tie("value"), { maxKeys: 6 }),
  ),
}));

const json = fc.oneof(fc.dictionary(key, value, { maxKeys: 8 }), value).map((any) => JSON.stringify(any) ?? "null");
const deep = fc.integer({ min: 1, max: 3000 }).map((n) => `{"parameters":{"x":${"[".repeat(n)}${"]".repeat(n)}}}`);

/** Bodies: mostly JSON of almost the right kind, some malformed, some deep, some no text at all. */
export const hostileBody: fc.Arbitrary<string | Uint8Array> = fc.oneof(
  { weight: 8, arbitrary: json },
  {
    weight: 1,
    arbitrary: fc.oneof(
      deep,
      json.map((text) => text.slice(0, -1)),
    ),
  },
  { weight: 1, arbitrary: fc.oneof(fc.string({ unit: "binary" }), fc.uint8Array()) },
);

const header = fc.oneof(
  fc.constantFrom("0", "1", "99", "-1", "task-1", "my-queue", "a/b"),
  fc.stringMatching(/^[!-~]{1,20}$/),
);

/** Headers of Cloud Tasks, forged. */
export const forgedHeaders = fc.dictionary(
  fc.constantFrom("X-CloudTasks-QueueName", "X-CloudTasks-TaskName", "X-CloudTasks-TaskRetryCount", "traceparent"),
  header,
);

/** Attributes of a message, some like those of Cloud Storage's notifications. */
export const hostileAttributes = fc.dictionary(
  fc.constantFrom("eventType", "payloadFormat", "bucketId", "objectId", "objectGeneration", "modality"),
  fc.oneof(nasty, fc.constantFrom("OBJECT_FINALIZE", "JSON_API_V1", "uploads"), fc.string()),
);
