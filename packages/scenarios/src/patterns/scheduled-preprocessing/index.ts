import { type Client, cloudDataflow, firstName, type Job, type RunningStack } from "@cdktf-serverless-ml/emulator";
import { block, type StackIndex } from "@cdktf-serverless-ml/terraform-json";
import { upTo } from "../../shared/generated";
import { parseGsUri } from "../../shared/gs-uri";
import { kindOf, POISON, poisonIn } from "../../shared/poison";
import { firstTaskName, isRedriven } from "../../shared/redrive";
import {
  type Input,
  InputError,
  type PatternScenario,
  type ScenarioResult,
  type ScenarioRun,
  textOutput,
} from "../../shared/scenario";
import { createTaskLike } from "../../shared/schedule-task";
import { FlowersJob } from "./flowers";
import { DEFAULT_JOB, inputOf, jobsOf, launcherOf, scheduleOf } from "./launcher-jobs";

/** The generated item that is a table without the columns that its job needs. */
const BAD_TABLE = 5;
/** How many words are shown, the most frequent ones. */
const SHOWN = 8;

/** A task that launches a job. */
interface LaunchTask {
  readonly id: string;
  /** What its job reads. */
  readonly input: string;
  /** Whether it ended in a dead letter, so that it probably launched no job. */
  readonly isDead: boolean;
}

interface LaunchedJob {
  readonly name: string;
  readonly input: string;
}

/**
 * The schedules fire, their tasks reach the launcher, the launcher starts jobs. One counts words,
 * the other prepares the Iris data on Apache Beam, if it is here. An input file is uploaded to a
 * bucket that the job's workers can read, and a task like the schedule's names it.
 */
export const scheduledPreprocessing: PatternScenario = {
  name: "scheduled preprocessing",
  waits: true,
  takes: "a text whose words are counted, or a table of flowers",
  item: "job",
  extensions: [".txt", ".csv"],
  outputs: ["schedule_name", "task_queue_name", "launcher_url", "output_bucket_name"],
  // In place of Shakespeare's King Lear: a part of Newton's Opticks.
  publicObjects: { "dataflow-samples": { "shakespeare/kinglear.txt": "opticks.txt" } },
  outputsFrom,
  create: (running) => new ScheduledPreprocessingRun(running),
  /** The items are small texts, one is a table. Some are firings of the schedule instead. */
  generate: (count) => upTo(count).map(generated),
  /** Acts on the launch of a job, whose parameters name the text. */
  poison: ({ path, body }) => (path.endsWith("/templates:launch") ? poisonIn(body) : undefined),
  outage: ({ path }) => (path.endsWith("/templates:launch") ? "INVALID_ARGUMENT" : undefined),
};

function outputsFrom(index: StackIndex) {
  const launcher = launcherOf(index);
  if (!launcher) return {};
  const queue = index.first("google_cloud_tasks_queue", (attributes) => {
    const host = block(attributes, "http_target", "uri_override")?.host;
    return index.workerAt(`https://${host}`) === launcher;
  })?.attributes;
  const { parameters = {} } = jobsOf(launcher)[DEFAULT_JOB] ?? {};
  const buckets = new Set(index.all("google_storage_bucket").map(({ attributes }) => attributes.name));
  return {
    task_queue_name: queue?.name,
    schedule_name: scheduleOf(index, queue?.name, DEFAULT_JOB),
    launcher_url: launcher.uri,
    output_bucket_name: Object.values(parameters)
      .map((value) => parseGsUri(String(value)).bucket)
      .find((bucket) => buckets.has(bucket)),
  };
}

function generated(index: number): Input {
  const kind = kindOf(index);
  if (kind === "good" && index % 10 === 1) return { name: "", content: Buffer.alloc(0), isGenerated: index > 1 };
  const number = String(index).padStart(5, "0");
  // Its job fails: only then does the launcher read messages. No other job reads this folder.
  if (index === BAD_TABLE) {
    return { name: `bad/no-columns-${number}.csv`, content: Buffer.from("a,b\n1,2\n"), isGenerated: true };
  }
  const name = kind === "good" ? `text-${number}.txt` : `${POISON[kind]}-${number}.txt`;
  return { name, content: Buffer.from(`Of the ${index % 7} words some are some of the words.\n`) };
}

