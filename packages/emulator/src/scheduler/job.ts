import { Alarm } from "../core/alarm";
import { backoff } from "../core/backoff";
import type { Clock } from "../core/clock";
import type { EmulatorContext, Invocation } from "../core/emulator";
import { bearer } from "../core/identity";
import { rfc3339 } from "../core/values";
import type { JobSettings } from "./job-settings";

/** How one execution of a job ended. */
export interface Execution {
  /** HTTP status of the last attempt; 0 without an answer. */
  readonly status: number;
  readonly attempts: number;
  readonly succeeded: boolean;
}

/** A job: executes on request, and retries as its settings say. */
export class Job {
  /** Executions that have not ended. */
  running = 0;
  /** Milliseconds since 1970. */
  lastAttempt?: number;
  /** HTTP status of the last attempt that ended; 0 without an answer. */
  lastStatus?: number;
  private stopped = false;
  /** Ends the waits between attempts. */
  private readonly waits = new Set<() => void>();

  constructor(
    private readonly context: EmulatorContext,
    readonly settings: JobSettings,
  ) {}

  /**
   * Executes the job as of a time: attempts until one is answered 2xx, "retry_count times, or until
   * the next scheduled execution time, whichever comes first", and, with a `max_retry_duration`,
   * "until both limits are reached" (`RetryConfig` in google/cloud/scheduler/v1/job.proto).
   *
   * @param scheduled milliseconds since 1970, for the target
   * @param until when the next execution is due; no retry begins then or later
   */
  async execute(scheduled: number, until = Number.POSITIVE_INFINITY): Promise<Execution> {
    const { clock } = this.context;
    this.running++;
    const first = clock.now();
    for (let attempts = 1; ; attempts++) {
      const status = await this.attempt(scheduled, attempts);
      const succeeded = status >= 200 && status < 300;
      const retryAt = clock.now() + backoff(attempts, this.settings.backoff);
      if (succeeded || this.stopped || this.isSpent(attempts, clock.now() - first) || retryAt >= until) {
        this.running--;
        return { status, attempts, succeeded };
      }
      await this.waitUntil(retryAt);
    }
  }

  /** No attempt begins afterwards; executions end as they are. */
  stop(): void {
    this.stopped = true;
    for (const end of this.waits) end();
  }

  private async waitUntil(time: number): Promise<void> {
    let end = () => {};
    await new Promise<void>((resolve) => {
      const cancel = this.context.clock.at(time, resolve);
      end = () => {
        cancel();
        resolve();
      };
      this.waits.add(end);
    });
    this.waits.delete(end);
  }

  private isSpent(attempts: number, elapsed: number): boolean {
    const { retryCount, maxRetryDuration } = this.settings;
    return retryCount === 0 || (attempts > retryCount && elapsed >= maxRetryDuration);
  }

  private async attempt(scheduled: number, attempt: number): Promise<number> {
    const { clock, invoker, recorder } = this.context;
    if (this.stopped) return this.lastStatus ?? 0;
    const start = clock.now();
    this.lastAttempt = start;
    const { status, failure } = await invoker.invoke(this.request(scheduled));
    if (this.stopped) return status;
    this.lastStatus = status;
    recorder.hop({
      from: `schedule ${this.settings.id}`,
      to: this.settings.target.url,
      what: `execution of ${rfc3339(scheduled)}`,
      attempt,
      status: failure ? (failure === "deadline" ? "DEADLINE_EXCEEDED" : "UNAVAILABLE") : String(status),
      duration: clock.now() - start,
    });
    return status;
  }

  /** Headers: `HttpTarget.headers` in google/cloud/scheduler/v1/target.proto. */
  private request(scheduled: number): Invocation {
    const { id, attemptDeadline, target } = this.settings;
    const { url, method, body, identity } = target;
    const headers = Object.entries(target.headers).filter(
      ([name]) => !identity || name.toLowerCase() !== "authorization",
    );
    return {
      url,
      method,
      body,
      deadline: attemptDeadline,
      headers: {
        ...Object.fromEntries(headers),
        ...(identity ? { Authorization: bearer(this.context.tokens, identity, url) } : {}),
        "User-Agent": "Google-Cloud-Scheduler",
        "X-CloudScheduler": "true",
        "X-CloudScheduler-JobName": id,
        "X-CloudScheduler-ScheduleTime": rfc3339(scheduled),
      },
    };
  }
}

/**
 * Fires a job by its schedule. "Cloud Scheduler will never allow two simultaneously outstanding
 * executions": one that falls due while the last is under way starts when that has ended
 * (`Job.schedule` in google/cloud/scheduler/v1/job.proto).
 */
export class Ticker {
  private readonly alarm: Alarm;
  private due: number;

  constructor(
    private readonly clock: Clock,
    private readonly job: Job,
  ) {
    this.due = job.settings.cron.next(clock.now());
    this.alarm = new Alarm(clock, () => void this.fire());
    this.alarm.set(this.due);
  }

  stop(): void {
    this.alarm.stop();
  }

  private async fire(): Promise<void> {
    const scheduled = this.due;
    this.due = this.job.settings.cron.next(scheduled);
    await this.job.execute(scheduled, this.due);
    this.alarm.set(Math.max(this.due, this.clock.now()));
  }
}
