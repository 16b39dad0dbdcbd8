import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { endWithOthers } from "@cdktf-serverless-ml/cli";
import { Console } from "@cdktf-serverless-ml/console";
import { SkippingClock } from "@cdktf-serverless-ml/emulator";
import { inputFor, readStackWithOutputs, scenarioOf, startStack } from "@cdktf-serverless-ml/scenarios";
import { chromium, type Page } from "playwright-core";
import { findChromium, NO_CHROMIUM } from "./chromium";

// `npm run docs:console`: the pictures of docs/console.md, taken of the synthesized task-pipeline, in
// which one binding is missing.

const STACK = "task-pipeline";
const FOLDER = join("docs", "pictures");
const WRITES_OF_TRAIN = /_runs_objectCreator-.*-train-/;

endWithOthers();
main().catch((error: Error) => {
  console.error(error.message);
  process.exit(1);
});

async function main(): Promise<void> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error(NO_CHROMIUM);
  const folder = join("cdktf.out", "stacks", STACK);
  // The step `train` cannot write its model.
  const running = await startStack(folder, {
    clock: new SkippingClock(),
    bindings: ({ address }) => !WRITES_OF_TRAIN.test(address),
  });
  const shown = await Console.start();
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    const scenario = scenarioOf(readStackWithOutputs(folder));
    const input = scenario && inputFor(scenario, undefined, "samples");
    const run = scenario?.create(running);
    await shown.add({ running, scenario, run, input, notices: [] });
    if (input) await run?.submit(input);
    const page = await browser.newPage({ viewport: { width: 1280, height: 760 } });
    mkdirSync(FOLDER, { recursive: true });
    await page.goto(shown.url);
    await page.locator(".map .alarm").first().waitFor();
    await page.getByRole("button", { name: /^queue / }).click();
    await page.getByText("Last items").waitFor();
    await picture(page, "console-map");
    await page.locator(".panel .lines a", { hasText: "train" }).first().click();
    await page.locator(".timeline .denied").first().waitFor();
    await picture(page, "console-item");
  } finally {
    await browser.close();
    await shown.stop();
    await running.stop();
  }
}

async function picture(page: Page, name: string): Promise<void> {
  // Nothing is focused, and what comes late has come.
  await page.waitForTimeout(1_000);
  const path = join(FOLDER, `${name}.png`);
  await page.screenshot({ path });
  console.log(path);
}
