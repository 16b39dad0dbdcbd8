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

/** Keeps what this process prints, until the function that it returns is called, which tells it. */
export function capture(): () => { stdout: string; stderr: string } {
  const printed = { stdout: "", stderr: "" };
  const spies = [
    jest.spyOn(process.stdout, "write").mockImplementation((text) => {
      printed.stdout += text;
      return true;
    }),
    jest.spyOn(console, "log").mockImplementation((text) => {
      printed.stdout += `${text}\n`;
    }),
    jest.spyOn(console, "error").mockImplementation((text) => {
      printed.stderr += `${text}\n`;
    }),
  ];
  return () => {
    for (const spy of spies) spy.mockRestore();
    return printed;
  };
}
