import { Alarm } from "../core/alarm";
import type { Clock } from "../core/clock";
import type { Job } from "./job";

/**
 * Fires a job by its schedule. "Cloud Scheduler will never allow two simultaneously outstanding executions": one that falls due
 * while the last is under way starts when that has ended (`Job.schedule` in google/cloud/scheduler/v1/job.proto).
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
