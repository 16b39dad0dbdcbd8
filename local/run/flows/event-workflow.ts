import { fieldOf, keptAs, newName } from "../curl";
import type { RunningStack } from "../running-stack";
import { type Flow, type FlowResult, type FlowType, type Input, jsonLines, textOutput, valuesOf } from "./flow";
import { linesOf, measurements, upTo } from "./generated";
import { kindOf, POISON, poisonIn } from "./poison";

/** One more than the workflow takes. */
const TOO_MANY = 20_001;
/** Suffix of the object that says what went wrong. */
const ERRORS = ".errors.json";

/** A file is uploaded, its notification starts the workflow, which predicts and writes one results object. */
export const eventWorkflow: FlowType = {
  name: "event workflow",
  sample: "upload.jsonl",
  takes: "instances, as JSON Lines",
  extensions: [".jsonl"],
  outputs: ["bucket_name", "results_bucket_name", "workflow_name", "client"],
  create: (running) => new EventWorkflowFlow(running),
  instances: valuesOf,
  /** One file an item. The function refuses an empty one; the workflow, once more, one of too many instances. */
  generate: (count) => upTo(count).map(upload),
  /** Where an execution is started for an upload, whose name says what it is. */
  poison: ({ method, path, body }) => (method === "POST" && path.endsWith("/executions") ? poisonIn(body) : undefined),
};

function upload(index: number): Input {
  const kind = kindOf(index);
  const number = String(index).padStart(5, "0");
  const name = kind === "good" ? `upload-${number}.jsonl` : `${POISON[kind]}-${number}.jsonl`;
  if (kind === "refused") return { name, content: Buffer.alloc(0) };
  if (kindOf(index - 1) === "refused") {
    return { name: `${POISON.refused}-by-workflow-${number}.jsonl`, content: Buffer.from("0\n".repeat(TOO_MANY)) };
  }
  const instances = upTo(1 + (index % 3)).map((at) => measurements(index + at));
  // What the model does not take is an error in the results, which there are all the same.
  return { name, content: linesOf(index % 10 === 9 ? [...instances, "no flower"] : instances) };
}

class EventWorkflowFlow implements Flow {
  private readonly uploads: string;
  private readonly results: string;

  constructor(private readonly running: RunningStack) {
    this.uploads = textOutput(running, "bucket_name");
    this.results = textOutput(running, "results_bucket_name");
  }

  async submit(input: Input): Promise<void> {
    if (input.content.length > 0) jsonLines(input);
    await this.running.client().upload(this.uploads, input.name, input.content, "application/x-ndjson");
  }

  result(): FlowResult {
    const written = this.running.writtenTo(this.results);
    const effects = written.filter(({ name }) => !name.endsWith(ERRORS)).map(({ name }) => name.replace(/\.json$/, ""));
    const done = new Set(effects);
    // Errors beside results are those of some chunks; alone they say why there are no results.
    const failed = written
      .filter(({ name }) => name.endsWith(ERRORS))
      .map(({ name, content }) => ({ key: name.slice(0, -ERRORS.length), reason: reasonIn(content) }))
      .filter(({ key }) => !done.has(key));
    const handedOver = this.running
      .deadLetters()
      .map(({ attributes, reason }) => ({ key: `${attributes.objectId}/${attributes.objectGeneration}`, reason }));
    return {
      // The bucket has taken on uploads also where no answer came.
      accepted: this.running.writtenTo(this.uploads).map(({ name, generation }) => `${name}/${generation}`),
      effects,
      deadLetters: [...handedOver, ...failed],
    };
  }

  /** The object. */
  marks(key: string): string[] {
    return [key.slice(0, key.lastIndexOf("/"))];
  }

  async commands(operator: string, file = "") {
    const curl = await this.running.curl({ operator, email: this.running.clientEmail });
    const upload = keptAs("ANSWER", curl.upload(this.uploads, "$OBJECT", file));
    const result = curl.read(this.results, "$OBJECT/$GENERATION.json");
    return [
      { title: "upload a file", command: `${newName("OBJECT", file)} && ${upload}` },
      { title: "read its result", command: `${fieldOf("ANSWER", "generation", "GENERATION")} && ${result}` },
      { title: "list all results", command: curl.list(this.results) },
    ];
  }

  async outputs(): Promise<Record<string, unknown>> {
    const client = this.running.client();
    const names = await client.list(this.results);
    const results = await Promise.all(
      names.map(async (name) => JSON.parse((await client.download(this.results, name)).toString())),
    );
    return {
      results: names.map((name) => `gs://${this.results}/${name}`),
      workflow: results.map(({ chunks, ...summary }) => summary),
      first: results
        .flatMap(({ chunks = [] }) => chunks.flatMap((chunk: { predictions: unknown[] }) => chunk.predictions))
        .slice(0, 3),
    };
  }
}

/** Of an errors object that the workflow wrote. */
function reasonIn(content: Buffer): string {
  const { errors } = JSON.parse(content.toString()) as { errors: { reason?: string; message?: string }[] };
  return errors.map(({ reason, message }) => [reason, message].filter(Boolean).join(": ")).join("; ");
}
