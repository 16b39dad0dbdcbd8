import { type Client, cloudDataflow, firstName, type Job, type RunningStack } from "@cdktf-serverless-ml/emulator";
import { block, type StackIndex } from "@cdktf-serverless-ml/terraform-json";
import { upTo } from "../shared/generated";
import { kindOf, POISON, poisonIn } from "../shared/poison";
import { isRedriven } from "../shared/redrive";
import {
  type Input,
  InputError,
  type PatternScenario,
  type ScenarioResult,
  type ScenarioRun,
  textOutput,
} from "../shared/scenario";
import { createTaskLike } from "../shared/schedule-task";

/** How many words are shown, the most frequent ones. */
const SHOWN = 8;

/** The job of tasks that name none. */
const DEFAULT_JOB = "default";

/** A task that launches a job. */
interface LaunchTask {
  readonly id: string;
  /** What its job reads. */
  readonly input: string;
  /** Whether it ended in a dead letter, so that it probably launched no job. */
  readonly isDead: boolean;
}

/** What a launcher knows of a job. */
interface LauncherJob {
  readonly parameters?: Readonly<Record<string, string>>;
  readonly environment?: { readonly serviceAccountEmail?: string };
}

interface LaunchedJob {
  readonly name: string;
  readonly input: string;
}

/**
 * The schedule fires, its task reaches the launcher, the launcher starts a job, and the job counts
 * words. An input file is uploaded to a bucket that the job's workers can read, and a task like the
 * schedule's names it.
 */
export const scheduledPreprocessing: PatternScenario = {
  name: "scheduled preprocessing",
  takes: "a text whose words are counted",
  extensions: [".txt"],
  outputs: ["schedule_name", "task_queue_name", "launcher_url", "output_bucket_name"],
  // In place of Shakespeare's King Lear: a part of Newton's Opticks.
  publicObjects: { "dataflow-samples": { "shakespeare/kinglear.txt": "opticks.txt" } },
  outputsFrom,
  create: (running) => new ScheduledPreprocessingRun(running),
  /** The items are small texts. Some are firings of the schedule instead. */
  generate: (count) => upTo(count).map(generated),
  /** Acts on the launch of a job, whose parameters name the text. */
  poison: ({ path, body }) => (path.endsWith("/templates:launch") ? poisonIn(body) : undefined),
  outage: ({ path }) => (path.endsWith("/templates:launch") ? "INVALID_ARGUMENT" : undefined),
};

function outputsFrom(index: StackIndex) {
  const launcher = index.workerWith("JOBS", "DATAFLOW_LOCATION");
  if (!launcher) return {};
  const queue = index.first("google_cloud_tasks_queue", (attributes) => {
    const host = block(attributes, "http_target", "uri_override")?.host;
    return index.workerAt(`https://${host}`) === launcher;
  })?.attributes;
  const schedule = index.first("google_cloud_scheduler_job", (attributes) => {
    const target = block(attributes, "http_target");
    return String(target?.uri).includes(`/queues/${queue?.name}/tasks`) && jobOfSchedule(target?.body) === DEFAULT_JOB;
  })?.attributes;
  const { parameters = {} } = jobsOf(launcher)[DEFAULT_JOB] ?? {};
  const buckets = new Set(index.all("google_storage_bucket").map(({ attributes }) => attributes.name));
  return {
    task_queue_name: queue?.name,
    schedule_name: schedule?.name,
    launcher_url: launcher.uri,
    output_bucket_name: Object.values(parameters)
      .map((value) => /^gs:\/\/([^/]+)/.exec(String(value))?.[1])
      .find((bucket) => buckets.has(bucket)),
  };
}

/** What the launcher can launch, by name. */
function jobsOf(launcher: {
  readonly environment: Readonly<Record<string, string>>;
}): Readonly<Record<string, LauncherJob>> {
  return JSON.parse(String(launcher.environment.JOBS));
}

/** The job for which a schedule creates tasks. */
function jobOfSchedule(body: unknown): string {
  try {
    const { task } = JSON.parse(Buffer.from(String(body), "base64").toString());
    return JSON.parse(Buffer.from(task.httpRequest.body, "base64").toString()).job ?? DEFAULT_JOB;
  } catch {
    return DEFAULT_JOB;
  }
}

function generated(index: number): Input {
  const kind = kindOf(index);
  if (kind === "good" && index % 10 === 1) return { name: "", content: Buffer.alloc(0) };
  const number = String(index).padStart(5, "0");
  const name = kind === "good" ? `text-${number}.txt` : `${POISON[kind]}-${number}.txt`;
  return { name, content: Buffer.from(`Of the ${index % 7} words some are some of the words.\n`) };
}

class ScheduledPreprocessingRun implements ScenarioRun {
  private readonly schedule: string;
  private readonly bucket: string;
  /** Firings that have not failed for good. */
  private fired = 0;

  constructor(private readonly running: RunningStack) {
    this.schedule = textOutput(running, "schedule_name");
    this.bucket = textOutput(running, "output_bucket_name");
  }

  async submit(input: Input): Promise<void> {
    if (input.name !== "") {
      await this.launchOn(input);
      return;
    }
    this.fired++;
    // Retries count as pending. A firing whose retries all fail was never accepted.
    void this.running.fire(this.schedule).then((succeeded) => {
      if (!succeeded) this.fired--;
    });
  }

