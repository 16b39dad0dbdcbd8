import { extname } from "node:path";
import { newName, type RunningStack } from "@cdktf-serverless-ml/emulator";
import type { StackIndex } from "@cdktf-serverless-ml/terraform-json";
import { upTo } from "../../shared/generated";
import { invokers, uploaders } from "../../shared/members";
import { POISON } from "../../shared/poison";
import { isRedriven } from "../../shared/redrive";
import {
  type Input,
  type PatternScenario,
  type ScenarioResult,
  type ScenarioRun,
  textOutput,
} from "../../shared/scenario";
import { createTaskLike } from "../../shared/schedule-task";
import { generatedRuns, isReadOfData, poisonOfRun, REFUSED_START } from "./generated-runs";
import { StepGraph } from "./step-graph";
import { isMarkerOfStep, keyOf, keyOfMarker, parsed, START, type Task } from "./work-items";

const RUN = "local-1";
/** Training iterations of generated runs. */
const FEW_ITERATIONS = 50;
/**
 * A table is uploaded, steps run as tasks, and a model and its accuracy come out. The client and
 * the schedule start a run each.
 */
export const taskPipeline: PatternScenario = {
  name: "task pipeline",
  sample: "iris.csv",
  takes: "a CSV with a header, the label in the last column, or JSON Lines of rows",
  item: "step",
  extensions: [".csv", ".jsonl"],
  outputs: ["start_url", "run_bucket_name", "pipeline_steps", "client"],
  outputsFrom,
  create: (running) => new TaskPipelineRun(running),
  withParameters: (parameters) => ({
    ...taskPipeline,
    create: (running) => new TaskPipelineRun(running, parameters),
  }),
  generate: generatedRuns,
  poison: poisonOfRun,
  outage: (call) => (isReadOfData(call) ? "NOT_FOUND" : undefined),
};

function outputsFrom(index: StackIndex) {
  const start = index.workerWith("RUN_BUCKET", "QUEUE", "STEPS");
  if (!start) return {};
  const { RUN_BUCKET, STEPS } = start.environment;
  const mayUpload = uploaders(index, RUN_BUCKET);
  return {
    start_url: start.uri,
    run_bucket_name: RUN_BUCKET,
    pipeline_steps: JSON.parse(String(STEPS)).map(({ name }: { name: string }) => name),
    client: invokers(index, start).find((member) => mayUpload.includes(member)),
  };
}

class TaskPipelineRun implements ScenarioRun {
  private readonly bucket: string;
  private readonly url: string;
  private readonly steps: readonly string[];
  private readonly graph: StepGraph;
  /** Runs whose start was confirmed. */
  private readonly started: string[] = [];
  /** Firings that have not failed for good. */
  private fired = 0;
  /** Tasks that start a run and that no schedule created. */
  private enqueued = 0;
  private provided?: Promise<void>;

  constructor(
    private readonly running: RunningStack,
    /** The user's, of runs that are started here. Those of schedules have their own. */
    private readonly given: Readonly<Record<string, unknown>> = {},
  ) {
    this.bucket = textOutput(running, "run_bucket_name");
    this.url = textOutput(running, "start_url");
    this.steps = running.stack.outputs.pipeline_steps;
    this.graph = new StepGraph(running.index.workers());
  }

  submit(input: Input): Promise<void> {
    return input.isGenerated ? this.submitGenerated(input) : this.submitOne(input);
  }

  result(): ScenarioResult {
    const tasks = this.tasks();
    const starts = tasks.filter(({ step }) => step === undefined);
    const written = this.running.writes(this.bucket);
    const begun = written.flatMap((name) => /^runs\/([^/]+)\/run\.json$/.exec(name)?.[1] ?? []);
    const runs = new Set([...this.started, ...starts.map(({ run }) => run), ...begun]);
    // A firing that created no task lost a whole run.
    const missing = upTo(Math.max(0, this.fired - (starts.length - this.enqueued))).map(
      (index) => `start ${index + 1}`,
    );
    const effects = written.flatMap((name) => keyOfMarker(name) ?? []);
    const elements = new Set(tasks.filter(({ index }) => index !== undefined).map(keyOf));
    const ended = this.ended(tasks, new Set(effects));
    const deadStarts = ended.deadLetters.map(({ key }) => key).filter((key) => key.endsWith(`/${START}`));
    return {
      accepted: [
        ...[...runs].flatMap((run) => this.steps.map((step) => keyOf({ run, step }))),
        ...elements,
        ...missing,
        ...deadStarts,
      ],
      effects,
      ...ended,
    };
  }

  /**
   * Dead letters, and the steps that never began because of them: they have no task and depend on a
   * step that failed.
   */
  private ended(
    tasks: readonly Task[],
    effects: ReadonlySet<string>,
  ): Pick<ScenarioResult, "deadLetters" | "notReached"> {
    const byId = new Map(tasks.map((task) => [task.id, task]));
    const begun = new Set([...effects, ...tasks.map(keyOf)]);
    const dead = this.running.deadLetters().map(({ attributes: { deadLetterTask = "unknown" }, reason }) => ({
      id: deadLetterTask,
      task: byId.get(deadLetterTask),
      reason,
    }));
    return {
      deadLetters: dead.flatMap(({ id, task, reason }) => {
        if (!task) return [{ key: id, reason }];
        const { run, step, index } = task;
        // If all steps succeeded although their start is a dead letter, each of them ended in two
        // ways.
        const both = step === undefined && this.steps.every((name) => effects.has(keyOf({ run, step: name })));
        return (both ? this.steps : [step]).map((name) => ({ key: keyOf({ run, step: name, index }), reason }));
      }),
      notReached: dead.flatMap(({ task }) => {
        if (!task) return [];
        const { run, step, index } = task;
        // A step whose element failed ends by itself.
        if (index !== undefined) return [];
        const after = step === undefined ? this.steps : this.graph.dependentsOf(step);
        return after.map((name) => keyOf({ run, step: name })).filter((key) => !begun.has(key));
      }),
    };
  }

