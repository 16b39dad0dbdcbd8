import fc from "fast-check";
import { isSchedule } from "../../lib/core/cron";
import { Cron } from "../../packages/emulator/src/scheduler/cron";

/** Sources: see `lib/core/cron.ts`. */
const UNIX = [
  "* * * * *",
  "0 3 * * *",
  "*/5 * * * *",
  "0-30/10 8-18 * * MON-FRI",
  "0 0 1,15 JAN,JUL *",
  "59 23 31 12 7",
  "0 0 * JAN-MAR SUN",
  "  0  3 * * *  ",
];

const ENGLISH = [
  "every 5 minutes",
  "every 1 mins",
  "every 12 hours",
  "every 2 hours from 10:00 to 14:00",
  "every 5 mins from 9:30 to 17:00",
  "every 2 hours synchronized",
  "every day 00:00",
  "every monday 09:00",
  "every mon,wed,fri 9:00",
  "2nd,third mon,wed,thu of march 17:00",
  "1st monday of sep,oct,nov 17:00",
  "1st , third mon,wed of month 04:00",
  "1 of jan,april,july,oct 00:00",
  "1st sunday 12:00",
  "first sunday of quarter 00:00",
  "1,15 of 2nd month of quarter 10:30",
];

const REFUSED = [
  // Other crons' extensions.
  "0 3 L * ?",
  "0 3 L * *",
  "0 0 * * 1#2",
  "0 0 * * 5L",
  "0 0 15W * *",
  "H 3 * * *",
  "0 0 ? * MON",
  "0 0 3 * * *",
  "@daily",
  "@every 5m",
  // Out of the fields' ranges, backwards, not a step.
  "60 * * * *",
  "0 24 * * *",
  "0 0 0 * *",
  "0 0 1 13 *",
  "0 0 * * 8",
  "30-10 * * * *",
  "0 0 * * FRI-MON",
  "*/0 * * * *",
  "*/60 * * * *",
  "5/15 * * * *",
  "1-2-3 * * * *",
  "*/5/5 * * * *",
  "0,,1 * * * *",
  ", * * * *",
  "* * * *",
  "0 0 30 2 *",
  "0 0 * JANUARY *",
  "0 0 * * mon",
  "-1 * * * *",
  "1.5 * * * *",
  // Not App Engine's grammar.
  "every nonsense",
  "every",
  "every minute",
  "every 5",
  "every 0 minutes",
  "every 5 seconds",
  "every 5 days",
  "every hour",
  "every monday",
  "every monday 25:00",
  "every monday 09:60",
  "monday 09:00",
  "32 of month 00:00",
  "6th monday of month 00:00",
  "every 5 minutes from 10:00",
  "every 7 hours synchronized",
  "every 5 minutes every day",
  "",
];

describe("schedules", () => {
  test.each([...UNIX, ...ENGLISH])("Cloud Scheduler takes %j", (schedule) => {
    expect(isSchedule(schedule)).toBe(true);
  });

  test.each(REFUSED)("Cloud Scheduler does not take %j", (schedule) => {
    expect(isSchedule(schedule)).toBe(false);
  });

  const simulated = (schedule: string) => {
    try {
      return new Cron(schedule) !== undefined;
    } catch {
      return false;
    }
  };

  test("the emulator runs unix-cron as the library takes it, and names English-like ones as not simulated", () => {
    expect(UNIX.filter(simulated)).toEqual(UNIX);
    expect(REFUSED.filter(simulated)).toEqual([]);
    for (const schedule of ENGLISH) expect(() => new Cron(schedule)).toThrow(`schedule is ${JSON.stringify(schedule)}`);
  });

  test("library and emulator agree about any five fields", () => {
    const part = fc.constantFrom(
      "*",
      "0",
      "1",
      "5",
      "7",
      "12",
      "31",
      "59",
      "60",
      "MON",
      "JAN",
      "L",
      "?",
      "1-5",
      "5-1",
      "*/2",
      "1-9/3",
      "3/2",
      "1#2",
      "H",
      "",
    );
    const field = fc.array(part, { minLength: 1, maxLength: 2 }).map((parts) => parts.join(","));
    fc.assert(
      fc.property(fc.array(field, { minLength: 5, maxLength: 5 }), (fields) => {
        const schedule = fields.join(" ");
        expect(isSchedule(schedule)).toBe(simulated(schedule));
      }),
      { numRuns: 2000 },
    );
  });
});
