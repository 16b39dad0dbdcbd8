import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Json } from "../src/change";
import { comment } from "../src/markdown/comment";
import { planReading } from "../src/plan";
import { review } from "../src/review";

const PLANS = join(__dirname, "fixtures", "plans");

/** The file of a plan that terraform made (`fixtures/make.mjs`). */
export function planFile(name: string): string {
  return join(PLANS, `${name}.json`);
}

export function plan(name: string): Json {
  return JSON.parse(readFileSync(planFile(name), "utf8"));
}

/** The comment on a plan, without its marker. */
export function commentOn(name: string): string {
  return commentOf(plan(name));
}

export function commentOf(json: Json): string {
  const text = comment(review([planReading(json, "shop.json")]));
  return text.replace("<!-- plan-review -->\n", "");
}
