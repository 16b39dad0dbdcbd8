import fc from "fast-check";
import { choose, draw, MAX_SEED } from "../../src/faults/hash";
import {
  type CallTarget,
  callFault,
  deadLetterFails,
  delayOf,
  deliveryFault,
  lateBy,
  publishFault,
  repeatedAfter,
} from "../../src/faults/schedule";

const seeds = fc.integer({ min: 0, max: MAX_SEED });
const nths = fc.integer({ min: 1, max: 10 });
const FUNCTION = { isFunction: true };
const WRITE: CallTarget = { isWrite: true, hasPrecondition: true, isStorage: true, byFunction: true };

/** How often each outcome is, of many items. */
function shares<T>(outcome: (item: string) => T, items = 20_000): Map<T, number> {
  const counts = new Map<T, number>();
  for (let index = 0; index < items; index++) {
    const drawn = outcome(`item ${index}`);
    counts.set(drawn, (counts.get(drawn) ?? 0) + 1 / items);
  }
  return counts;
}

describe("drawing", () => {
  test("a number follows from the parts alone, whatever is asked before or between", () => {
    fc.assert(
      fc.property(seeds, fc.array(fc.string(), { minLength: 2 }), (seed, items) => {
        const forwards = items.map((item) => draw(seed, item));
        const backwards = [...items].reverse().map((item) => draw(seed, item));
        expect(backwards.reverse()).toEqual(forwards);
        for (const number of forwards) expect(number >= 0 && number < 1).toBe(true);
      }),
    );
  });

  test("it is the same on each machine", () => {
    expect([draw(0, "a"), draw(7, "task t", 2), draw(MAX_SEED)]).toEqual([
      0.45416931523100956, 0.584768460599804, 0.04565418901864149,
    ]);
  });

  test("parts are kept apart, not joined", () => {
    expect(draw(1, "a", "b")).not.toBe(draw(1, "ab"));
    expect(draw(1, "a", 1)).not.toBe(draw(1, "a1"));
    expect(draw(1, "a")).not.toBe(draw(2, "a"));
  });

  test("a choice is as often as its weight", () => {
    const counts = shares((item) => choose({ one: 1, three: 3 }, draw(5, item)));
    expect(counts.get("three")).toBeCloseTo(0.75, 1.5);
    expect([...counts.keys()].sort()).toEqual(["one", "three"]);
    expect(() => choose({}, 0.5)).toThrow("nothing to choose from");
  });
});

describe("the schedule", () => {
  test("a third of first deliveries, then less and less", () => {
    const faulted = (nth: number) => 1 - (shares((item) => deliveryFault(3, item, nth, FUNCTION)).get(undefined) ?? 0);
    expect(faulted(1)).toBeCloseTo(0.35, 1.5);
    expect(faulted(3)).toBeCloseTo(0.2, 1.5);
    expect(faulted(5)).toBeLessThan(0.08);
    expect(faulted(9)).toBeLessThan(0.08);
    expect(faulted(9)).toBeGreaterThan(0.02);
  });

  test("every kind of delivery fault is met, none far more often than another; what is no function never crashes", () => {
    const counts = shares((item) => deliveryFault(4, item, 1, FUNCTION));
    counts.delete(undefined);
    expect(counts.size).toBe(10);
    for (const share of counts.values()) {
      expect(share).toBeGreaterThan(0.02);
      expect(share).toBeLessThan(0.06);
    }
    const ofApis = [...shares((item) => deliveryFault(4, item, 1, { isFunction: false })).keys()];
    expect(ofApis).toHaveLength(9);
    expect(ofApis).not.toContain("crash before the work");
    expect(ofApis).not.toContain("crash after the work");
  });

  test("calls: only faults that fit, and never more than three of the same call", () => {
    const kinds = (target: CallTarget) => [...shares((id) => callFault(6, id, 1, { ...target, faults: 0 })).keys()];
    expect(kinds(WRITE)).toHaveLength(9);
    const read = kinds({ isWrite: false, hasPrecondition: false, isStorage: false, byFunction: true });
    expect(read.map(String).sort()).toEqual([
      "call answered 429",
      "call answered 500",
      "call answered 503",
      "call reset after",
      "call reset before",
      "undefined",
    ]);
    expect(kinds({ ...WRITE, byFunction: false })).not.toContain("caller crashed");
    fc.assert(
      fc.property(seeds, fc.string(), (seed, id) => {
        expect(callFault(seed, id, 4, { ...WRITE, faults: 3 })).toBeUndefined();
      }),
    );
  });

  test("calls: most faults in writes with a precondition, fewest in reads", () => {
    const faulted = (target: Partial<CallTarget>) =>
      1 - (shares((id) => callFault(8, id, 1, { ...WRITE, ...target, faults: 0 })).get(undefined) ?? 0);
    expect(faulted({})).toBeCloseTo(0.25, 1.5);
    expect(faulted({ hasPrecondition: false })).toBeCloseTo(0.1, 1.5);
    expect(faulted({ isWrite: false, hasPrecondition: false })).toBeCloseTo(0.05, 1.5);
  });

  test("half of the dead letters fail at first, and a fifth of the notifications", () => {
    expect(shares((item) => deadLetterFails(1, item)).get(true)).toBeCloseTo(0.5, 1.5);
    const publishes = shares((item) => publishFault(1, item));
    expect(publishes.get("publish failed")).toBeCloseTo(0.1, 1.5);
    expect(publishes.get("publish unanswered")).toBeCloseTo(0.1, 1.5);
  });

  test("waits are within bounds, and what hung arrives before any queue tries again", () => {
    const deadlines = fc.integer({ min: 10_000, max: 1_800_000 });
    fc.assert(
      fc.property(seeds, fc.string(), nths, deadlines, (seed, item, nth, deadline) => {
        const delay = delayOf(seed, item, nth, deadline);
        expect(delay).toBeGreaterThanOrEqual(100);
        expect(delay).toBeLessThanOrEqual(Math.min(60_000, deadline * 0.4));
        expect(lateBy(seed, item, nth)).toBeLessThan(1_000);
        const after = repeatedAfter(seed, item, nth);
        expect(after >= 1_000 && after <= 60_000).toBe(true);
      }),
    );
  });
});
