import * as v from "valibot";
import { GoogleApiError, PermanentError } from "../shared/errors";
import type { HttpHandler } from "../shared/http";
import { check, parseJson, record } from "../shared/json";
import { nextPoll } from "../shared/next-poll";
import { Again, type StepContext } from "../shared/pipeline/context";
import { workFolder } from "../shared/pipeline/layout";
import type { Outputs } from "../shared/pipeline/marker";
import { pipelineStep } from "../shared/pipeline/step";
import { createJsonOnce, gsUri, type ObjectName } from "../shared/storage";
import type { StorageServices } from "../shared/storage-services";
import type { environmentSchema } from "./environment";
import type { JobFile } from "./job-file";
import type { JobKind, JobState } from "./job-kind";
import { jobKind } from "./kinds";
import { type Failure, Records, type Started } from "./records";
import { startOnce } from "./start-once";

const anything = record(v.unknown());

type Environment = v.InferOutput<typeof environmentSchema>;
type Context = StepContext<Record<string, unknown>>;

const MINUTE = 60_000;
/** Milliseconds without an answer about a job, after which its step is given up. */
const PATIENCE = 60 * MINUTE;
/** Milliseconds after which a started job must be there. */
const APPEARS_WITHIN = 5 * MINUTE;
const TRIES_PER_RESUME = 1_000;
const MAX_OUTPUTS_BYTES = 1024 ** 2;

/**
 * A step of a pipeline that is a job of one of Google's services. Its task starts the job, and
 * tasks with a schedule time ask for its state until it has ended. A job that takes longer than
 * `MAX_DURATION_SECONDS` is cancelled.
 *
 * A job that is still there from before a resume is followed, not started again.
 */
export function createHandler(environment: Environment, services: StorageServices): HttpHandler {
  const kind = jobKind(services.google, environment.JOB);
  return pipelineStep({
    environment,
    services,
    parameters: anything,
    work: (context) => new JobStep(environment, services, kind, context).work(),
  });
}

/** One delivery of a task of the step. */
class JobStep {
  private readonly folder: ObjectName;
  /** Which job of the step this delivery is about. */
  private number = 0;

  constructor(
    private readonly environment: Environment,
    private readonly services: StorageServices,
    private readonly kind: JobKind,
    private readonly context: Context,
  ) {
    this.folder = { bucket: environment.RUN_BUCKET, name: workFolder(context) };
  }

  async work(): Promise<Outputs | Again> {
    const records = await Records.load(this.services.storage, this.object("job"));
    const own = this.ownTry();
    const newest = records.newestTry(own);
    // A resume after a failure starts a new job. One that still runs is followed.
    this.number = newest === undefined || (newest < own && records.hasFailed(newest)) ? own : newest;
    const started = await records.started(this.number);
    return started ? this.follow(records, started) : this.start(records);
  }

  /**
   * Grows with each resume, and with each time that the task is put back from the dead letter.
   * Later tasks of the same job carry it on.
   */
  private ownTry(): number {
    const { resume, redrives = 0, poll } = this.context;
    const own = resume * TRIES_PER_RESUME + Math.min(redrives, TRIES_PER_RESUME - 1);
    return Math.max(own, wholeNumber(poll?.state.number) ?? own);
  }

  private async start(records: Records): Promise<Again> {
    const { time, log } = this.context;
    const file = this.jobFile();
    const object = this.object("job.json");
    await createJsonOnce(this.services.storage, object, file);
    const result = await startOnce({
      kind: this.kind,
      records,
      number: this.number,
      launch: { file, variables: variablesOf(file, gsUri(object)) },
      time,
      timeoutSeconds: this.environment.FUNCTION_TIMEOUT_SECONDS,
      maxAttempts: this.environment.MAX_ATTEMPTS,
    });
    if (typeof result === "number") {
      log.info("Another delivery starts the job");
      return this.again(result);
    }
    log.info("Started", { job: result.job });
    return this.again(this.nextQuestion(result));
  }

