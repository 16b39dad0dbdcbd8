import { holding } from "../../src/core/clock";
import { VirtualClock } from "../../src/core/virtual-clock";

const START = Date.UTC(2026, 0, 1);

/** A clock that runs while there is something in `left`. */
function running(guard?: number) {
  const clock = new VirtualClock({ guard });
  const seen: [string, number][] = [];
  const left = new Set<string>();
  const plan = (name: string, delay: number, work = () => {}) => {
    left.add(name);
    return clock.at(clock.now() + delay, () => {
      seen.push([name, clock.now() - START]);
      left.delete(name);
      work();
    });
  };
  clock.run(() => left.size > 0);
  const empty = async () => {
    while (left.size > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  return { clock, seen, left, plan, empty };
}

const wall = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

test("hours pass at once, in the order of what is due and then of what was set", async () => {
  const { clock, seen, plan, empty } = running();
  const begin = Date.now();
  plan("late", 7_200_000);
  plan("soon", 10, () => plan("after soon", 5));
  plan("as late", 7_200_000);
  await empty();
  clock.stop();
  expect(seen).toEqual([
    ["soon", 10],
    ["after soon", 15],
    ["late", 7_200_000],
    ["as late", 7_200_000],
  ]);
  expect(Date.now() - begin).toBeLessThan(2_000);
});

test("time stands still while something real is under way, and goes on when it ends", async () => {
  const { clock, seen, plan, empty } = running();
  const work = holding(clock, async () => {
    await wall(50);
    plan("retry", 1_000);
    return clock.now() - START;
  });
  plan("deadline", 600_000);
  await expect(work).resolves.toBe(0);
  await empty();
  clock.stop();
  expect(seen).toEqual([
    ["retry", 1_000],
    ["deadline", 600_000],
  ]);
});

test("a hold may let time go on for a while: what falls due in it is done at the same time", async () => {
  const { clock, seen, plan, empty } = running();
  plan("soon", 900);
  plan("at the end", 1_000);
  plan("later", 1_001);
  const work = holding(clock, () => wall(50).then(() => seen.push(["work", clock.now() - START])), 1_000);
  await work;
  await empty();
  clock.stop();
  expect(seen).toEqual([
    ["soon", 900],
    ["at the end", 1_000],
    ["work", 1_000],
    ["later", 1_001],
  ]);
});

test("of several holds the one that ends first stops the clock", async () => {
  const { clock, seen, plan, empty } = running();
  const [strict, loose] = [clock.hold(), clock.hold(5_000)];
  plan("next", 10);
  await wall(20);
  expect(seen).toEqual([]);
  strict();
  await empty();
  expect(seen).toEqual([["next", 10]]);
  plan("after the other", 5_000);
  await wall(20);
  expect(seen).toHaveLength(1);
  loose();
  await empty();
  clock.stop();
  expect(seen[1]).toEqual(["after the other", 5_010]);
});

test("a hold that fails is released, and released once however often it is released", async () => {
  const { clock, seen, plan, empty } = running();
  await expect(holding(clock, () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  const [one, other] = [clock.hold(), clock.hold()];
  one();
  one();
  plan("next", 5);
  await wall(30);
  expect(seen).toEqual([]);
  other();
  await empty();
  clock.stop();
  expect(seen).toEqual([["next", 5]]);
});

test("what is cancelled does not happen and takes no time", async () => {
  const { clock, plan, left, empty } = running();
  plan("cancelled", 1_000)();
  left.delete("cancelled");
  plan("next", 2_000);
  await empty();
  expect(clock.now() - START).toBe(2_000);
  clock.stop();
});

test("nothing falls due while nobody waits for it", async () => {
  const clock = new VirtualClock();
  let done = false;
  clock.at(START + 900_000, () => {
    done = true;
  });
  clock.run(() => false);
  await wall(20);
  expect([done, clock.now()]).toEqual([false, START]);
  clock.stop();
});

test("something real that never ends holds time until the guard, and is counted", async () => {
  const { clock, seen, plan, empty } = running(40);
  clock.hold();
  plan("deadline", 600_000);
  await wall(10);
  expect(seen).toEqual([]);
  await empty();
  expect([seen, clock.stalls]).toEqual([[["deadline", 600_000]], 1]);
  clock.stop();
});

test("a clock of real time is held by nobody", async () => {
  await expect(holding(undefined, async () => "done")).resolves.toBe("done");
});
