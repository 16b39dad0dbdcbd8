import type { Job } from "../../dataflow";
import type { Client } from "../client";
import type { Curl } from "../curl";
import type { RunningStack } from "../running-stack";
import { type Flow, type FlowResult, type FlowType, type Input, InputError, textOutput } from "./flow";

/** Words shown, the most frequent first. */
const SHOWN = 8;

/**
 * The schedule fires, its task reaches the launcher, the launcher starts a job, and the job counts words. A text of the user's
 * is put where the job's workers may read it, and a task like the schedule's names it.
 */
export const scheduledPreprocessing: FlowType = {
  name: "scheduled preprocessing",
  takes: "a text whose words are counted",
  extensions: [".txt"],
  outputs: ["schedule_name", "task_queue_name", "launcher_url", "output_bucket_name"],
  create: (running) => new ScheduledPreprocessingFlow(running),
};

class ScheduledPreprocessingFlow implements Flow {
  private readonly schedule: string;
  private readonly bucket: string;
  private fired = 0;

  constructor(private readonly running: RunningStack) {
    this.schedule = textOutput(running, "schedule_name");
    this.bucket = textOutput(running, "output_bucket_name");
  }

  async submit(input: Input): Promise<void> {
    if (input.name !== "") await this.launchOn(input);
    // Its retries count as pending work.
    else void this.running.fire(this.schedule);
    this.fired++;
  }

  result(): FlowResult {
    const fired = Array.from({ length: this.fired }, (_, index) => `task ${index + 1}`);
    const deployed = this.running
      .named("google_dataflow_job")
      .map(({ attributes }) => `deployed job ${attributes.name}`);
    // A job is named after its task, so that one of the same name is the same task's.
    const names = [...new Set(this.launched().map(({ launch }) => launch.name))];
    const keyOf = (job: Job) =>
      this.isDeployed(job) ? `deployed job ${job.launch.name}` : `task ${names.indexOf(job.launch.name) + 1}`;
    const done = this.jobs.filter(({ state }) => state === "JOB_STATE_DONE").map(keyOf);
    const undone = fired.filter((key) => !done.includes(key));
    return {
      accepted: [...deployed, ...fired],
      effects: done,
      deadLetters: this.running.deadLetters().map(({ attributes, reason }, index) => ({
        key: undone[index] ?? `task ${attributes.deadLetterTask}`,
        reason,
      })),
    };
  }

  async outputs() {
    const [job] = this.launched().filter(({ state }) => state === "JOB_STATE_DONE");
    if (!job) return {};
    const client = this.running.client(job.worker);
    const lines = await Promise.all(job.outputs.map((uri) => this.lines(client, uri)));
    const counts = lines.flat().map((line) => ({ line, count: Number(line.split(": ").at(-1)) }));
    const most = counts.sort((a, b) => b.count - a.count).slice(0, SHOWN);
    return { job: job.launch.name, outputs: job.outputs, words: counts.length, most: most.map(({ line }) => line) };
  }

  commands(curl: Curl) {
    return [{ title: "fire the schedule now", command: curl.fire(this.schedule) }];
  }

  private get jobs(): readonly Job[] {
    return this.running.parts.standIns.dataflow.jobs;
  }

  private launched(): Job[] {
    return this.jobs.filter((job) => !this.isDeployed(job));
  }

  private isDeployed({ launch }: Job): boolean {
    return this.running.named("google_dataflow_job").some(({ attributes }) => attributes.name === launch.name);
  }

  private async lines(client: Client, uri: string): Promise<string[]> {
    const [, bucket = "", name = ""] = /^gs:\/\/([^/]+)\/(.+)$/.exec(uri) ?? [];
    return (await client.download(bucket, name)).toString().trimEnd().split("\n");
  }

  /** As the workers, who may write to the bucket; then as whoever the schedule calls as. */
  private async launchOn({ name, content }: Input): Promise<void> {
    const [schedule] = this.running
      .named("google_cloud_scheduler_job")
      .filter(({ attributes }) => attributes.name === this.schedule);
    const worker = this.running
      .named("google_cloudfunctions2_function")
      .map(({ attributes }) => attributes.service_config.environment_variables?.LAUNCH)
      .flatMap((launch) => (launch === undefined ? [] : [JSON.parse(launch).environment?.serviceAccountEmail]))[0];
    const target = schedule?.attributes.http_target;
    if (!worker || !target) throw new InputError(`${name}: the stack does not say who may read it`);
    await this.running.client(worker).upload(this.bucket, `input/${name}`, content, "text/plain");
    const parameters = { inputFile: `gs://${this.bucket}/input/${name}` };
    const { task } = JSON.parse(Buffer.from(target.body, "base64").toString());
    task.httpRequest.body = Buffer.from(JSON.stringify({ parameters })).toString("base64");
    await this.running.client(target.oauth_token.service_account_email).json("POST", target.uri, { task });
  }
}