  /** All tasks of the run, because a step depends on the ones before it. */
  marks(key: string): string[] {
    const [run = key] = key.split("/");
    const ids = this.tasks().filter((task) => task.run === run);
    return [...new Set([run, ...ids.map(({ id }) => id)])];
  }

  async prepare({ name, content }: Input): Promise<void> {
    if (this.suitsSchedules(name)) await this.provide(content);
  }

  async commands(controlUrl: string, file = "") {
    const curl = await this.running.curl({ controlUrl, email: this.running.clientEmail });
    const upload = curl.upload(this.bucket, "inputs/$OBJECT", file);
    const run = { run: "$RUN", parameters: this.parameters("inputs/$OBJECT") };
    const last = this.steps.find((step) => this.graph.dependentsOf(step).length === 0) ?? "";
    return [
      { title: "upload an input", command: `${newName("OBJECT", file)} && ${upload}` },
      { title: "start a run", command: `${newName("RUN", "run")} && ${curl.post(this.url, run, ["RUN", "OBJECT"])}` },
      { title: "read the result of its last step", command: curl.read(this.bucket, `runs/$RUN/steps/${last}.json`) },
      ...this.running.schedules().map((name) => ({ title: "fire the schedule now", command: curl.fire(name) })),
      { title: "list all runs", command: curl.list(this.bucket, "runs/") },
    ];
  }

  /** Starts a run as the client, and one by each schedule whose input has the same form. */
  private async submitOne({ name, content }: Input): Promise<void> {
    const ours = `inputs/${name}`;
    if (ours !== this.scheduledInput()) await this.upload(ours, content);
    const scheduled = this.suitsSchedules(name);
    if (scheduled) await this.provide(content);
    await this.start(RUN, this.parameters(ours));
    if (scheduled) this.fire();
  }

  /** The schedules' runs read an object whose name says its form. */
  private suitsSchedules(name: string): boolean {
    const object = this.scheduledInput();
    return object === undefined || extname(object) === extname(name);
  }

  private async submitGenerated({ name, content }: Input): Promise<void> {
    const [schedule] = this.running.schedules();
    if (name === "") {
      await this.provide(content);
      this.fire();
    } else if (!name.startsWith(REFUSED_START)) {
      await this.upload(`inputs/${name}`, content);
      const parameters = { maxIterations: FEW_ITERATIONS, ...this.parameters(`inputs/${name}`) };
      const run = name.replace(/\.csv$/, "");
      // Repeats the first start, as a client that lost the answer does. That must change nothing.
      if (this.started.length === 0) await this.start(run, parameters);
      await this.start(run, parameters);
    } else if (schedule !== undefined) {
      await createTaskLike(this.running, schedule, { parameters: POISON.refused });
      this.enqueued++;
    }
  }

  private async upload(object: string, content: Buffer): Promise<void> {
    await this.running.client().upload(this.bucket, object, content, "text/csv");
  }

  /** Uploads the input of the schedules' runs, once: it must not change while they read it. */
  private provide(content: Buffer): Promise<void> {
    const object = this.scheduledInput();
    this.provided ??= object === undefined ? Promise.resolve() : this.upload(object, content);
    return this.provided;
  }

  private async start(run: string, parameters: object): Promise<void> {
    await this.running.client().json("POST", this.url, { run, parameters });
    if (!this.started.includes(run)) this.started.push(run);
  }

  private fire(): void {
    for (const schedule of this.running.schedules()) {
      this.fired++;
      // Retries count as pending. A firing whose retries all fail was never accepted.
      void this.running.fire(schedule).then((succeeded) => {
        if (!succeeded) this.fired--;
      });
    }
  }

  /**
   * The tasks that queues accepted, in their order. A run without a name has that of the task that
   * starts it.
   */
  private tasks(): Task[] {
    const first = this.running.createdTasks.filter(({ id }) => !isRedriven(id));
    return first.map(({ id, body }) => {
      const { run = id, step, index } = parsed(body);
      return { id, run, step, index };
    });
  }

  private parameters(object: string): object {
    return { input: `gs://${this.bucket}/${object}`, ...this.given };
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
    const [run = RUN] = this.started;
    const names = await client.list(this.bucket, `runs/${run}/steps/`);
    const markers = names.filter(isMarkerOfStep).map((name) => client.download(this.bucket, name));
    const outputs = (await Promise.all(markers)).map((marker) => Object.entries(JSON.parse(marker.toString()).outputs));
    const plain = outputs.flat().filter(([, value]) => typeof value !== "object");
    return { run: `gs://${this.bucket}/runs/${run}/`, ...Object.fromEntries(plain) };
  }
}