  result(): ScenarioResult {
    const deployed = this.running.named("google_dataflow_job").map(({ attributes }) => deployedKey(attributes.name));
    const tasks = this.tasks();
    const ofSchedule = tasks.filter(({ input }) => input === this.launch().inputFile).length;
    const missing = upTo(Math.max(0, this.fired - ofSchedule)).map((index) => `firing ${index + 1}`);
    const taskOf = tasksOfJobs(tasks, this.launched().map(nameAndInput));
    const keyOf = (job: Job) => {
      const { name } = job.launch;
      const id = taskOf.get(name);
      return this.isDeployed(job) ? deployedKey(name) : id === undefined ? `job ${name}` : taskKey(id);
    };
    return {
      accepted: [...deployed, ...tasks.map(({ id }) => taskKey(id)), ...missing],
      effects: this.jobs.filter(({ state }) => state === "JOB_STATE_DONE").map(keyOf),
      deadLetters: this.running
        .deadLetters()
        .map(({ attributes, reason }) => ({ key: taskKey(attributes.deadLetterTask ?? "unknown"), reason })),
    };
  }

  /** The task, and its job if no other task launches the same. */
  marks(key: string): string[] {
    const [, id = key] = /^task (\S+)$/.exec(key) ?? [];
    const input = this.tasks().find((task) => task.id === id)?.input;
    const alike = this.launched().filter(({ launch }) => launch.parameters.inputFile === input);
    const names = new Set(alike.map(({ launch }) => launch.name));
    return [key.replace(/^(task|deployed job|job) /, ""), ...(names.size === 1 ? names : [])];
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

  async commands(controlUrl: string) {
    const curl = await this.running.curl({ controlUrl });
    const fire = { title: "fire the schedule now", command: curl.fire(this.schedule) };
    const { worker } = this.launch();
    if (!worker) return [fire];
    // Only the service account of the jobs can read what they write.
    const reader = await this.running.curl({ controlUrl, email: worker });
    const list = reader.list(this.bucket);
    const first = `${firstName("NAME", list)} && ${reader.read(this.bucket, "$NAME")}`;
    return [
      fire,
      { title: "list results, as the jobs' service account", command: list },
      { title: "read the first of them", command: first },
    ];
  }

  private get jobs(): readonly Job[] {
    return this.running.service(cloudDataflow).jobs;
  }

  private launched(): Job[] {
    return this.jobs.filter((job) => !this.isDeployed(job));
  }

  private isDeployed({ launch }: Job): boolean {
    return this.running.named("google_dataflow_job").some(({ attributes }) => attributes.name === launch.name);
  }

  /** The tasks that queues accepted, in their order, without those that came back. */
  private tasks(): LaunchTask[] {
    const dead = new Set(this.running.deadLetters().map(({ attributes }) => attributes.deadLetterTask));
    const { inputFile = "" } = this.launch();
    const first = this.running.createdTasks.filter(({ id }) => !isRedriven(id));
    return first.map(({ id, body }) => {
      const input = inputFileIn(body) ?? inputFile;
      return { id, input, isDead: dead.has(id) };
    });
  }

  /** What the launcher launches unless a task says otherwise. */
  private launch(): { worker?: string; inputFile?: string } {
    const launcher = this.running.index.workerWith("JOBS", "DATAFLOW_LOCATION");
    const { environment, parameters } = (launcher && jobsOf(launcher)[DEFAULT_JOB]) ?? {};
    return { worker: environment?.serviceAccountEmail, inputFile: parameters?.inputFile };
  }

  private async lines(client: Client, uri: string): Promise<string[]> {
    const [, bucket = "", name = ""] = /^gs:\/\/([^/]+)\/(.+)$/.exec(uri) ?? [];
    return (await client.download(bucket, name)).toString().trimEnd().split("\n");
  }

  /** Uploads as the workers' service account, and creates the task as the schedule's. */
  private async launchOn({ name, content }: Input): Promise<void> {
    const { worker } = this.launch();
    if (!worker)
      throw new InputError(
        `${name} cannot be uploaded: the launcher's LAUNCH names no service account for the workers`,
      );
    await this.running.client(worker).upload(this.bucket, `input/${name}`, content, "text/plain");
    const refused = name.startsWith(POISON.refused) ? { [POISON.refused]: "no parameter of the template" } : {};
    const parameters = { inputFile: `gs://${this.bucket}/input/${name}`, ...refused };
    await createTaskLike(this.running, this.schedule, { parameters });
  }
}

const taskKey = (id: string) => `task ${id}`;
const deployedKey = (name: string) => `deployed job ${name}`;

function nameAndInput({ launch }: Job): LaunchedJob {
  return { name: launch.name, input: launch.parameters.inputFile };
}

/** The input that a task names. */
function inputFileIn(body: Buffer): string | undefined {
  try {
    return JSON.parse(body.toString()).parameters?.inputFile;
  } catch {
    return undefined;
  }
}

/**
 * Finds the task of each job by what the job reads: only the launcher knows it from the name. Tasks
 * with the same input are interchangeable. Jobs of the same name belong to the same task.
 *
 * @returns id of the task by name of the job, without jobs that have no task
 */
export function tasksOfJobs(tasks: readonly LaunchTask[], jobs: readonly LaunchedJob[]): Map<string, string> {
  const waiting = new Map<string, string[]>();
  for (const { id, input } of [...tasks].sort((a, b) => Number(a.isDead) - Number(b.isDead))) {
    waiting.set(input, [...(waiting.get(input) ?? []), id]);
  }
  const found = new Map<string, string>();
  for (const { name, input } of jobs) {
    const id = found.has(name) ? undefined : waiting.get(input)?.shift();
    if (id !== undefined) found.set(name, id);
  }
  return found;
}
