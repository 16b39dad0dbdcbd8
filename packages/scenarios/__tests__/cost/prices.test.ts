import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PriceError, readPrices } from "../../src/cost/prices";

const folder = mkdtempSync(join(tmpdir(), "prices-"));
const file = join(folder, "prices.json");
afterAll(() => rmSync(folder, { recursive: true }));

const price = { price: 1, per: 1000, source: "https://x", date: "2026-01-31", sure: "derived" };

test("another region's prices come from a file", () => {
  const given = { region: "europe-west1", currency: "EUR", prices: { "tasks.operations": price } };
  writeFileSync(file, JSON.stringify(given));
  expect(readPrices(file)).toEqual(given);
});

test.each([
  ["{", /is not JSON/],
  ["{}", /: region is missing; allowed: a text\n.*: currency is missing; allowed: a text\n.*: prices is missing/],
  [
    { prices: { "tasks.calls": price } },
    /: prices\.tasks\.calls is not known; allowed: tasks\.operations, pubsub\.bytes/,
  ],
  [
    { prices: { "tasks.operations": { ...price, price: -1 } } },
    /: prices\.tasks\.operations\.price is -1; allowed: a number from 0$/,
  ],
  [{ prices: { "tasks.operations": { ...price, per: "1" } } }, /\.per is "1"; allowed: a number from 1$/],
  [{ prices: { "tasks.operations": { ...price, date: "today" } } }, /\.date is "today"; allowed: YYYY-MM-DD$/],
  [
    { prices: { "tasks.operations": { ...price, sure: "maybe" } } },
    /\.sure is "maybe"; allowed: verified, derived, third party, believed$/,
  ],
  [{ prices: { "tasks.operations": { ...price, source: "" } } }, /\.source is ""; allowed: a text$/],
])("a file is refused that says %j", (given, message) => {
  const text = typeof given === "string" ? given : JSON.stringify({ region: "r", currency: "USD", ...given });
  writeFileSync(file, text);
  expect(() => readPrices(file)).toThrow(PriceError);
  expect(() => readPrices(file)).toThrow(message);
});

test("a file that is not there", () => {
  expect(() => readPrices(join(folder, "none.json"))).toThrow(/none\.json cannot be read: ENOENT/);
});
