import { readFileSync } from "node:fs";
import type { Metered } from "@cdktf-serverless-ml/emulator";
import usCentral1 from "./us-central1.json";
import { METERED_NAMES } from "./usage";

/**
 * How sure a price is: seen on Google's page, computed from such, quoted by others, or a belief.
 */
const SURE = ["verified", "derived", "third party", "believed"] as const;

export interface Price {
  /** For `per` of the unit. */
  readonly price: number;
  readonly per: number;
  /** Where it is from. */
  readonly source: string;
  /** When it was read, YYYY-MM-DD. */
  readonly date: string;
  readonly sure: (typeof SURE)[number];
  readonly note?: string;
}

/** List prices of a region. */
export interface Prices {
  readonly region: string;
  readonly currency: string;
  readonly prices: Readonly<Partial<Record<Metered, Price>>>;
}

/** A price file that cannot be used: the file, where in it, and why. */
export class PriceError extends Error {}

/**
 * @param file JSON like `us-central1.json` beside this file, whose prices are the default
 *
 * @throws PriceError
 */
export function readPrices(file?: string): Prices {
  if (file === undefined) return checked(usCentral1, "us-central1.json");
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new PriceError(`${file} cannot be read: ${(error as Error).message}`);
  }
  try {
    return checked(JSON.parse(text), file);
  } catch (error) {
    if (error instanceof SyntaxError) throw new PriceError(`${file} is not JSON: ${error.message}`);
    throw error;
  }
}

function checked(given: unknown, file: string): Prices {
  const { region, currency, prices } = (given ?? {}) as Record<string, unknown>;
  const problems: string[] = [];
  for (const [name, value] of Object.entries({ region, currency })) {
    if (typeof value !== "string" || value === "") problems.push(`${name} is ${shown(value)}; allowed: a text`);
  }
  if (typeof prices !== "object" || prices === null) problems.push(`prices is ${shown(prices)}; allowed: an object`);
  else problems.push(...Object.entries(prices).flatMap(([name, price]) => priceProblems(name, price)));
  if (problems.length > 0) throw new PriceError(problems.map((problem) => `${file}: ${problem}`).join("\n"));
  return given as Prices;
}

function priceProblems(name: string, given: unknown): string[] {
  if (!METERED_NAMES.includes(name as Metered)) {
    return [`prices.${name} is not known; allowed: ${METERED_NAMES.join(", ")}`];
  }
  const { price, per, source, date, sure } = (given ?? {}) as Record<string, unknown>;
  const isNumber = (value: unknown, least: number) => typeof value === "number" && value >= least;
  const wrong = (field: string, value: unknown, allowed: string) =>
    `prices.${name}.${field} is ${shown(value)}; allowed: ${allowed}`;
  return [
    ...(isNumber(price, 0) ? [] : [wrong("price", price, "a number from 0")]),
    ...(isNumber(per, 1) ? [] : [wrong("per", per, "a number from 1")]),
    ...(typeof source === "string" && source !== "" ? [] : [wrong("source", source, "a text")]),
    ...(/^\d{4}-\d\d-\d\d$/.test(String(date)) ? [] : [wrong("date", date, "YYYY-MM-DD")]),
    ...(SURE.includes(sure as Price["sure"]) ? [] : [wrong("sure", sure, SURE.join(", "))]),
  ];
}

const shown = (value: unknown) => (value === undefined ? "missing" : JSON.stringify(value));
