import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Json } from "../../review/change";
import { comment } from "../../review/markdown/comment";
import { planReading } from "../../review/plan";
import { review } from "../../review/review";

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
