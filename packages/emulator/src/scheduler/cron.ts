import { ZonedClock } from "./zoned-clock";

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/** Lowest and highest number of each field, and the names of the numbers from the lowest on. */
const FIELDS: readonly (readonly [min: number, max: number, names?: readonly string[]])[] = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12, MONTHS],
  [0, 7, DAYS],
];

/**
 * Milliseconds. February 29th may be eight years away; a schedule that has no time in four times as
 * many never has one.
 */
const HORIZON = 32 * 366 * 86_400_000;
const MINUTE = 60_000;
const MINUTES_OF_A_DAY = 24 * 60;

/** Times of a unix-cron schedule in a time zone. */
export class Cron {
  private readonly minutes: ReadonlySet<number>;
  private readonly hours: ReadonlySet<number>;
  private readonly days: ReadonlySet<number>;
  private readonly months: ReadonlySet<number>;
  private readonly weekdays: ReadonlySet<number>;
  /** Days of the month and of the week are both given: one of them is enough. */
  private readonly eitherDay: boolean;
  private readonly clock: ZonedClock;

  /**
   * Source: https://docs.cloud.google.com/scheduler/docs/configuring/cron-job-schedules
   *
   * @param timeZone of the tz database; `utc` is one too
   * @throws Error for another form, such as App Engine's English-like one, for an unknown time
   *   zone, and for a schedule that no day fits
   */
  constructor(
    private readonly schedule: string,
    timeZone = "Etc/UTC",
  ) {
    const fields = schedule.trim().split(/\s+/);
    const values = fields.map((field, index) => valuesOf(field, index));
    const [minutes, hours, days, months, weekdays] = values;
    if (values.length !== 5 || !minutes || !hours || !days || !months || !weekdays) {
      throw new Error(`schedule is ${JSON.stringify(schedule)}; simulated: unix-cron of five fields, like 0 3 * * *`);
    }
    this.minutes = minutes;
    this.hours = hours;
    this.days = days;
    this.months = months;
    this.weekdays = new Set([...weekdays].map((day) => day % 7));
    this.eitherDay = fields[2] !== "*" && fields[4] !== "*";
    try {
      this.clock = new ZonedClock(timeZone);
    } catch {
      throw new Error(`time_zone is ${JSON.stringify(timeZone)}; allowed: a name of the tz database`);
    }
    this.next(0);
  }

  /**
   * The first time after this one at which the zone's clock shows a minute that fits. "Cloud
   * Scheduler runs on wall clock time": what a clock skips is skipped, and what it shows twice
   * comes twice (the page says no more than "run or not run unexpectedly").
   *
   * @returns milliseconds since 1970
   */
  next(after: number): number {
    let time = (Math.floor(after / MINUTE) + 1) * MINUTE;
    const end = time + HORIZON;
    while (time < end) {
      const wait = this.minutesToWait(time);
      if (wait === 0) return time;
      time = this.clock.advance(time, wait);
    }
    throw new Error(`schedule is ${JSON.stringify(this.schedule)}, which no day fits`);
  }

  /**
   * 0 where the clock shows a time that fits; else no more than there is until the next hour, day,
   * or fitting minute.
   */
  private minutesToWait(time: number): number {
    const { minute, hour, day, month, weekday } = this.clock.read(time);
    const fits = [this.days.has(day), this.weekdays.has(weekday)];
    if (!this.months.has(month) || !(this.eitherDay ? fits.some(Boolean) : fits.every(Boolean))) {
      return MINUTES_OF_A_DAY - hour * 60 - minute;
    }
    if (!this.hours.has(hour)) return 60 - minute;
    for (let later = minute; later < 60; later++) if (this.minutes.has(later)) return later - minute;
    return 60 - minute;
  }
}

/**
 * Numbers of a field: a list of `*`, ranges, both with a step or without, and values.
 *
 * @returns undefined for another form
 */
function valuesOf(field: string, index: number): ReadonlySet<number> | undefined {
  const [min, max] = FIELDS[index] ?? [0, -1];
  const values = new Set<number>();
  for (const part of field.split(",")) {
    const range = rangeOf(part, index);
    if (!range) return undefined;
    for (let value = Math.max(range.first, min); value <= Math.min(range.last, max); value += range.step)
      values.add(value);
  }
  return values;
}

function rangeOf(part: string, index: number): { first: number; last: number; step: number } | undefined {
  const [min, max, names = []] = FIELDS[index] ?? [0, -1];
  const value = (text: string) => {
    const number = names.includes(text) ? min + names.indexOf(text) : /^\d{1,2}$/.test(text) ? Number(text) : -1;
    return number >= min && number <= max ? number : undefined;
  };
  const [range = "", step, ...more] = part.split("/");
  if (more.length > 0 || (step !== undefined && !(/^\d+$/.test(step) && Number(step) >= 1 && Number(step) <= max)))
    return undefined;
  const every = Number(step ?? 1);
  // Sunday is 0 and 7: a star means each day once.
  if (range === "*") return { first: min, last: index === 4 ? 6 : max, step: every };
  const [first, last, ...others] = range.split("-").map(value);
  if (others.length > 0 || first === undefined) return undefined;
  if (!range.includes("-")) return step === undefined ? { first, last: first, step: every } : undefined;
  return last !== undefined && first <= last ? { first, last, step: every } : undefined;
}
