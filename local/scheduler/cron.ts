import { CronExpressionParser } from "cron-parser";

const MONTHS = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC";
const DAYS = "SUN|MON|TUE|WED|THU|FRI|SAT";

/** One field of unix-cron: lists of values, ranges and steps. cron-parser would take more (seconds, L, #, ?) than Google does. */
function field(names?: string): RegExp {
  const value = names ? `(?:\\d{1,2}|${names})` : "\\d{1,2}";
  const item = `(?:\\*|${value}(?:-${value})?)(?:/\\d{1,2})?`;
  return new RegExp(`^${item}(?:,${item})*$`, "i");
}

const FIELDS = [field(), field(), field(), field(MONTHS), field(DAYS)];

/** Times of a unix-cron schedule in a time zone. */
export class Cron {
  /**
   * Source: https://docs.cloud.google.com/scheduler/docs/configuring/cron-job-schedules
   *
   * @param timeZone of the tz database; `utc` is one too
   * @throws Error for another form, such as App Engine's English-like one, and for an unknown time zone
   */
  constructor(
    private readonly schedule: string,
    private readonly timeZone = "Etc/UTC",
  ) {
    const fields = schedule.trim().split(/\s+/);
    if (fields.length !== 5 || !FIELDS.every((allowed, index) => allowed.test(fields[index] ?? ""))) {
      throw new Error(`schedule is ${JSON.stringify(schedule)}; simulated: unix-cron of five fields, like 0 3 * * *`);
    }
    try {
      new Intl.DateTimeFormat("en", { timeZone });
    } catch {
      throw new Error(`time_zone is ${JSON.stringify(timeZone)}; allowed: a name of the tz database`);
    }
    this.next(0);
  }

  /** @returns the first time after this one, in milliseconds since 1970 */
  next(after: number): number {
    const options = { currentDate: new Date(after), tz: this.timeZone };
    return CronExpressionParser.parse(this.schedule, options).next().getTime();
  }
}
