import type { Curl } from "../curl";
import type { RunningStack } from "../running-stack";
import { type Flow, type FlowResult, type FlowType, type Input, textOutput } from "./flow";

const RUN = "local-1";

/** A table goes in, steps run as tasks, a model and its accuracy come out; once started by the client, once by the schedule. */
export const taskPipeline: FlowType = {
  name: "task pipeline",
  sample: "iris.csv",
  takes: "a CSV with a header, the label in the last column",
  extensions: [".csv"],
  outputs: ["start_url", "run_bucket_name", "pipeline_steps", "client"],
  create: (running) => new TaskPipelineFlow(running),
};

class TaskPipelineFlow implements Flow {
  private readonly bucket: string;
  private readonly url: string;
  private readonly steps: readonly string[];
  private started = 0;
  private fired = 0;

  constructor(private readonly running: RunningStack) {
    this.bucket = textOutput(running, "run_bucket_name");
    this.url = textOutput(running, "start_url");
    this.steps = running.stack.outputs.pipeline_steps;
  }

  async submit({ name, content }: Input): Promise<void> {
    const client = this.running.client();
    const scheduled = this.scheduledInput();
    const ours = `inputs/${name}`;
    for (const object of new Set([ours, ...(scheduled ? [scheduled] : [])])) {
      await client.upload(this.bucket, object, content, "text/csv");
    }
    await client.json("POST", this.url, { run: RUN, parameters: this.parameters(ours) });
    this.started++;
    for (const schedule of this.running.schedules()) {
      // Its retries count as pending work.
      void this.running.fire(schedule);
      this.fired++;
    }
  }

  result(): FlowResult {
    const writes = this.running.writes(this.bucket);
    const runs = writes.flatMap((name) => /^runs\/([^/]+)\/run\.json$/.exec(name)?.[1] ?? []);
    // A run that began nowhere is lost as a whole.
    const missing = Array.from(
      { length: Math.max(0, this.started + this.fired - runs.length) },
      (_, n) => `start ${n + 1}`,
    );
    const accepted = [...runs.flatMap((run) => this.steps.map((step) => `${run}/${step}`)), ...missing];
    return {
      accepted,
      effects: writes.flatMap((name) => {
        const [, run, step] = /^runs\/([^/]+)\/steps\/([^/]+)\.json$/.exec(name) ?? [];
        return run === undefined ? [] : [`${run}/${step}`];
      }),
      deadLetters: this.running.deadLetters().flatMap(({ attributes, reason }) => {
        const task = attributes.deadLetterTask ?? "";
        const at = accepted.findIndex((key) => task.endsWith(`-${key.replace("/", "-")}`));
        if (at < 0) return [{ key: missing[0] ?? task, reason }];
        // The steps after it are never begun; they end where it does.
        const run = accepted[at]?.split("/")[0];
        const done = new Set(writes);
        return this.steps
          .filter((step) => !done.has(`runs/${run}/steps/${step}.json`))
          .map((step) => ({ key: `${run}/${step}`, reason }));
      }),
    };
  }

  commands(curl: Curl) {
    return [
      { title: "upload an input", command: curl.upload(this.bucket, "inputs/iris.csv", "samples/iris.csv") },
      { title: "start a run", command: curl.post(this.url, { parameters: this.parameters("inputs/iris.csv") }) },
      ...this.running.schedules().map((name) => ({ title: "fire the schedule now", command: curl.fire(name) })),
      { title: "list runs", command: curl.list(this.bucket, "runs/") },
    ];
  }

  private parameters(object: string): object {
    return { input: `gs://${this.bucket}/${object}` };
  }

  /** The object that the schedule's runs read. */
  private scheduledInput(): string | undefined {
    const prefix = `gs://${this.bucket}/`;
    for (const body of this.running.scheduledBodies()) {
      const found = JSON.stringify(body).match(new RegExp(`"${prefix}([^"]+)"`));
      if (found) return found[1];
    }
    return undefined;
  }

  async outputs(): Promise<Record<string, unknown>> {
    const client = this.running.client();
    const markers = (await client.list(this.bucket, `runs/${RUN}/steps/`)).map((name) =>
      client.download(this.bucket, name),
    );
    const outputs = (await Promise.all(markers)).map((marker) => Object.entries(JSON.parse(marker.toString()).outputs));
    const plain = outputs.flat().filter(([, value]) => typeof value !== "object");
    return { run: `gs://${this.bucket}/runs/${RUN}/`, ...Object.fromEntries(plain) };
  }
}
