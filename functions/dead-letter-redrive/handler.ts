import * as v from "valibot";
import { apiHandler } from "../shared/api-handler";
import { forEachConcurrently } from "../shared/concurrency";
import { isInvalidRequest } from "../shared/errors";
import type { HttpHandler } from "../shared/http";
import type { Services } from "../shared/services";
import type { environmentSchema, Origin } from "./environment";
import { KeptLetters, type Letter } from "./kept-letters";
import { Pace } from "./pace";
import { wayBack } from "./way-back";

/** Letters that are put back at the same time. */
const CONCURRENCY = 16;
/** Different reasons why letters stay that an answer lists. */
const MAX_REASONS = 20;

/**
 * Puts kept dead letters back to where they came from: tasks to their queue, messages to the one
 * subscriber that failed. Each is put back first and acknowledged after, so none is lost; a
 * repeated letter carries the same identity, so its effect happens once.
 *
 * A call ends before the function's timeout. `done: false` in the answer asks for another call,
 * with the `before` of the first answer: else what fails at once and is kept again would go round.
 */
export function createHandler(
  { ORIGINS }: v.InferOutput<typeof environmentSchema>,
  { google, ...services }: Services,
): HttpHandler {
  const nameOf = ({ kept }: Origin) => kept.split("/").at(-1) as string;
  const schema = v.strictObject(
    {
      /** Moves only letters whose `deadLetterReason` is this. Default: all. */
      reason: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(1024))),
      /** Letters at most that this call moves, 1 to 10000. */
      max: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000)), 1_000),
      /** Letters that are moved per second, 0.1 to 500. */
      perSecond: v.optional(v.pipe(v.number(), v.minValue(0.1), v.maxValue(500)), 10),
      /** Name of the subscription that keeps the letters. Default: all of this function. */
      source: v.optional(v.picklist(ORIGINS.map(nameOf))),
      /** Moves only letters that were kept by then, RFC 3339. Default: now. */
      before: v.optional(v.pipe(v.string(), v.check(isTime, "a time like 2026-01-31T12:00:00.000Z"))),
    },
    "an object with reason, max, perSecond, source and before, all optional",
  );

  return apiHandler({
    services,
    schema,
    status: 200,
    handle: async ({ reason, max, perSecond, source, before = new Date().toISOString() }, { log, signal }) => {
      const pace = new Pace(perSecond);
      const stays = new Stays();
      /** Redrives of what this call put back. */
      const back = new Map<string, number>();
      let moved = 0;
      let done = true;

      const move = async (letters: KeptLetters, letter: Letter, origin: Origin) => {
        const { deadLetterReason = "none" } = letter.attributes;
        if (reason !== undefined && deadLetterReason !== reason) return stays.add(`other reason: ${deadLetterReason}`);
        const way = wayBack(letter, origin);
        if (typeof way === "string") return stays.add(way);
        // Its letter of an earlier failure may be there twice, and then goes back twice.
        const cameBack = way.redrives > (back.get(way.identity) ?? way.redrives);
        if (cameBack || Date.parse(letter.publishTime) > Date.parse(before)) {
          return stays.add(`kept since this redrive began: ${deadLetterReason}`);
        }
        back.set(way.identity, way.redrives);
        if (signal.aborted || !(await pace.turn())) {
          done = false;
          return;
        }
        try {
          await way.put(google);
        } catch (error) {
          if (!isInvalidRequest(error)) throw error;
          return stays.add(`refused: ${error.message}`);
        }
        await letters.acknowledge(letter);
        moved++;
      };

      for (const origin of source === undefined ? ORIGINS : ORIGINS.filter((each) => nameOf(each) === source)) {
        const letters = new KeptLetters(google, origin.kept);
        try {
          while (done) {
            if (moved >= max || pace.isOver || signal.aborted) done = false;
            const page = done ? await letters.pull(max - moved) : [];
            if (page.length === 0) break;
            await forEachConcurrently(page, CONCURRENCY, (letter) => move(letters, letter, origin));
          }
        } finally {
          await letters.release().catch((error) => log.error("Letters stay on their lease", error));
        }
      }
      log.info("Redrove", { moved, skipped: stays.count, done });
      return { moved, skipped: stays.count, why: stays.reasons, before, done };
    },
  });
}

function isTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(text) && !Number.isNaN(Date.parse(text));
}

/** Why letters stay in the dead letter, and how many for each reason. */
class Stays {
  count = 0;
  readonly reasons: Record<string, number> = {};

  add(why: string): void {
    this.count++;
    const isListed = Object.hasOwn(this.reasons, why) || Object.keys(this.reasons).length < MAX_REASONS;
    const key = isListed ? why : "others";
    this.reasons[key] = (this.reasons[key] ?? 0) + 1;
  }
}
