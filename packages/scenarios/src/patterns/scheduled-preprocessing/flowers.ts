import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Client, Job, RunningStack } from "@cdktf-serverless-ml/emulator";
import { parseGsUri } from "../../shared/gs-uri";
import { DEFAULT_JOB, inputOf, jobsOf, launcherOf, scheduleOf } from "./launcher-jobs";

/** The Iris data with one spoilt row. */
const SAMPLE = join(__dirname, "../../../../../samples/flowers.csv");
/** Lines of results that are shown. */
const SHOWN = 2;

/** A job that reads tables: a Beam YAML pipeline with the variables `input` and `label`. */
export class FlowersJob {
  private constructor(
    private readonly running: RunningStack,
    readonly name: string,
    /** Name of the schedule. */
    readonly schedule: string,
    /** `gs://…` pattern of the tables. */
    readonly input: string,
  ) {}

  /** The first one of a stack, if it has a client that uploads tables. @param queue name */
  static of(running: RunningStack, queue: string): FlowersJob | undefined {
    const { index, stack } = running;
    for (const [name, job] of Object.entries(jobsOf(launcherOf(index)))) {
      const input = inputOf(job);
      const schedule = scheduleOf(index, queue, name);
      const reads = name !== DEFAULT_JOB && job.variables?.label !== undefined && input?.endsWith("*.csv");
      if (reads && input && typeof schedule === "string" && stack.outputs.client) {
        return new FlowersJob(running, name, schedule, input);
      }
    }
    return undefined;
  }

  /** Uploads a table as the stack's client. @returns its `gs://…` */
  async upload(name = "iris.csv", content: Buffer = readFileSync(SAMPLE)): Promise<string> {
    const table = parseGsUri(this.input.replace(/\*\.csv$/, () => name));
    await this.running.client().upload(table.bucket, table.name, content, "text/csv");
    return `gs://${table.bucket}/${table.name}`;
  }

  /** What the summary shows of a job of a pipeline, read as the stack's client. */
  async outputs(job: Job): Promise<Readonly<Record<string, unknown>>> {
    if (job.state !== "JOB_STATE_DONE") return { flowers: job.failure ?? job.state };
    const client = this.running.client();
    const statistics = JSON.parse((await this.text(client, job, "statistics.json"))[0] ?? "{}");
    const [train, test, rejects] = await Promise.all(
      ["train", "test", "rejects"].map((part) => this.text(client, job, `${part}-`)),
    );
    const shown = (texts: readonly string[] = []) => texts.join("").split("\n").filter(Boolean).slice(0, SHOWN);
    return {
      flowers: job.launch.name,
      metrics: Object.fromEntries(job.metrics.map(({ name, value }) => [name, value])),
      statistics,
      train: shown(train),
      test: shown(test),
      rejects: shown(rejects),
    };
  }

  /** The objects of a job whose names begin so, below its folder. */
  private text(client: Client, job: Job, prefix: string): Promise<string[]> {
    const found = job.outputs.filter((uri) => uri.split("/").at(-1)?.startsWith(prefix));
    return Promise.all(
      found.map(async (uri) => {
        const { bucket, name } = parseGsUri(uri);
        return (await client.download(bucket, name)).toString();
      }),
    );
  }
}
