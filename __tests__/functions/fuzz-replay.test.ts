import * as fc from "fast-check";
import { FakeGoogle } from "../support/fake-google";
import { finishedRuns } from "../support/finished-runs";
import { effectsIn, printRun, RUNS, SEED, startTarget } from "../support/fuzzing";
import type { Reply, Served } from "../support/serve";
import { type Delivery, FINISHED_RUNS, type Folder, type Target, targets } from "../support/targets";

// Valid tasks, messages and requests, delivered again and again, in any order and at the same time.

/** Each delivers some ten requests. */
const SCHEDULES = Math.ceil(RUNS / 50);

let google: FakeGoogle;
let runs: Record<string, string>;
const served: Served[] = [];

beforeAll(async () => {
  google = await FakeGoogle.start();
  runs = await finishedRuns(FINISHED_RUNS);
});
afterAll(async () => {
  await Promise.all([google, ...served].map((server) => server.stop()));
  printRun(`${SCHEDULES} schedules of deliveries a function`);
});

/**
 * Which delivery, and whose turn: those of the same turn go out together, and only then the next.
 */
interface Turn {
  readonly delivery: number;
  readonly turn: number;
  /** What its task's header or its envelope says. */
  readonly retries: number;
}

const again = fc.array(fc.record({ delivery: fc.nat(7), turn: fc.nat(5), retries: fc.nat(2) }), { maxLength: 12 });
const once = fc.array(fc.nat(5), { minLength: 8, maxLength: 8 });

test.each(Object.entries(targets))(
  "%s: repeated and reordered deliveries have the effects of one each",
  async (name, target) => {
    const server = await startTarget(name as Folder, google);
    served.push(server);
    const prepare = () => {
      google.reset();
      return target.prepare(google, { runs, upload: (file) => file });
    };
    const all = prepare();
    const before = effectsIn(google);
    for (const delivery of all) await deliver(server, target, delivery, 0);
    const expected = effectsIn(google);
    // Each leaves something.
    expect(expected.length - before.length).toBeGreaterThanOrEqual(all.length);

    const repeated = fc.asyncProperty(once, again, async (firsts, more) => {
      const deliveries = prepare();
      const turns: Turn[] = [
        ...deliveries.map((_, delivery) => ({ delivery, turn: firsts[delivery] ?? 0, retries: 0 })),
        ...more.map((turn) => ({ ...turn, delivery: turn.delivery % deliveries.length })),
      ];
      for (const now of new Set(turns.map(({ turn }) => turn).sort())) {
        const together = turns.filter(({ turn }) => turn === now);
        const replies = await Promise.all(
          together.map(({ delivery, retries }) => deliver(server, target, deliveries[delivery] as Delivery, retries)),
        );
        expect(replies.map(({ status }) => status).filter((status) => status > 204)).toEqual([]);
      }
      expect(effectsIn(google)).toEqual(expected);
      expect(google.published).toEqual([]);
      // Nothing is overwritten, be it with the same.
      expect(google.requests.filter((line) => !target.mayAsk.test(line))).toEqual([]);
    });
    await fc.assert(repeated, { numRuns: SCHEDULES, seed: SEED });
  },
  60_000 + RUNS * 50,
);

function deliver(server: Served, { calledBy }: Target, delivery: Delivery, retries: number): Promise<Reply> {
  const { id, payload, attributes } = delivery;
  if (calledBy === "client") return server.post(payload);
  if (calledBy === "task") return server.task(payload, { id, retries });
  return server.message(payload, { id, attributes, attempt: retries + 1 });
}
