import * as v from "valibot";
import { findJob, type Job, jobState, launchTemplate } from "../shared/dataflow";
import { PermanentError } from "../shared/errors";
import { shortHash } from "../shared/hash";
import type { HttpHandler } from "../shared/http";
import { record } from "../shared/json";
import { nextPoll } from "../shared/next-poll";
import type { Services } from "../shared/services";
import { type TaskContext, taskHandler } from "../shared/task-handler";
import { createTask, PLACEHOLDER_URL } from "../shared/tasks";
import type { environmentSchema, JobConfig } from "./environment";
import { parametersOf } from "./parameters";

const schema = v.object({
  /** Name of the job to launch. Default `default`. */
  job: v.optional(v.string(), "default"),
  /**
   * Override the parameters of the function's environment, or the variables of a Beam YAML
   * pipeline. `{jobName}` in a value becomes the job's name.
   */
  parameters: v.optional(record(v.string()), {}),
  /** Of a task that this function made: it asks for the state of a launched job. */
  poll: v.optional(v.object({ id: v.string(), name: v.string(), since: v.number(), n: v.number() })),
});

type Payload = v.InferOutput<typeof schema>;
type Environment = v.InferOutput<typeof environmentSchema>;

/**
 * Launches Dataflow templates, one job for each task. The job's name derives from the task's name,
 * so a repeated task finds its job. A parameter with `{jobName}`, such as an output folder, differs
 * between tasks and stays the same when a task repeats. Answers with the job's name and id.
 *
 * A job with `waitSeconds` is followed by further tasks until it has ended. If it fails, the task
 * that sees it goes to the dead letter with Dataflow's message; put back, it launches the job anew.
 */
export function createHandler(environment: Environment, services: Services): HttpHandler {
  const launcher = new Launcher(environment, services);
  return taskHandler({
    environment,
    services,
    schema,
    findEffect: async (payload, context) => (payload.poll ? undefined : launcher.findLaunched(payload, context)),
    handle: (payload, context) =>
      payload.poll ? launcher.follow(payload, context) : launcher.launch(payload, context),
  });
}

class Launcher {
  private readonly google: Services["google"];

  constructor(
    private readonly environment: Environment,
    services: Services,
  ) {
    this.google = services.google;
  }

  /** The job of an earlier attempt, whose answer may be lost. */
  async findLaunched(payload: Payload, context: TaskContext, name = this.nameOf(payload, context.id)) {
    const job = await this.find(name);
    if (!job) return undefined;
    await this.startFollowing(payload, job, context);
    return { job: job.id, name, launched: false };
  }

  async launch(payload: Payload, context: TaskContext, name = this.nameOf(payload, context.id)) {
    const config = this.configOf(payload);
    const launched = await launchTemplate(this.google, this.environment.DATAFLOW_LOCATION, config.template, {
      jobName: name,
      ...parametersOf(config, payload.parameters, name),
      environment: config.environment,
    });
    context.log.info(launched ? "Launched" : "Launched already", { jobName: name, job: launched?.id });
    const job = launched ?? (await this.find(name));
    if (job) await this.startFollowing(payload, job, context);
    return { job: job?.id, name, launched: Boolean(launched) };
  }

  /** Asks for the state of a launched job, and comes again until it has ended. */
  async follow(payload: Payload, context: TaskContext): Promise<object> {
    const { waitSeconds = 0 } = this.configOf(payload);
    const poll = payload.poll as NonNullable<Payload["poll"]>;
    const job = await jobState(this.google, `${this.environment.DATAFLOW_LOCATION}/jobs/${poll.id}`);
    const answer = { job: poll.id, name: poll.name, state: job.state };
    if (job.state === "succeeded") return answer;
    if (job.state === "failed") {
      // Put back from the dead letter: whoever did so has mended the cause.
      if (context.redrives) return this.launchAnew(payload, context);
      throw new PermanentError("job_failed", `${poll.name} failed: ${job.reason}`);
    }
    const since = context.redrives ? context.time : poll.since;
    if (context.time - since >= waitSeconds * 1_000) {
      throw new PermanentError("job_timed_out", `${poll.name} has not ended within ${waitSeconds} seconds; it runs on`);
    }
    await this.enqueue(payload, { ...poll, since, n: poll.n + 1 }, context);
    return answer;
  }

  /**
   * Launches one job more. An earlier time that the task was put back may have launched it, without
   * an answer.
   */
  private async launchAnew(payload: Payload, context: TaskContext): Promise<object> {
    const { id, redrives = 0 } = context;
    for (let time = 1; time <= redrives; time++) {
      const launched = await this.findLaunched(payload, context, this.nameOf(payload, id, time));
      if (launched) return launched;
    }
    return this.launch(payload, context, this.nameOf(payload, id, redrives));
  }

  private find(name: string): Promise<Job | undefined> {
    return findJob(this.google, this.environment.DATAFLOW_LOCATION, name);
  }

  private async startFollowing(payload: Payload, { id, name }: Job, context: TaskContext): Promise<void> {
    if (this.configOf(payload).waitSeconds === undefined) return;
    await this.enqueue(payload, { id, name, since: context.time, n: 1 }, context);
  }

  /** The task's name is the job's and a number, so a repeated delivery makes no second chain. */
  private async enqueue(
    { job, parameters }: Payload,
    poll: NonNullable<Payload["poll"]>,
    { time }: TaskContext,
  ): Promise<void> {
    const { QUEUE, POLL_INTERVAL_SECONDS, FUNCTION_TIMEOUT_SECONDS } = this.environment;
    if (QUEUE === undefined) throw new Error("QUEUE is not set; a job with waitSeconds needs it");
    await createTask(this.google, QUEUE, {
      id: `${poll.name}-poll-${poll.n}`,
      url: PLACEHOLDER_URL,
      payload: { job, parameters, poll },
      deadlineSeconds: Math.min(Math.max(FUNCTION_TIMEOUT_SECONDS, 15), 1800),
      scheduleTime: new Date(nextPoll(time, poll.since, POLL_INTERVAL_SECONDS)).toISOString(),
    });
  }

  private nameOf(payload: Payload, ...key: (string | number)[]): string {
    return `${this.configOf(payload).namePrefix}-${shortHash(...key)}`;
  }

  private configOf({ job }: Payload): JobConfig {
    const { JOBS } = this.environment;
    const config = Object.hasOwn(JOBS, job) ? JOBS[job] : undefined;
    if (config) return config;
    throw new PermanentError("unknown_job", `Given job "${job}"; allowed: ${Object.keys(JOBS).join(", ")}`);
  }
}
