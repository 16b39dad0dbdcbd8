import { environments } from "./environments";
import type { FakeGoogle } from "./fake-google";

export type Folder = keyof typeof environments;

/** Something that the function is there for. */
export interface Delivery {
  /** The task's or message's. */
  readonly id: string;
  readonly payload: unknown;
  /** Of a message. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** A function as whoever attacks it sees it. */
export interface Target {
  readonly calledBy: "client" | "task" | "message";
  /**
   * All that it may ever ask of Google's APIs, as `METHOD host/path?query`: its configured
   * resources and nothing else.
   */
  readonly mayAsk: RegExp;
  /**
   * Puts there what the deliveries need.
   * @param there.runs what `finishedRuns` left
   * @param there.upload what becomes of a file that a client uploads
   * @returns valid deliveries, whose effects have nothing to do with each other
   */
  prepare(google: FakeGoogle, there: There): Delivery[];
}

export interface There {
  readonly runs: Readonly<Record<string, string>>;
  readonly upload: (file: string) => string | Buffer;
}

const reads = (bucket: string) => `GET storage.googleapis.com/storage/v1/b/${bucket}/o/[^/?]+\\?\\S*`;
const lists = (bucket: string, folder: string) =>
  `GET storage.googleapis.com/storage/v1/b/${bucket}/o\\?prefix=${folder}[^&]+&\\S*`;
const creates = (bucket: string, folder = "") =>
  `POST storage.googleapis.com/upload/storage/v1/b/${bucket}/o\\?uploadType=media&ifGenerationMatch=0&name=${folder}[^&]+`;
const enqueues = (queue: string) => `POST cloudtasks.googleapis.com/v2/${queue}/tasks`;
const publishes = (topic: string) => `POST pubsub.googleapis.com/v1/${topic}:publish`;
const asks = (...allowed: string[]) => new RegExp(`^(${allowed.join("|")})$`);

/** The job that `pipeline-job` runs. */
const TRAINING = "projects/my-project/locations/us-central1/jobs/train";
const dead = publishes("projects/my-project/topics/dead");
const LINES = Array.from({ length: 6 }, (_, i) => `{"n":${i}}\n`).join("");
const TABLE = "a,b\n1,2\n3,4\n5,6\n";
const RUNS = ["r1", "r2"];

/** Names of the runs that `prepare` wants finished. */
export const FINISHED_RUNS = RUNS;

function step(name: string, before: readonly string[]): Target {
  const needed = new RegExp(`/(inputs/|run\\.json$|(steps/)?(${before.join("|") || "none"})[/.])`);
  return {
    calledBy: "task",
    mayAsk: asks(
      reads("run-bucket"),
      lists("run-bucket", "runs%2F"),
      creates("run-bucket", "runs%2F"),
      enqueues(environments["pipeline-train"].QUEUE),
      dead,
    ),
    prepare: ({ buckets }, { runs, upload }) => {
      for (const [uri, text] of Object.entries(runs)) {
        if (needed.test(uri)) buckets.put(uri, uri.includes("/inputs/") ? upload(text) : text);
      }
      const deliveries = RUNS.map((run) => ({ id: `${run}-${name}`, payload: { run, step: name } }));
      if (name !== "train") return deliveries;
      putElements(buckets);
      return [...deliveries, { id: "e-train-1", payload: { run: "e", step: name, index: 1 } }];
    },
  };
}

/** Run `e`: as the first run, but its training runs once for each of two elements. */
function putElements(buckets: FakeGoogle["buckets"]): void {
  const [first = ""] = RUNS;
  for (const [uri, text] of Object.entries(buckets.texts)) {
    if (!uri.includes(`/runs/${first}/`)) continue;
    const copy = text.replaceAll(`/runs/${first}/`, "/runs/e/").replace(`"run": "${first}"`, '"run": "e"');
    buckets.put(
      uri.replace(`/runs/${first}/`, "/runs/e/"),
      copy.replace('"name": "train",', '"name": "train", "forEach": "train",'),
    );
  }
  buckets.put("gs://run-bucket/runs/e/steps/train/elements/000.json", '{"count":2,"elements":[1,2]}');
}

function notification(object: object): Delivery {
  const { bucket, name, generation } = object as Record<string, string>;
  return {
    id: `m-${generation}`,
    payload: { kind: "storage#object", contentType: "application/json", ...object },
    attributes: {
      eventType: "OBJECT_FINALIZE",
      payloadFormat: "JSON_API_V1",
      bucketId: String(bucket),
      objectId: String(name),
      objectGeneration: String(generation),
    },
  };
}

export const targets: Record<Folder, Target> = {
  "batch-submitter": {
    calledBy: "client",
    mayAsk: asks(reads("in-bucket"), enqueues(environments["batch-submitter"].QUEUE)),
    prepare: ({ buckets }, { upload }) => {
      buckets.put("gs://in-bucket/a.jsonl", upload(LINES));
      buckets.put("gs://in-bucket/a.csv", upload(TABLE));
      return [
        { id: "a", payload: { input: "gs://in-bucket/a.jsonl", output: "gs://out-bucket/x", batchSize: 2 } },
        { id: "b", payload: { input: "gs://in-bucket/a.csv", output: "gs://out-bucket/y/z" } },
      ];
    },
  },
  "batch-worker": {
    calledBy: "task",
    mayAsk: asks(
      reads("in-bucket"),
      reads("out-bucket"),
      creates("out-bucket"),
      `POST us-central1-aiplatform.googleapis.com/v1/${environments["batch-worker"].VERTEX_ENDPOINT}:predict`,
      dead,
    ),
    prepare: ({ buckets }, { upload }) => {
      const lines = {
        input: "gs://in-bucket/a.jsonl",
        generation: buckets.put("gs://in-bucket/a.jsonl", upload(LINES)),
      };
      const table = { input: "gs://in-bucket/a.csv", generation: buckets.put("gs://in-bucket/a.csv", upload(TABLE)) };
      return [
        { id: "j-0", payload: { ...lines, start: 0, end: 16, output: "gs://out-bucket/j/shard-00000.jsonl" } },
        { id: "j-1", payload: { ...lines, start: 16, end: 48, output: "gs://out-bucket/j/shard-00001.jsonl" } },
        {
          id: "k-0",
          payload: { ...table, start: 4, end: 16, columns: ["a", "b"], output: "gs://out-bucket/k/shard-00000.jsonl" },
        },
      ];
    },
  },
  "pipeline-start": {
    calledBy: "task",
    mayAsk: asks(
      reads("run-bucket"),
      lists("run-bucket", "runs%2F"),
      creates("run-bucket", "runs%2F"),
      enqueues(environments["pipeline-start"].QUEUE),
      dead,
    ),
    prepare: ({ buckets }) => {
      const run = { run: "f", steps: JSON.parse(environments["pipeline-start"].STEPS), parameters: {} };
      buckets.put("gs://run-bucket/runs/f/run.json", JSON.stringify(run));
      const failure = { code: "invalid_rows", message: "The CSV holds 1 class", task: "t" };
      buckets.put("gs://run-bucket/runs/f/steps/preprocess.failed.0.json", JSON.stringify(failure));
      return [
        {
          id: "t-1",
          payload: { run: "a", parameters: { input: "gs://run-bucket/inputs/a.csv", seed: 1, weights: [0.5] } },
        },
        { id: "t-2", payload: {} },
        { id: "t-3", payload: { run: "b", parameters: {}, scheduleTime: "2026-03-01T08:09:10Z" } },
        { id: "t-4", payload: { run: "f", resume: true } },
      ];
    },
  },
  "pipeline-preprocess": step("preprocess", []),
  "pipeline-train": step("train", ["preprocess"]),
  "pipeline-infer": step("infer", ["preprocess", "train"]),
  "pipeline-job": {
    ...step("infer", ["preprocess", "train"]),
    mayAsk: asks(
      reads("run-bucket"),
      lists("run-bucket", "runs%2F"),
      creates("run-bucket", "runs%2F"),
      enqueues(environments["pipeline-job"].QUEUE),
      `POST run.googleapis.com/v2/${TRAINING}:run`,
      `GET run.googleapis.com/v2/${TRAINING}/executions(\\?\\S*|/\\S+)`,
      dead,
    ),
  },
  "start-workflow": {
    calledBy: "message",
    mayAsk: asks(
      `POST workflowexecutions.googleapis.com/v1/${environments["start-workflow"].WORKFLOW}/executions`,
      dead,
    ),
    prepare: () => [
      notification({ bucket: "uploads", name: "in/a.json", generation: "1700000000000001", size: "640" }),
      notification({ bucket: "uploads", name: "in/b.json", generation: "1700000000000002", size: "12" }),
    ],
  },
  "message-predictor": {
    calledBy: "message",
    mayAsk: asks(
      reads("results"),
      creates("results", "text%2F"),
      `POST europe-west4-aiplatform.googleapis.com/v1/${environments["message-predictor"].VERTEX_ENDPOINT}:predict`,
      dead,
    ),
    prepare: () => [
      {
        id: "1001",
        payload: { instances: [{ text: "one" }, [2]], parameters: { k: 1 } },
        attributes: { modality: "text" },
      },
      { id: "1002", payload: { instances: ["three"] } },
    ],
  },
  "message-audit": {
    calledBy: "message",
    mayAsk: asks(reads("results"), creates("results", "audit%2F\\d{4}%2F\\d\\d%2F\\d\\d%2F"), dead),
    prepare: () => [
      { id: "1001", payload: { any: "thing" }, attributes: { modality: "text" } },
      { id: "1002", payload: ["else"] },
    ],
  },
  "dataflow-launcher": {
    calledBy: "task",
    mayAsk: asks(
      "GET dataflow.googleapis.com/v1b3/projects/my-project/locations/us-central1/jobs\\?\\S*",
      "POST dataflow.googleapis.com/v1b3/projects/my-project/locations/us-central1/templates:launch\\?gcsPath=gs%3A%2F%2Fdataflow-templates%2Flatest%2FWord_Count",
      dead,
    ),
    prepare: () => [
      { id: "tick-1", payload: {} },
      { id: "tick-2", payload: { parameters: { inputFile: "gs://samples/hamlet.txt" } } },
    ],
  },
  "dead-letter-redrive": {
    calledBy: "client",
    mayAsk: asks(
      ...["shards", "steps", "texts"].map(
        (name) =>
          `POST pubsub.googleapis.com/v1/projects/my-project/subscriptions/kept-${name}:(pull|acknowledge|modifyAckDeadline)`,
      ),
      enqueues("projects/my-project/locations/us-central1/queues/(batch|pipeline)"),
    ),
    prepare: ({ subscriptions }) => {
      const task = (queue: string, deadLetterService: string, deadLetterTask: string) => ({
        id: `${queue}-1`,
        data: Buffer.from("{}"),
        attributes: { deadLetterSource: "cloudtasks", deadLetterQueue: queue, deadLetterService, deadLetterTask },
      });
      subscriptions.keep("projects/my-project/subscriptions/kept-shards", task("batch", "batch-worker", "j-1"));
      subscriptions.keep("projects/my-project/subscriptions/kept-steps", task("pipeline", "train", "r-train"));
      return [
        { id: "a", payload: { source: "kept-shards", reason: "none", max: 5, perSecond: 500 } },
        { id: "b", payload: { source: "kept-steps" } },
      ];
    },
  },
};
