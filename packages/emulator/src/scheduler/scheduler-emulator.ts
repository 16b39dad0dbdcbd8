import { ApiError } from "../core/api-error";
import type { EmulatorContext, EvaluatedResource } from "../core/emulator";
import { LoadProblems } from "../core/load-error";
import type { Call } from "../core/rpc";
import type { Emulator } from "../core/service";
import { readText } from "../core/values";
import { type Execution, Job, Ticker } from "./job";
import { jobSettings } from "./job-settings";
import { jobResource } from "./resources";

/** When a job runs by its schedule. */
export interface Upcoming {
  /** The job's id. */
  readonly id: string;
  readonly schedule: string;
  readonly timeZone: string;
  /** Milliseconds since 1970; undefined for a job that is paused. */
  readonly next?: number;
}

/**
 * Emulates Cloud Scheduler. Nothing fires by itself until `startTicking`. What it does and does
 * not: FIDELITY.md.
 */
export class SchedulerEmulator implements Emulator {
  /** Methods and paths: google/cloud/scheduler/v1/cloudscheduler.proto. */
  readonly handlers = {
    ListJobs: (call: Call) => this.listJobs(call),
    GetJob: (call: Call) => this.getJob(call),
    RunJob: (call: Call) => this.runJob(call),
  };
  private readonly jobs = new Map<string, Job>();
  private tickers: Ticker[] = [];

  /** @throws LoadError for jobs that cannot be simulated */
  constructor(
    private readonly context: EmulatorContext,
    resources: readonly EvaluatedResource[],
  ) {
    const { project, region } = context;
    const problems = new LoadProblems();
    for (const resource of resources.filter(({ type }) => type === "google_cloud_scheduler_job")) {
      const settings = problems.attempt(resource.address, () => jobSettings(resource, project, region));
      if (settings) this.jobs.set(settings.name, new Job(context, settings));
    }
    problems.throwIfAny();
  }

  /** @param name full, or the id. @throws ApiError NOT_FOUND */
  fireNow(name: string): Promise<Execution> {
    return this.fireAsOf(name, this.context.clock.now());
  }

  /**
   * Executes a job now, telling its target another time.
   *
   * @param time milliseconds since 1970.
   * @throws ApiError NOT_FOUND
   */
  async fireAsOf(name: string, time: number): Promise<Execution> {
    return this.job(name).execute(time);
  }

  /** From now on jobs that are not paused fire when they are due. */
  startTicking(): void {
    if (this.tickers.length > 0) return;
    const active = [...this.jobs.values()].filter(({ settings }) => !settings.paused);
    this.tickers = active.map((job) => new Ticker(this.context.clock, job));
  }

  /** When each job is next due, as long as the clock ticks. */
  upcoming(): Upcoming[] {
    const now = this.context.clock.now();
    return [...this.jobs.values()].map(({ settings: { id, schedule, timeZone, paused, cron } }) => ({
      id,
      schedule,
      timeZone,
      ...(!paused && { next: cron.next(now) }),
    }));
  }

  /** Executions under way. Those that the clock will start later do not count. */
  pending(): number {
    return [...this.jobs.values()].reduce((sum, { running }) => sum + running, 0);
  }

  stop(): void {
    for (const ticker of this.tickers) ticker.stop();
    for (const job of this.jobs.values()) job.stop();
  }

  private listJobs(call: Call): object {
    const parent = readText(call.request.parent, "parent");
    this.authorize(call, "cloudscheduler.jobs.list");
    const jobs = [...this.jobs.values()].filter(({ settings }) => settings.name.startsWith(`${parent}/jobs/`));
    return { jobs: jobs.map((job) => this.resource(job, call)) };
  }

  private getJob(call: Call): object {
    this.authorize(call, "cloudscheduler.jobs.get");
    return this.resource(this.job(readText(call.request.name, "name")), call);
  }

  /** Answers at once, "even if the job is already running". */
  private runJob(call: Call): object {
    this.authorize(call, "cloudscheduler.jobs.run");
    const job = this.job(readText(call.request.name, "name"));
    void job.execute(this.context.clock.now());
    return this.resource(job, call);
  }

  /** Jobs have no bindings of their own; the project's hold. */
  private authorize({ caller }: Call, permission: string): void {
    const { authorizer, project } = this.context;
    authorizer.require(caller, permission, `projects/${project}`);
  }

  private resource(job: Job, { wire }: Call): object {
    return jobResource(job, this.context.clock.now(), wire);
  }

  private job(name: string): Job {
    const { project, region } = this.context;
    const job = this.jobs.get(name.includes("/") ? name : `projects/${project}/locations/${region}/jobs/${name}`);
    if (job) return job;
    throw new ApiError("NOT_FOUND", "Job not found.");
  }
}
