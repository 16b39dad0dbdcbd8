/**
 * Tells whether Cloud Scheduler accepts a schedule: unix-cron, or App Engine's English-like
 * notation.
 *
 * Sources: `Job.schedule` in google/cloud/scheduler/v1/job.proto;
 * https://docs.cloud.google.com/scheduler/docs/configuring/cron-job-schedules (read 2026-11).
 */
export function isSchedule(schedule: string): boolean {
  return isUnixCron(schedule) || isEnglishLike(schedule);
}

interface Field {
  readonly min: number;
  readonly max: number;
  /**
   * Names for the numbers from `min` on: three capital letters, as on that page.
   * @default - none
   */
  readonly names?: readonly string[];
}

const FIELDS: readonly Field[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"] },
  { min: 0, max: 7, names: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"] },
];

/**
 * Five fields of lists, ranges and steps. Extensions of other crons are refused: seconds, `L`, `W`,
 * `#`, `?`, `H`, `@daily`.
 */
function isUnixCron(schedule: string): boolean {
  const fields = schedule.trim().split(/\s+/);
  if (fields.length !== FIELDS.length) return false;
  return (
    FIELDS.every((field, index) => itemsOf(fields[index]).every((item) => isItem(item, field))) && dayExists(fields)
  );
}

function itemsOf(field = ""): string[] {
  return field.split(",");
}

/** `*`, a value, or a range of two values. `*` and ranges may have a step. */
function isItem(item: string, field: Field): boolean {
  const [, range = "", step] = /^([^/]+)(?:\/(\d+))?$/.exec(item) ?? [];
  if (step !== undefined && !(Number(step) >= 1 && Number(step) <= field.max)) return false;
  if (range === "*") return true;
  const [first = Number.NaN, last] = range.split("-").map((value) => numberOf(value, field));
  if (range.split("-").length > 2 || Number.isNaN(first)) return false;
  return last === undefined ? step === undefined : first <= last;
}

/** NaN where the text is not a value of the field. */
function numberOf(text: string, { min, max, names = [] }: Field): number {
  const value = names.includes(text) ? min + names.indexOf(text) : /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : Number.NaN;
}

/** The greatest number of days in each month. */
const MONTH_LENGTHS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * False for a day that no month has, such as February 30th. A day of the week is enough where both
 * are given.
 */
function dayExists([, , days = "", months = "", weekdays = ""]: readonly string[]): boolean {
  if (days === "*" || weekdays !== "*") return true;
  const [dayField, monthField] = [FIELDS[2] as Field, FIELDS[3] as Field];
  const earliest = Math.min(...itemsOf(days).map((item) => firstOf(item, dayField)));
  const longest = MONTH_LENGTHS.filter((_, index) => itemsOf(months).some((item) => isIn(index + 1, item, monthField)));
  return longest.some((length) => earliest <= length);
}

/** The lowest number of a valid item. */
function firstOf(item: string, field: Field): number {
  const [range = ""] = item.split("/");
  return range === "*" ? field.min : numberOf(range.split("-")[0] ?? "", field);
}

function isIn(value: number, item: string, field: Field): boolean {
  const [range = "", step = "1"] = item.split("/");
  const first = firstOf(item, field);
  const last = range === "*" ? field.max : numberOf(range.split("-").at(-1) ?? "", field);
  return value >= first && value <= last && (value - first) % Number(step) === 0;
}

const list = (item: string) => `(?:${item})(?:,(?:${item}))*`;
const TIME = "(?:[01]?\\d|2[0-3]):[0-5]\\d";
const ORDINAL = "1st|first|2nd|second|3rd|third|4th|fourth|5th|fifth";
const WEEKDAY = "mon(?:day)?|tue(?:sday)?|wed(?:nesday)?|thu(?:rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?";
const MONTH =
  "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:tember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?";
const DAYS = `(?:every|${list(ORDINAL)}) (?:day|${list(WEEKDAY)})`;
const MONTH_DAYS = list("[1-9]|[12]\\d|3[01]");
const MONTHS = `month|${list(MONTH)}|quarter|${list("1st|first|2nd|second|3rd|third")} month of quarter`;

/**
 * Certain days at a time of day: `every monday 09:00`, `1st,third mon,wed of month 04:00`,
 * `1 of jan,jul 0:15`.
 */
const AT_TIMES = new RegExp(`^(?:${DAYS}(?: of (?:${MONTHS}))?|${MONTH_DAYS} of (?:${MONTHS})) ${TIME}$`);
/**
 * Intervals: `every 5 minutes`, `every 2 hours from 10:00 to 14:00`, `every 12 hours synchronized`.
 */
const INTERVAL = new RegExp(`^every (\\d{1,5}) (hours|mins|minutes)(?: from ${TIME} to ${TIME}| (synchronized))?$`);

/**
 * App Engine's notation. Synchronized intervals must divide a day. Sources: the grammar in
 * github.com/GoogleCloudPlatform/appengine-java-standard, Groc.g, and groctimespecification of the
 * same SDK.
 */
function isEnglishLike(schedule: string): boolean {
  const words = schedule
    .trim()
    .replace(/\s*,\s*/g, ",")
    .replace(/\s+/g, " ");
  const [interval, count, unit, synchronized] = INTERVAL.exec(words) ?? [];
  if (interval === undefined) return AT_TIMES.test(words);
  const minutes = Number(count) * (unit === "hours" ? 60 : 1);
  return minutes > 0 && (synchronized === undefined || (24 * 60) % minutes === 0);
}
