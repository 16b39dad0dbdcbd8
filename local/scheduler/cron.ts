import { CronExpressionParser } from "cron-parser";

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/** Lowest and highest number of each field, and what stands for the numbers from the lowest on. */
const FIELDS: readonly (readonly [min: number, max: number, names?: readonly string[]])[] = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12, MONTHS],
  [0, 7, DAYS],
];

/** One part of a list: `*` or a range, maybe with a step, or one value. cron-parser would take more than Google does. */
function valid(part: string, index: number): boolean {
  const [min, max, names = []] = FIELDS[index] as (typeof FIELDS)[number];
  const value = (text: string) => {
    const number = names.includes(text) ? min + names.indexOf(text) : /^\d{1,2}$/.test(text) ? Number(text) : -1;
    return number >= min && number <= max ? number : undefined;
  };
  const [range = "", step, ...more] = part.split("/");
  if (more.length > 0 || (step !== undefined && !(/^\d+$/.test(step) && Number(step) >= 1 && Number(step) <= max)))
    return false;
  if (range === "*") return true;
  const [first, last, ...others] = range.split("-").map(value);
  if (others.length > 0 || first === undefined) return false;
  return range.includes("-") ? last !== undefined && first <= last : step === undefined;
}

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
    if (fields.length !== 5 || !fields.every((field, index) => field.split(",").every((part) => valid(part, index)))) {
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
