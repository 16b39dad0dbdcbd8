import { fieldOf, keptAs, newName, type RunningStack } from "@cdktf-serverless-ml/emulator";
import type { StackIndex } from "@cdktf-serverless-ml/terraform-json";
import { measurements, upTo } from "../shared/generated";
import { linesOf, valuesOf } from "../shared/json-lines";
import { uploaders } from "../shared/members";
import { kindOf, POISON, poisonIn } from "../shared/poison";
import {
  type Input,
  type PatternScenario,
  type ScenarioResult,
  type ScenarioRun,
  textOutput,
} from "../shared/scenario";

/** One record more than the workflow allows. */
const TOO_MANY = 10_001;
/** Name of a manifest: `<object>/<generation>.json`. It is written last. */
const MANIFEST = /^(.+\/\d+)\.json$/;
/** Name of the object that is written instead of a manifest if the upload fails. */
const ERRORS = /^(.+\/\d+)\.errors\.json$/;

/** Records that failed together. */
interface FailedPart {
  readonly first: number;
  readonly last: number;
  readonly status: string;
  readonly message: string | null;
}

interface Manifest {
  readonly status: "done" | "partial";
  readonly records: number;
  readonly predicted: number;
  readonly failed: number;
  /** Each `<first>-<last>` is an object `<object>/<generation>/<first>-<last>.json`. */
  readonly parts: readonly string[];
  readonly errors: readonly FailedPart[];
}

/**
 * A file is uploaded. Its notification starts the workflow, which predicts the records and writes a
 * manifest.
 */
export const eventWorkflow: PatternScenario = {
  name: "event workflow",
  sample: "upload.jsonl",
  takes: "records, as JSON Lines",
  item: "upload",
  batch: "records of an upload",
  extensions: [".jsonl"],
  outputs: ["bucket_name", "results_bucket_name", "workflow_name", "client"],
  outputsFrom,
  create: (running) => new EventWorkflowRun(running),
  instances: valuesOf,
  /**
   * The items are files. The function refuses an empty one, and the workflow one with too many
   * records.
   */
  generate: (count) => upTo(count).map(upload),
  /** Acts on the start of an execution, which has the name of the upload. */
  poison: ({ method, path, body }) => (method === "POST" && path.endsWith("/executions") ? poisonIn(body) : undefined),
  outage: ({ method, path }) => (method === "POST" && path.endsWith("/executions") ? "INVALID_ARGUMENT" : undefined),
};

function outputsFrom(index: StackIndex) {
  const starter = index.workerWith("WORKFLOW", "UPLOAD_BUCKET");
  if (!starter) return {};
  const { WORKFLOW, UPLOAD_BUCKET } = starter.environment;
  const name = String(WORKFLOW).split("/").at(-1);
  const workflow = index.first("google_workflows_workflow", (candidate) => candidate.name === name);
  return {
    workflow_name: name,
    bucket_name: UPLOAD_BUCKET,
    results_bucket_name: workflow?.attributes.user_env_vars?.RESULTS_BUCKET,
    client: uploaders(index, UPLOAD_BUCKET)[0],
  };
}

function upload(index: number): Input {
  const kind = kindOf(index);
  const number = String(index).padStart(5, "0");
  const name = kind === "good" ? `upload-${number}.jsonl` : `${POISON[kind]}-${number}.jsonl`;
  if (kind === "refused") return { name, content: Buffer.alloc(0) };
  if (kindOf(index - 1) === "refused") {
    return { name: `${POISON.refused}-by-workflow-${number}.jsonl`, content: Buffer.from("0\n".repeat(TOO_MANY)) };
  }
  const instances = upTo(1 + (index % 3)).map((at) => measurements(index + at));
  // The model refuses this record. The others succeed.
  return { name, content: linesOf(index % 10 === 9 ? [...instances, "no flower"] : instances) };
}

class EventWorkflowRun implements ScenarioRun {
  private readonly uploads: string;
  private readonly results: string;

