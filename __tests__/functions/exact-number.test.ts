import * as fc from "fast-check";
import { parseCsv } from "../../functions/batch-worker/records";
import { isExact } from "../../functions/shared/exact-number";
import { parseJson } from "../../functions/shared/json";
import { cases } from "../support/deep";

/**
 * A decimal as `numerator / 10^places`, exactly: an oracle that shares nothing with the rule's own
 * text handling.
 */
function rational(literal: string): { numerator: bigint; places: number } {
  const [, sign, whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(literal) ?? [];
  const places = fraction.length - Number(exponent);
  const digits = BigInt(`${whole}${fraction}`) * (sign ? -1n : 1n);
  return places >= 0 ? { numerator: digits, places } : { numerator: digits * 10n ** BigInt(-places), places: 0 };
}

/** Both as whole numbers of the same unit. */
function aligned(one: string, other: string): [bigint, bigint] {
  const [a, b] = [rational(one), rational(other)];
  const places = Math.max(a.places, b.places);
  return [a.numerator * 10n ** BigInt(places - a.places), b.numerator * 10n ** BigInt(places - b.places)];
}

/**
 * Whether they differ by no more than a double's rounding, once when it is read and once when its
 * shortest form is written.
 */
function isAsClose(one: string, other: string): boolean {
  const [x, y] = aligned(one, other);
  const difference = x > y ? x - y : y - x;
  return difference * 2n ** 52n <= (y < 0n ? -y : y);
}

function isSame(one: string, other: string): boolean {
  const [x, y] = aligned(one, other);
  return x === y;
}

const double = fc.double({ noNaN: true, noDefaultInfinity: true });
const digits = fc.stringMatching(/^\d{1,30}$/);
const literal = fc
  .tuple(fc.boolean(), digits, fc.option(digits), fc.option(fc.integer({ min: -330, max: 330 })))
  .map(([negative, whole, fraction, exponent]) =>
    [
      negative ? "-" : "",
      BigInt(whole),
      fraction === null ? "" : `.${fraction}`,
      exponent === null ? "" : `e${exponent}`,
    ].join(""),
  );

test("whatever JavaScript or C writes for a double is exact", () => {
  fc.assert(
    fc.property(double, (value) => {
      expect(isExact(JSON.stringify(value))).toBe(true);
      if (!Number.isInteger(value) && Math.abs(value) > 1e-300) expect(isExact(value.toPrecision(17))).toBe(true);
    }),
    { numRuns: cases(5_000) },
  );
});

test("a whole number is exact when, and only when, it is the same after it was a double", () => {
  const near = fc.tuple(fc.bigInt(-3n, 3n), fc.integer({ min: 50, max: 70 })).map(([d, e]) => 2n ** BigInt(e) + d);
  fc.assert(
    fc.property(fc.oneof(fc.bigInt(-(10n ** 25n), 10n ** 25n), near), (value) => {
      const again = rational(String(Number(value))).numerator;
      expect(isExact(String(value))).toBe(again === value);
    }),
    { numRuns: cases(5_000) },
  );
});

test("JSON's numbers are kept within a double's rounding, or refused", () => {
  let kept = 0;
  fc.assert(
    fc.property(fc.oneof(literal, double.map(String)), (text) => {
      let json: string;
      try {
        json = JSON.stringify(parseJson(Buffer.from(`{"n":${text}}`), "The body")).slice(5, -1);
      } catch (error) {
        expect(error).toMatchObject({
          code: "inexact_number",
          message: expect.stringContaining(`holds the number ${text.slice(0, 100)}`),
        });
        return;
      }
      kept++;
      expect(isAsClose(text, json)).toBe(true);
    }),
    { numRuns: cases(5_000) },
  );
  expect(kept).toBeGreaterThan(cases(1_000));
});

test("a field of a CSV is its text, or a number that JSON can write and that says the same", () => {
  const field = fc.oneof(
    literal,
    double.map(String),
    fc.stringMatching(/^[-+0-9.eExXna_ ]{1,8}$/),
    fc.stringMatching(/^[0-9]{1,3}[eE][0-9]{1,5}$/),
  );
  fc.assert(
    fc.property(field, (text) => {
      const value = parseCsv(Buffer.from(`"${text}"\n`), ["x"])[0]?.x;
      if (typeof value === "string") {
        expect(value).toBe(text);
        return;
      }
      const json = JSON.stringify(value);
      expect(json).not.toBe("null");
      expect(isAsClose(text, json)).toBe(true);
      if (Number.isInteger(value)) {
        expect(Number.isSafeInteger(value)).toBe(true);
        expect(isSame(text, json) || text.includes(".")).toBe(true);
      }
    }),
    { numRuns: cases(5_000) },
  );
});

test.each([
  ["0", true],
  ["-0.0", true],
  ["0e999", true],
  ["9007199254740991", true],
  ["9007199254740993", false],
  ["1234567890123456789", false],
  ["1e22", true],
  ["1.5e300", true],
  ["1e400", false],
  ["39e1804", false],
  ["1e-400", false],
  ["5e-324", true],
  ["3e-324", false],
  // C's %.17g of 0.1, and the exact value of that double.
  ["0.10000000000000001", true],
  ["0.1000000000000000055511151231257827", true],
  ["0.1000000000000000055511151231257999", false],
  ["3.14159265358979323846", false],
  ["1.50000000000000000000000", true],
  ["", false],
  [".", false],
  ["0x1F", false],
  ["1e", false],
  ["one", false],
])("%s is exact: %s", (text, exact) => {
  expect(isExact(text)).toBe(exact);
});

test("a very long number takes no time", () => {
  const started = performance.now();
  expect(isExact(`0.${"0".repeat(500_000)}1${"0".repeat(500_000)}`)).toBe(false);
  expect(isExact(`1.${"0".repeat(1_000_000)}`)).toBe(true);
  expect(performance.now() - started).toBeLessThan(1_000);
});
