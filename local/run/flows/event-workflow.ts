import type { Curl } from "../curl";
import type { RunningStack } from "../running-stack";
import { type Flow, type FlowResult, type FlowType, type Input, jsonLines, textOutput } from "./flow";

/** A file is uploaded, its notification starts the workflow, which predicts and writes one results object. */
export const eventWorkflow: FlowType = {
  name: "event workflow",
  sample: "upload.jsonl",
  takes: "instances, as JSON Lines",
  extensions: [".jsonl"],
  outputs: ["bucket_name", "results_bucket_name", "workflow_name", "client"],
  create: (running) => new EventWorkflowFlow(running),
};

class EventWorkflowFlow implements Flow {
  private readonly accepted: string[] = [];
  private readonly uploads: string;
  private readonly results: string;

  constructor(private readonly running: RunningStack) {
    this.uploads = textOutput(running, "bucket_name");
    this.results = textOutput(running, "results_bucket_name");
  }

  async submit(input: Input): Promise<void> {
    jsonLines(input);
    const { generation } = await this.running
      .client()
      .upload(this.uploads, input.name, input.content, "application/x-ndjson");
    this.accepted.push(`${input.name}/${generation}`);
  }

  result(): FlowResult {
    return {
      accepted: this.accepted,
      effects: this.running
        .writes(this.results)
        .filter((name) => !name.endsWith(".errors.json"))
        .map((name) => name.replace(/\.json$/, "")),
      deadLetters: this.running
        .deadLetters()
        .map(({ attributes, reason }) => ({ key: `${attributes.objectId}/${attributes.objectGeneration}`, reason })),
    };
  }

  commands(curl: Curl) {
    return [
      { title: "upload a file", command: curl.upload(this.uploads, "upload.jsonl", "samples/upload.jsonl") },
      { title: "list results", command: curl.list(this.results) },
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
