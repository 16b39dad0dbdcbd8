import fc from "fast-check";
import { cases } from "../../../../__tests__/support/deep";
import { Cron } from "../../src/scheduler/cron";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/**
 * Zones whose clocks change in unusual ways: by 30 minutes (Lord Howe), by two hours (Troll), at
 * midnight (Asuncion, Cairo, Beirut, Havana), at a minute past it (St John's until 2011), by a
 * whole day (Apia, which had no December 30th in 2011), back for Ramadan (Casablanca), and quarter
 * hours (Chatham).
 */
const ODD_ZONES = [
  "Australia/Lord_Howe",
  "Antarctica/Troll",
  "America/Asuncion",
  "Africa/Cairo",
  "Asia/Beirut",
  "America/Havana",
  "America/St_Johns",
  "Pacific/Apia",
  "Africa/Casablanca",
  "Pacific/Chatham",
  "Europe/Berlin",
  "Etc/UTC",
];
const zone = fc.oneof(
  fc.constantFrom(...ODD_ZONES),
  fc.constantFrom(...ODD_ZONES.slice(0, -1)),
  fc.constantFrom(...Intl.supportedValuesOf("timeZone")),
);

/** The text that a clock in the zone shows, such as `Sun 4/5/2026, 01:45`. */
const clockOf = (timeZone: string) => {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    weekday: "short",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
  });
  return (time: number) => {
    const [, weekday = "", month, day, hour, minute] =
      /^(\w+), (\d+)\/(\d+)\/\d+, (\d+):(\d+)$/.exec(format.format(time)) ?? [];
    return {
      weekday: ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"].indexOf(weekday),
      ...{ month: Number(month), day: Number(day), hour: Number(hour), minute: Number(minute) },
    };
  };
};

/** Days on which the zone's clock changes, and a day on which it does not. */
const changes = new Map<string, number[]>();
function changesOf(timeZone: string): number[] {
  const known = changes.get(timeZone);
  if (known) return known;
  const clock = clockOf(timeZone);
  const found = [Date.UTC(2026, 5, 15)];
  const start = Date.UTC(2010, 0, 1);
  for (let day = start, before = ""; day < Date.UTC(2027, 0, 1); day += DAY) {
    const { hour, minute } = clock(day);
    if (before !== "" && before !== `${hour}:${minute}`) found.push(day - DAY);
    before = `${hour}:${minute}`;
  }
  const listed = [...found.slice(0, 6), ...found.slice(-4)];
  changes.set(timeZone, listed);
  return listed;
}

interface Field {
  readonly text: string;
  readonly fits: (value: number) => boolean;
}

const star: Field = { text: "*", fits: () => true };
const oneOf = (min: number, max: number): fc.Arbitrary<Field> => {
  const value = fc.integer({ min, max });
  return fc.oneof(
    fc.constant(star),
    fc
      .uniqueArray(value, { minLength: 1, maxLength: 3 })
      .map((values) => ({ text: values.join(), fits: (given: number) => values.includes(given) })),
    fc.tuple(value, value).map(([a, b]) => {
      const [first, last] = [Math.min(a, b), Math.max(a, b)];
      return { text: `${first}-${last}`, fits: (given: number) => given >= first && given <= last };
    }),
    fc.integer({ min: 2, max: 20 }).map((step) => ({
      text: `*/${Math.min(step, max)}`,
      fits: (given: number) => (given - min) % Math.min(step, max) === 0,
    })),
  );
};
const mostly = (field: fc.Arbitrary<Field>) => fc.oneof(fc.constant(star), fc.constant(star), field);
const schedule = fc.tuple(oneOf(0, 59), oneOf(0, 5), mostly(oneOf(1, 31)), mostly(oneOf(1, 12)), mostly(oneOf(0, 6)));

