import fc from "fast-check";
import { Alarm } from "../../src/core/alarm";
import { ManualClock, RealClock } from "../../src/core/clock";
import { Heap } from "../../src/core/heap";

test("a heap gives entries by their time, and those of one time in their order", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), (times) => {
      const heap = new Heap<{ time: number; order: number }>();
      const entries = times.map((time, order) => ({ time, order }));
      for (const entry of entries) heap.push(entry);
      const taken = entries.map(() => heap.pop());
      expect(taken).toEqual(entries.sort((a, b) => a.time - b.time || a.order - b.order));
      expect([heap.pop(), heap.peek(), heap.size]).toEqual([undefined, undefined, 0]);
    }),
  );
});

test("an alarm wakes at the earliest time it was set to, and again when it is set again", async () => {
  const clock = new ManualClock(0);
  const woken: number[] = [];
  const alarm = new Alarm(clock, () => woken.push(clock.now()));
  for (const time of [30, 10, 20]) alarm.set(time);
  await clock.advance(50);
  expect(woken).toEqual([10]);
  alarm.set(60);
  await clock.advance(50);
  expect(woken).toEqual([10, 60]);
});

test("an alarm that was stopped wakes nobody, whatever is set", async () => {
  const clock = new ManualClock(0);
  const woken: number[] = [];
  const alarm = new Alarm(clock, () => woken.push(clock.now()));
  alarm.set(10);
  alarm.stop();
  alarm.set(20);
  await clock.advance(50);
  expect(woken).toEqual([]);
});

test("the real clock waits longer than a timer of Node can, and can be cancelled", () => {
  jest.useFakeTimers();
  try {
    const clock = new RealClock();
    const woken: number[] = [];
    const start = clock.now();
    const DAY = 86_400_000;
    clock.at(start + 60 * DAY, () => woken.push(clock.now() - start));
    const cancel = clock.at(start + 61 * DAY, () => woken.push(0));
    jest.advanceTimersByTime(60 * DAY - 1);
    expect(woken).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(woken).toEqual([60 * DAY]);
    cancel();
    jest.advanceTimersByTime(10 * DAY);
    expect(woken).toEqual([60 * DAY]);
  } finally {
    jest.useRealTimers();
  }
});
