import { fieldOf, keptAs, newName, type RunningStack } from "@cdktf-serverless-ml/emulator";
import type { StackIndex } from "@cdktf-serverless-ml/terraform-json";
import { parse } from "csv-parse/sync";
import { measurements, upTo } from "../shared/generated";
import { linesOf, valuesOf } from "../shared/json-lines";
import { invokers, uploaders } from "../shared/members";
import { kindOf, POISON, poisonIn } from "../shared/poison";
import { firstTaskName } from "../shared/redrive";
import {
  type Input,
  type PatternScenario,
  type ScenarioResult,
  type ScenarioRun,
  textOutput,
} from "../shared/scenario";

/** Records of a shard. Small, so that the sample is several tasks. */
const BATCH_SIZE = 10;
/**
 * Shards of a generated file. An interrupted submission starts again, so a large one would never
 * end under faults.
 */
const FILE_SHARDS = 10;
/**
 * Characters that make a shard too large for its task, which then has a range of bytes instead of
 * the records.
 */
const TOO_LARGE = 24 * 1024;
/** Index of the poison record in a shard. */
const POISONED = 4;
const FOLDER = "results";

interface Submitted {
  readonly job: string;
  readonly shards: number;
  readonly output: string;
}

/**
 * A file of records is uploaded and submitted. Each shard is a task, whose predictions are one
 * object.
 */
export const asyncBatch: PatternScenario = {
  name: "async batch",
  sample: "batch.jsonl",
  takes: "records, as JSON Lines or as CSV with a header",
  item: "shard",
  batch: "batchSize of a submission",
  extensions: [".jsonl", ".csv"],
  outputs: ["submitter_url", "input_bucket_name", "output_bucket_name", "client"],
  outputsFrom,
  create: (running) => new AsyncBatchRun(running),
  instances: (input) => (input.name.endsWith(".csv") ? rowsOf(input) : valuesOf(input)),
  /** The items are shards, several to a file. */
  generate: (count) =>
    upTo(Math.ceil(count / FILE_SHARDS)).map((file) => {
      const shards = upTo(count).slice(file * FILE_SHARDS, (file + 1) * FILE_SHARDS);
      return { name: `generated-${file}.jsonl`, content: Buffer.concat(shards.map(shard)) };
    }),
  /** Acts on the prediction of a shard. */
  poison: ({ path, body }) => (path.endsWith(":predict") ? poisonIn(body) : undefined),
  outage: ({ path }) => (path.endsWith(":predict") ? "INVALID_ARGUMENT" : undefined),
};

function outputsFrom(index: StackIndex) {
  const submitter = index.workerWith("INPUT_BUCKET", "OUTPUT_BUCKET", "QUEUE", "DISPATCH_DEADLINE_SECONDS");
  if (!submitter) return {};
  const { INPUT_BUCKET, OUTPUT_BUCKET } = submitter.environment;
  const mayUpload = uploaders(index, INPUT_BUCKET);
  return {
    submitter_url: submitter.uri,
    input_bucket_name: INPUT_BUCKET,
    output_bucket_name: OUTPUT_BUCKET,
    client: invokers(index, submitter).find((member) => mayUpload.includes(member)),
  };
}

/**
 * Rows of a CSV, with numbers as numbers. None for a malformed CSV, which the submitter reports.
 */
function rowsOf({ content }: Input): unknown[] {
  const cast = (text: string) => (text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text);
  try {
    return parse(content, { bom: true, columns: true, cast });
  } catch {
    return [];
  }
}

/**
 * Lines of one shard. The model refuses text, so poison of kind `refused` needs nothing else.
 * Blanks around a record mean nothing.
 */
function shard(index: number): Buffer {
  const kind = kindOf(index);
  const records = upTo(BATCH_SIZE).map((at) =>
    kind !== "good" && at === POISONED ? POISON[kind] : measurements(index * BATCH_SIZE + at),
  );
  return Buffer.concat([Buffer.from(" ".repeat(index % 3 === 1 ? TOO_LARGE : 0)), linesOf(records)]);
}

class AsyncBatchRun implements ScenarioRun {
  private readonly submitted: Submitted[] = [];
  private readonly input: string;
  private readonly output: string;
  private readonly url: string;

  constructor(private readonly running: RunningStack) {
    this.input = textOutput(running, "input_bucket_name");
    this.output = textOutput(running, "output_bucket_name");
    this.url = textOutput(running, "submitter_url");
  }

  async submit({ name, content }: Input): Promise<void> {
    const client = this.running.client();
    const contentType = name.endsWith(".csv") ? "text/csv" : "application/x-ndjson";
    await client.upload(this.input, name, content, contentType);
    this.submitted.push(await client.json<Submitted>("POST", this.url, this.request(name)));
  }

  result(): ScenarioResult {
    const answered = this.submitted.flatMap(({ job, shards }) => upTo(shards).map((index) => `${job}-${index}`));
    return {
      // The queue accepted the tasks of a submission even if its answer was lost.
      accepted: [...new Set([...answered, ...this.running.createdTasks.map(({ id }) => firstTaskName(id))])],
      effects: this.running.writes(this.output).flatMap((name) => {
        const [, job, shard] = /^results\/([^/]+)\/shard-(\d+)\.jsonl$/.exec(name) ?? [];
        return job === undefined ? [] : [`${job}-${Number(shard)}`];
      }),
      deadLetters: this.running
        .deadLetters()
        .map(({ attributes, reason }) => ({ key: attributes.deadLetterTask ?? "unknown", reason })),
    };
  }

  /** The task and the object that it writes. */
  marks(key: string): string[] {
    const [, job, shard = ""] = /^(.*)-(\d+)$/.exec(key) ?? [];
    return [key, `${FOLDER}/${job}/shard-${shard.padStart(5, "0")}.jsonl`];
  }

  async commands(controlUrl: string, file = "") {
    const curl = await this.running.curl({ controlUrl, email: this.running.clientEmail });
    const submit = curl.post(this.url, this.request("$OBJECT"), ["OBJECT"]);
    const result = curl.read(this.output, `${FOLDER}/$JOB/shard-00000.jsonl`);
    return [
      {
        title: "upload an input",
        command: `${newName("OBJECT", file)} && ${curl.upload(this.input, "$OBJECT", file)}`,
      },
      { title: "submit it as a batch", command: keptAs("ANSWER", submit) },
      { title: "read the first shard of its result", command: `${fieldOf("ANSWER", "job", "JOB")} && ${result}` },
      { title: "list all results", command: curl.list(this.output) },
    ];
  }

  private request(name: string): object {
    return { input: `gs://${this.input}/${name}`, output: `gs://${this.output}/${FOLDER}`, batchSize: BATCH_SIZE };
  }

  async outputs(): Promise<Record<string, unknown>> {
    const client = this.running.client();
    const files = (await client.list(this.output, `${FOLDER}/`)).filter((name) => name.endsWith(".jsonl"));
    const contents = await Promise.all(files.map((name) => client.download(this.output, name)));
    const lines = contents.flatMap((content) => content.toString().trimEnd().split("\n"));
    return {
      predictions: this.submitted.map(({ output }) => output),
      files: files.length,
      records: lines.length,
      first: lines.slice(0, 3).map((line) => JSON.parse(line)),
    };
  }
}