test("a schedule comes at the minutes that its zone's clock shows, each as often as it shows it, and at no others", () => {
  const place = zone.chain((timeZone) => fc.tuple(fc.constant(timeZone), fc.constantFrom(...changesOf(timeZone))));
  fc.assert(
    fc.property(place, schedule, fc.nat(MINUTE - 1), ([timeZone, day], [minute, hour, date, month, weekday], part) => {
      const clock = clockOf(timeZone);
      const end = day + 3 * DAY;
      const expected: number[] = [];
      for (let time = day + MINUTE; time < end; time += MINUTE) {
        const shown = clock(time);
        const either = date.text !== "*" && weekday.text !== "*";
        const [fitsDate, fitsWeekday] = [date.fits(shown.day), weekday.fits(shown.weekday)];
        const fitsDay = either ? fitsDate || fitsWeekday : fitsDate && fitsWeekday;
        if (fitsDay && minute.fits(shown.minute) && hour.fits(shown.hour) && month.fits(shown.month))
          expected.push(time);
      }
      const cron = new Cron([minute, hour, date, month, weekday].map(({ text }) => text).join(" "), timeZone);
      const found: number[] = [];
      for (let time = cron.next(day + part); time < end && found.length <= expected.length; time = cron.next(time)) {
        found.push(time);
      }
      expect(found.map((time) => new Date(time).toISOString())).toEqual(
        expected.map((time) => new Date(time).toISOString()),
      );
    }),
    { numRuns: cases(100) },
  );
});

const times = (text: string, timeZone: string, after: string, count: number) => {
  const cron = new Cron(text, timeZone);
  const found: string[] = [];
  for (let time = cron.next(Date.parse(after)); found.length < count; time = cron.next(time)) {
    found.push(new Date(time).toISOString().slice(0, 16));
  }
  return found;
};

test.each([
  // Sources of the changes: the tz database, https://www.iana.org/time-zones.
  [
    "half an hour forth",
    "15 2 * * *",
    "Australia/Lord_Howe",
    "2026-10-02T00:00Z",
    ["2026-10-02T15:45", "2026-10-04T15:15"],
  ],
  [
    "half an hour back",
    "45 1 * * *",
    "Australia/Lord_Howe",
    "2026-04-03T16:00Z",
    ["2026-04-04T14:45", "2026-04-04T15:15", "2026-04-05T15:15"],
  ],
  ["midnight, skipped", "0 0 * * *", "Africa/Cairo", "2026-04-22T00:00Z", ["2026-04-22T22:00", "2026-04-24T21:00"]],
  [
    "midnight, skipped; hourly",
    "0 * * * *",
    "Africa/Cairo",
    "2026-04-23T20:00Z",
    ["2026-04-23T21:00", "2026-04-23T22:00"],
  ],
  ["a day, skipped", "0 12 30 12 *", "Pacific/Apia", "2011-01-01T00:00Z", ["2012-12-29T22:00"]],
  [
    "an hour, twice",
    "30 2 * * *",
    "Europe/Berlin",
    "2026-10-24T12:00Z",
    ["2026-10-25T00:30", "2026-10-25T01:30", "2026-10-26T01:30"],
  ],
  ["February 29th", "0 0 29 2 *", "Etc/UTC", "2096-03-01T00:00Z", ["2104-02-29T00:00"]],
])("clocks that change by %s: %s in %s", (_name, text, timeZone, after, expected) => {
  expect(times(text, timeZone, after, expected.length)).toEqual(expected);
});

test("a schedule that no day fits is refused", () => {
  for (const timeZone of ["Etc/UTC", "Australia/Lord_Howe"]) {
    expect(() => new Cron("0 0 30 2 *", timeZone)).toThrow('schedule is "0 0 30 2 *", which no day fits');
  }
});

test("Sunday is 0 and 7, and a star with a step begins at the first day", () => {
  const sundays = ["2026-01-04T00:00", "2026-01-11T00:00"];
  for (const day of ["0", "7", "SUN"]) {
    expect(times(`0 0 * * ${day}`, "Etc/UTC", "2026-01-01T00:00Z", 2)).toEqual(sundays);
  }
  expect(times("0 0 * * */7", "Etc/UTC", "2026-01-01T00:00Z", 2)).toEqual(sundays);
  expect(times("0 0 * * 5-7", "Etc/UTC", "2026-01-01T00:00Z", 3)).toEqual([
    "2026-01-02T00:00",
    "2026-01-03T00:00",
    "2026-01-04T00:00",
  ]);
});