  private async follow(records: Records, started: Started): Promise<Outputs | Again> {
    const { job, since } = started;
    const { time } = this.context;
    const fail = (code: string, message: string, running?: string) => this.fail(records, { code, message }, running);
    let state: JobState;
    try {
      state = await this.kind.state(job);
    } catch (error) {
      if (!(error instanceof GoogleApiError)) throw error;
      const isGone = error.status === 404 && time - since > APPEARS_WITHIN;
      return isGone ? fail("job_failed", `${job} does not exist any more`) : this.unanswered(started, error);
    }
    if (state.state === "succeeded") {
      return { job, output: gsUri(this.folder), ...state.outputs, ...(await this.written()) };
    }
    if (state.state === "failed") return fail("job_failed", `${job} failed: ${state.reason}`);
    const limit = this.environment.MAX_DURATION_SECONDS;
    if (time < since + limit * 1_000) return this.again(this.nextQuestion(started));
    return fail("job_timed_out", `${job} has not ended within ${limit} seconds`, job);
  }

  /** What the job wrote to `outputs.json`, an object. */
  private async written(): Promise<Outputs> {
    const object = this.object("outputs.json");
    if (!(await this.services.storage.stat(object))) return {};
    return check(anything, parseJson(await this.context.read(object, MAX_OUTPUTS_BYTES), gsUri(object)), gsUri(object));
  }

  /** @param running the job to cancel */
  private async fail(records: Records, failure: Failure, running?: string): Promise<never> {
    // First the record: a delivery that finds the job cancelled then still knows why.
    const { code, message } = await records.fail(this.number, failure);
    if (running !== undefined) await this.cancel(running);
    throw new PermanentError(code, message);
  }

  private async cancel(job: string): Promise<void> {
    try {
      await this.kind.cancel(job);
    } catch (error) {
      const hasEnded = error instanceof GoogleApiError && [400, 404, 409].includes(error.status);
      // The task comes again until its last attempt. Then the step fails although the job runs on.
      if (hasEnded) return;
      if (this.context.attempt < this.environment.MAX_ATTEMPTS) throw error;
      this.context.log.error("The job could not be cancelled", error, { job });
    }
  }

  /** The job may go on while its service does not answer. */
  private unanswered(started: Started, error: GoogleApiError): Again {
    const { poll, redrives, time, log } = this.context;
    const answered = (redrives === undefined && wholeNumber(poll?.state.answered)) || time;
    const { job } = started;
    if (time - answered < PATIENCE) {
      log.warning("No answer about the job", { job, status: error.status, reason: error.reason });
      return this.again(this.nextQuestion(started), answered);
    }
    throw new PermanentError("job_unknown", `No answer about ${job} for an hour; it may go on. ${error.message}`);
  }

  private nextQuestion({ since }: Started): number {
    const { time } = this.context;
    const { POLL_INTERVAL_SECONDS, MAX_DURATION_SECONDS } = this.environment;
    const end = since + MAX_DURATION_SECONDS * 1_000;
    const next = nextPoll(time, since, POLL_INTERVAL_SECONDS);
    return time < end ? Math.min(next, end) : next;
  }

  /** @param answered when the job's service last answered */
  private again(at: number, answered = this.context.time): Again {
    return new Again({ number: this.number, answered }, new Date(at).toISOString());
  }

  /** An object of the step's or the element's folder. */
  private object(name: string): ObjectName {
    return { ...this.folder, name: `${this.folder.name}/${name}` };
  }

  private jobFile(): JobFile {
    const { run, step, index, element, parameters } = this.context;
    return { run, step, index, element, parameters, inputs: this.context.all(), output: gsUri(this.folder) };
  }
}

function variablesOf({ run, step, index, output }: JobFile, file: string): Record<string, string> {
  return {
    PIPELINE_JOB: file,
    PIPELINE_OUTPUT: output,
    PIPELINE_RUN: run,
    PIPELINE_STEP: step,
    ...(index !== undefined && { PIPELINE_INDEX: String(index) }),
  };
}

/** Everybody who may call the function can set the state of a poll. */
function wholeNumber(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