class ScheduledPreprocessingRun implements ScenarioRun {
  private readonly schedule: string;
  private readonly bucket: string;
  private readonly flowers?: FlowersJob;
  /** What the jobs of firings read that have not failed for good, one for each firing. */
  private readonly fired: string[] = [];

  constructor(private readonly running: RunningStack) {
    this.schedule = textOutput(running, "schedule_name");
    this.bucket = textOutput(running, "output_bucket_name");
    this.flowers = FlowersJob.of(running, textOutput(running, "task_queue_name"));
  }

  async submit(input: Input): Promise<void> {
    if (input.name !== "") {
      const isTable = input.name.endsWith(".csv") && (this.flowers || !input.isGenerated);
      await (isTable ? this.launchOnTable(input) : this.launchOn(input));
      return;
    }
    this.fire(this.schedule, this.launch().inputFile ?? "");
    // Of generated inputs the first one alone fires the schedule of the tables, too: each start of
    // Beam takes seconds.
    if (!this.flowers || input.isGenerated) return;
    await this.flowers.upload();
    this.fire(this.flowers.schedule, this.flowers.input);
  }

  result(): ScenarioResult {
    const deployed = this.running.named("google_dataflow_job").map(({ attributes }) => deployedKey(attributes.name));
    const tasks = this.tasks();
    const missing = missingFirings(this.fired, tasks);
    const putBack = this.running.createdTasks.flatMap(({ id }) =>
      isRedriven(id) ? (polledJob(firstTaskName(id)) ?? []) : [],
    );
    const taskOf = tasksOfJobs(tasks, this.launched().map(nameAndInput), putBack);
    const keyOf = (job: Job) => {
      const { name } = job.launch;
      const id = taskOf.get(name);
      return this.isDeployed(job) ? deployedKey(name) : id === undefined ? `job ${name}` : taskKey(id);
    };
    const notRun = this.jobs.filter(({ missing }) => missing !== undefined);
    const skipped = notRun.map((job) => ({ key: keyOf(job), reason: job.missing ?? "" }));
    const isSkipped = new Set(skipped.map(({ key }) => key));
    const all = [...deployed, ...tasks.map(({ id }) => taskKey(id)), ...missing];
    return {
      accepted: all.filter((key) => !isSkipped.has(key)),
      effects: this.jobs.filter(({ state }) => state === "JOB_STATE_DONE").map(keyOf),
      deadLetters: this.running
        .deadLetters()
        .map(({ attributes, reason }) => ({ key: deadKey(attributes.deadLetterTask, taskOf), reason }))
        .filter(({ key }) => !isSkipped.has(key)),
      skipped,
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
    return { ...(await this.words()), ...(await this.table()) };
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

  private async words() {
    const [job] = this.launched().filter(({ state, launch }) => state === "JOB_STATE_DONE" && isWordCount(launch));
    if (!job) return {};
    const client = this.flowers ? this.running.client() : this.running.client(job.worker);
    const lines = await Promise.all(job.outputs.map((uri) => this.lines(client, uri)));
    const counts = lines.flat().map((line) => ({ line, count: Number(line.split(": ").at(-1)) }));
    const most = counts.sort((a, b) => b.count - a.count).slice(0, SHOWN);
    return { job: job.launch.name, outputs: job.outputs, words: counts.length, most: most.map(({ line }) => line) };
  }

  private async table() {
    const job = this.launched().find(({ launch }) => !isWordCount(launch));
    return job && this.flowers ? this.flowers.outputs(job) : {};
  }

  /** Retries count as pending. A firing whose retries all fail was never accepted. */
  private fire(schedule: string, input: string): void {
    this.fired.push(input);
    void this.running.fire(schedule).then((succeeded) => {
      if (!succeeded) this.fired.splice(this.fired.indexOf(input), 1);
    });
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

  /** The tasks that launch, in their order, without those that came back. */
  private tasks(): LaunchTask[] {
    const dead = new Set(this.running.deadLetters().map(({ attributes }) => attributes.deadLetterTask));
    const jobs = jobsOf(launcherOf(this.running.index));
    return this.running.createdTasks.flatMap(({ id, body }) => {
      const { job = DEFAULT_JOB, parameters, poll } = payloadOf(body);
      // One with `poll` asks for the state of a job.
      if (poll !== undefined || isRedriven(id)) return [];
      const input = parameters?.inputFile ?? parameters?.input ?? inputOf(jobs[job] ?? {}) ?? "";
      return [{ id, input, isDead: dead.has(id) }];
    });
  }

  /** What the launcher launches unless a task says otherwise. */
  private launch(): { worker?: string; inputFile?: string } {
    const job = jobsOf(launcherOf(this.running.index))[DEFAULT_JOB] ?? {};
    return { worker: job.environment?.serviceAccountEmail, inputFile: inputOf(job) };
  }

  private async lines(client: Client, uri: string): Promise<string[]> {
    const { bucket, name } = parseGsUri(uri);
    return (await client.download(bucket, name)).toString().trimEnd().split("\n");
  }

  /** Uploads a table as the client, and creates the task as the schedule's. */
  private async launchOnTable({ name, content }: Input): Promise<void> {
    if (!this.flowers) throw new InputError(`${name} is a table, and no job of this stack reads tables`);
    const input = await this.flowers.upload(name, content);
    await createTaskLike(this.running, this.flowers.schedule, { job: this.flowers.name, parameters: { input } });
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

function nameAndInput({ launch: { name, parameters } }: Job): LaunchedJob {
  const variables = JSON.parse(parameters.jinja_variables ?? "{}");
  return { name, input: inputOf({ parameters, variables }) ?? "" };
}

function isWordCount({ parameters }: Job["launch"]): boolean {
  return parameters.inputFile !== undefined;
}

/** The firings that have not created a task yet. */
function missingFirings(fired: readonly string[], tasks: readonly LaunchTask[]): string[] {
  const created = tasks.map(({ input }) => input);
  const without = fired.filter((input) => {
    const at = created.indexOf(input);
    if (at >= 0) created.splice(at, 1);
    return at < 0;
  });
  return without.map((_, index) => `firing ${index + 1}`);
}

/**
 * The key of a dead letter: that of the task which launched the job, if it asked for a job's state.
 */
function deadKey(task: string | undefined, taskOf: ReadonlyMap<string, string>): string {
  const job = polledJob(task ?? "");
  const id = job === undefined ? task : taskOf.get(job);
  return id === undefined && job !== undefined ? `job ${job}` : taskKey(id ?? "unknown");
}

/** The job whose state a task asks for. @param task name */
function polledJob(task: string): string | undefined {
  return /^(.*)-poll-\d+$/.exec(task)?.[1];
}

/** The body of a task; nothing for one that is no JSON. */
function payloadOf(body: Buffer): { job?: string; parameters?: Record<string, string>; poll?: object } {
  try {
    return JSON.parse(body.toString()) ?? {};
  } catch {
    return {};
  }
}

/**
 * Finds the task of each job by what the job reads: only the launcher knows it from the name. Tasks
 * with the same input are interchangeable. Jobs of the same name belong to the same task. So does
 * the one that is launched in place of a job whose letter was put back.
 *
 * @param putBack names of jobs that failed, one for each time that the letter was put back
 * @returns id of the task by name of the job, without jobs that have no task
 */
export function tasksOfJobs(
  tasks: readonly LaunchTask[],
  jobs: readonly LaunchedJob[],
  putBack: readonly string[] = [],
): Map<string, string> {
  const replaced = [...putBack];
  const inputs = new Map(jobs.map(({ name, input }) => [name, input]));
  const taskOfReplaced = (input: string) => {
    const at = replaced.findIndex((name) => inputs.get(name) === input && found.has(name));
    const [name = ""] = at < 0 ? [] : replaced.splice(at, 1);
    return found.get(name);
  };
  const waiting = new Map<string, string[]>();
  for (const { id, input } of [...tasks].sort((a, b) => Number(a.isDead) - Number(b.isDead))) {
    waiting.set(input, [...(waiting.get(input) ?? []), id]);
  }
  const found = new Map<string, string>();
  for (const { name, input } of jobs) {
    const id = found.has(name) ? undefined : (waiting.get(input)?.shift() ?? taskOfReplaced(input));
    if (id !== undefined) found.set(name, id);
  }
  return found;
}
