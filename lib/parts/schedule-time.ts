import { isSchedule } from "../core/cron";
import { isKnown, type Rule } from "../core/validation";

/** When a schedule runs. */
export interface ScheduleTime {
  /**
   * Five fields of unix-cron, such as `0 3 * * *`, or App Engine's notation, such as
   * `every 5 minutes` or `every monday 09:00`. Extensions of other crons are not in Google's
   * grammar: `L`, `#`, `?`, `H`, `@daily`.
   */
  readonly cron: string;
  /**
   * Name in the tz database.
   * @default "Etc/UTC"
   */
  readonly timeZone?: string;
}

/** Rules of Cloud Scheduler for a time, shared by schedules and settings. */
export function scheduleRules(cron: string, timeZone: string): Rule[] {
  return [
    {
      code: "InvalidSchedule",
      broken: isKnown(cron) && !isSchedule(cron),
      message: `schedule is "${cron}"; allowed are five fields of unix-cron such as "0 3 * * *" (numbers, JAN to DEC, SUN to SAT, lists, ranges, and steps behind * or a range), or App Engine's notation such as "every 5 minutes" or "every monday 09:00"`,
    },
    {
      code: "InvalidSchedule",
      broken: !isTimeZone(timeZone),
      message: `time zone is "${timeZone}"; allowed is a name of the tz database such as Europe/Zurich`,
    },
  ];
}

function isTimeZone(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone });
    return true;
  } catch {
    return false;
  }
}
