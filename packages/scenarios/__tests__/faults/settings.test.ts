import { type FaultFlags, faultSettings } from "../../src/faults/command";

test("a hundred items and a random seed unless given", () => {
  const one = faultSettings({ faults: true });
  expect(one).toMatchObject({ inputs: 100, realTime: false });
  expect(Number.isInteger(one?.seed)).toBe(true);
  expect(faultSettings({ faults: true })?.seed).not.toBe(one?.seed);
  expect(faultSettings({ faults: true, seed: "4294967295", inputs: "100000", "real-time": true })).toEqual({
    seed: 4294967295,
    inputs: 100_000,
    realTime: true,
    redrive: false,
  });
  expect(faultSettings({})).toBeUndefined();
});

test.each<[FaultFlags, string]>([
  [{ faults: true, seed: "4294967296" }, 'Given --seed "4294967296"; allowed: a whole number from 0 to 4294967295'],
  [{ faults: true, seed: "-1" }, 'Given --seed "-1"; allowed: a whole number from 0 to 4294967295'],
  [{ faults: true, seed: "1e3" }, 'Given --seed "1e3"; allowed: a whole number from 0 to 4294967295'],
  [{ faults: true, seed: "" }, 'Given --seed ""; allowed: a whole number from 0 to 4294967295'],
  [{ faults: true, inputs: "0" }, 'Given --inputs "0"; allowed: a whole number from 1 to 100000'],
  [{ faults: true, inputs: "100001" }, 'Given --inputs "100001"; allowed: a whole number from 1 to 100000'],
  [{ seed: "1" }, "--seed needs --faults"],
  [{ inputs: "1" }, "--inputs needs --faults"],
  [{ "real-time": true }, "--real-time needs --faults"],
  [{ redrive: true }, "--redrive needs --faults"],
  [{ faults: true, redrive: true, "real-time": true }, "--redrive and --real-time cannot be combined"],
])("%j", (flags, message) => {
  expect(() => faultSettings(flags)).toThrow(message);
});
