const MINUTE = 60_000;

/** What a clock shows. Months from 1, weekdays from 0 for Sunday. */
export interface Reading {
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
}

/** The clock of a time zone, by the tz database that Node brings along. */
export class ZonedClock {
  private readonly format: Intl.DateTimeFormat;
  /**
   * The last time that was read, and what the clock shows then. The next read often asks for the
   * same.
   */
  private last = { time: Number.NaN, shown: Number.NaN };

  /** @throws RangeError for a time zone that there is not */
  constructor(timeZone: string) {
    this.format = new Intl.DateTimeFormat("en-US", {
      timeZone,
      calendar: "gregory",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
    });
  }

  /** @param time milliseconds since 1970 */
  read(time: number): Reading {
    const shown = new Date(this.shown(time));
    return {
      month: shown.getUTCMonth() + 1,
      day: shown.getUTCDate(),
      weekday: shown.getUTCDay(),
      hour: shown.getUTCHours(),
      minute: shown.getUTCMinutes(),
    };
  }

  /**
   * Later by so many minutes, but not beyond a change of the clock: then the first minute after it.
   *
   * @param time a whole minute, in milliseconds since 1970
   * @param minutes 1 to 1440; a clock changes at most once in a day
   */
  advance(time: number, minutes: number): number {
    const offset = this.offset(time);
    const target = time + minutes * MINUTE;
    if (this.offset(target) === offset) return target;
    let before = 0;
    let after = minutes;
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (this.offset(time + middle * MINUTE) === offset) before = middle;
      else after = middle;
    }
    return time + after * MINUTE;
  }

  /** Milliseconds that the clock is ahead of UTC. */
  private offset(time: number): number {
    return this.shown(time) - time;
  }

  /** What the clock shows, as if it were UTC. */
  private shown(time: number): number {
    if (this.last.time === time) return this.last.shown;
    const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
    for (const { type, value } of this.format.formatToParts(time)) parts[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = parts;
    this.last = { time, shown: Date.UTC(year, month - 1, day, hour, minute) };
    return this.last.shown;
  }
}
