import { readFileSync } from "node:fs";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { onlyIf } from "../../../../../__tests__/support/only-if";
import { findChromium, NO_CHROMIUM } from "../../../../../scripts/chromium";

const CHROMIUM = findChromium();

/** Tests in a browser, where there is one. */
export function inBrowser(tests: () => void): void {
  onlyIf(CHROMIUM !== undefined, NO_CHROMIUM, tests);
}

let browser: Browser | undefined;

/**
 * A new window. What the page writes to its console as an error, and what it throws, fails the test
 * that asks for `problems`.
 */
export async function openWindow(
  options: Parameters<Browser["newContext"]>[0] = {},
): Promise<{ readonly page: Page; readonly problems: string[]; readonly context: BrowserContext }> {
  browser ??= await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  const context = await browser.newContext({ viewport: { width: 1360, height: 820 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(25_000);
  const problems: string[] = [];
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(error.message));
  // The page asks nobody else.
  page.on("request", (request) => {
    if (!/^(http:\/\/127\.0\.0\.1:|data:|blob:)/.test(request.url())) problems.push(`it asks ${request.url()}`);
  });
  return { page, problems, context };
}

export async function closeBrowser(): Promise<void> {
  await browser?.close();
  browser = undefined;
}

/** Goes to a view of the page that is open. */
export async function show(page: Page, ...route: readonly string[]): Promise<void> {
  await page.evaluate(
    (hash) => {
      // biome-ignore lint/suspicious/noExplicitAny: this runs in the browser.
      (globalThis as any).location.hash = hash;
    },
    `#/${route.map(encodeURIComponent).join("/")}`,
  );
}

const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/** What axe-core finds wrong with the page: the rule and the first element. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    // biome-ignore lint/suspicious/noExplicitAny: this runs in the browser.
    const { violations } = await (globalThis as any).axe.run();
    // biome-ignore lint/suspicious/noExplicitAny: as axe gives them.
    return violations.map(({ id, nodes }: any) => `${id}: ${nodes[0].html.slice(0, 200)}`);
  });
}