  constructor(private readonly running: RunningStack) {
    this.uploads = textOutput(running, "bucket_name");
    this.results = textOutput(running, "results_bucket_name");
  }

  async submit(input: Input): Promise<void> {
    await this.running.client().upload(this.uploads, input.name, input.content, "application/x-ndjson");
  }

  result(): ScenarioResult {
    const written = this.running.writtenTo(this.results);
    const manifests = matching(written, MANIFEST);
    const done = new Set(manifests.map(({ key }) => key));
    // A second execution of the same upload may succeed after the first one failed.
    const failed = matching(written, ERRORS)
      .filter(({ key }) => !done.has(key))
      .map(({ key, content }) => ({ key, reason: reasonIn(content) }));
    const forwarded = this.running
      .deadLetters()
      .map(({ attributes, reason }) => ({ key: `${attributes.objectId}/${attributes.objectGeneration}`, reason }));
    return {
      // The bucket accepted an upload even if its answer was lost.
      accepted: this.running.writtenTo(this.uploads).map(({ name, generation }) => `${name}/${generation}`),
      effects: manifests.map(({ key }) => key),
      deadLetters: [...forwarded, ...failed],
      partial: manifests.flatMap(({ key, content }) =>
        (JSON.parse(content.toString()) as Manifest).errors.map((error) => ({ key, reason: textOf(error) })),
      ),
    };
  }

  /** The uploaded object. */
  marks(key: string): string[] {
    return [key.slice(0, key.lastIndexOf("/"))];
  }

  async commands(controlUrl: string, file = "") {
    const curl = await this.running.curl({ controlUrl, email: this.running.clientEmail });
    const upload = keptAs("ANSWER", curl.upload(this.uploads, "$OBJECT", file));
    const result = curl.read(this.results, "$OBJECT/$GENERATION.json");
    return [
      { title: "upload a file", command: `${newName("OBJECT", file)} && ${upload}` },
      { title: "read its result", command: `${fieldOf("ANSWER", "generation", "GENERATION")} && ${result}` },
      { title: "list all results", command: curl.list(this.results) },
    ];
  }

  async outputs(): Promise<Record<string, unknown>> {
    const names = await this.running.client().list(this.results);
    const ids = names.flatMap((name) => MANIFEST.exec(name)?.[1] ?? []);
    const uploads = await Promise.all(
      ids.map(async (id) => ({ id, ...(await this.read<Manifest & { object: string }>(`${id}.json`)) })),
    );
    const [first] = uploads.flatMap(({ id, parts }) => parts.map((part) => `${id}/${part}.json`));
    return {
      manifests: ids.map((id) => `gs://${this.results}/${id}.json`),
      uploads: uploads.map(({ object, status, records, predicted, failed }) => ({
        object,
        status,
        records,
        predicted,
        failed,
      })),
      first: first === undefined ? [] : (await this.read<{ predictions: unknown[] }>(first)).predictions.slice(0, 3),
    };
  }

  private async read<T>(name: string): Promise<T> {
    return JSON.parse((await this.running.client().download(this.results, name)).toString());
  }
}

/** Objects whose names match, with the first group as their key. */
function matching<T extends { name: string }>(objects: readonly T[], pattern: RegExp): (T & { key: string })[] {
  return objects.flatMap((object) => {
    const key = pattern.exec(object.name)?.[1];
    return key === undefined ? [] : [{ ...object, key }];
  });
}

/** The reason in an errors object. */
function reasonIn(content: Buffer): string {
  const {
    status,
    message,
    errors = [],
  } = JSON.parse(content.toString()) as {
    status: "unreadable" | "refused";
    message?: string;
    errors?: FailedPart[];
  };
  return status === "unreadable" ? `the upload cannot be read: ${message}` : errors.map(textOf).join("; ");
}

function textOf({ first, last, status, message }: FailedPart): string {
  const records = first === last ? `record ${first}` : `records ${first} to ${last}`;
  return `${records}: ${[status, message].filter(Boolean).join(", ")}`;
}
