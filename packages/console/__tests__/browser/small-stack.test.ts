import { Machine, type RunningStack, SkippingClock } from "@cdktf-serverless-ml/emulator";
import type { Page } from "playwright-core";
import { Console } from "../../src";
import { Api } from "../support/api";
import { enqueue, WRITES, writeStack } from "../support/stack";
import { accessibilityProblems, closeBrowser, inBrowser, openWindow, show } from "./support/browser";

// The page, in a browser, for a small stack that really runs.

inBrowser(() => {
  let stack: ReturnType<typeof writeStack>;
  let machine: Machine;
  let running: RunningStack;
  let shown: Console;
  let api: Api;
  let page: Page;
  let problems: string[];

  beforeAll(async () => {
    stack = writeStack();
    machine = await Machine.start(stack.folder);
    running = machine.run({ clock: new SkippingClock() });
    shown = await Console.start();
    await shown.add({ running, notices: ["a notice"] });
    api = new Api(shown.port, shown.token);
    ({ page, problems } = await openWindow());
    await page.goto(shown.url);
    await page.getByRole("button", { name: /^worker / }).waitFor();
  }, 60_000);

  afterAll(async () => {
    await closeBrowser();
    await shown?.stop();
    await running?.stop();
    await machine?.stop();
    stack?.remove();
  });

  afterEach(() => {
    expect(problems.splice(0)).toEqual([]);
  });

  test("the token leaves the address, and stays in a cookie that scripts cannot read", async () => {
    expect(page.url()).not.toContain(shown.token);
    expect(await page.evaluate("document.cookie")).toBe("");
  });

  test("a refused call shows who lacks which permission, and the binding that is missing", async () => {
    await api.act("withhold", { binding: WRITES });
    const id = await enqueue(running, "refused");
    await api.item(id, "retrying");
    await show(page, "small", "items", id);
    const denied = page.locator(".decisions .denied").first();
    await denied.waitFor();
    expect(await denied.innerText()).toMatch(
      /worker may not storage\.objects\.create on projects\/_\/buckets\/acme-ml-out\/objects\/refused Missing: A binding of roles\/storage\.objectCreator on projects\/_\/buckets\/acme-ml-out to serviceAccount:worker@acme-ml\.iam\.gserviceaccount\.com would allow it/,
    );
    // Put back by a click in the list of bindings.
    await show(page, "small", "do");
    await page.getByRole("button", { name: `Put back ${WRITES}` }).click();
    await page.getByText("Take away").first().waitFor();
    await api.act("jump");
    await api.item(id, "done");
  });

  test("a call that was allowed names the binding that allowed it", async () => {
    const id = await enqueue(running, "allowed");
    await api.item(id, "done");
    await show(page, "small", "items", id);
    await page.getByRole("button", { name: /objects\.insert/ }).click();
    const allowed = page.locator(".call .decisions .allowed");
    await allowed.first().waitFor();
    expect(await allowed.allInnerTexts()).toEqual([expect.stringContaining(`may storage.objects.create`)]);
    expect(await allowed.first().innerText()).toContain(WRITES);
    // No token is in what the page shows.
    expect(await page.locator("div.call").innerText()).not.toMatch(/authorization|ya29|bearer/i);
  });

  test("a request is edited and sent again", async () => {
    const id = await enqueue(running, "original");
    await api.item(id, "done");
    await show(page, "small", "items", id);
    await page
      .getByRole("button", { name: /worker POST/ })
      .first()
      .click();
    await page.getByRole("button", { name: "Send again …" }).click();
    const editor = page.getByRole("textbox", { name: /^Body/ });
    await editor.fill(JSON.stringify({ name: "edited" }));
    await page.getByRole("button", { name: /^Send as caller@/ }).click();
    await page.locator(".editor .outcome", { hasText: "200" }).or(page.locator(".editor .body")).first().waitFor();
    const objects = await api.get("/buckets/acme-ml-out");
    expect(objects.json.objects.map(({ name }: { name: string }) => name)).toContain("edited");
  });

  test("the next calls of a worker fail by a form of its box", async () => {
    await show(page, "small", "map");
    await page.getByRole("button", { name: /^worker / }).click();
    const panel = page.getByRole("complementary");
    await panel.getByText("Do", { exact: true }).click();
    const form = panel.locator("form", { hasText: "Fail the next calls" });
    await form.getByLabel("How many").fill("1");
    await form.getByLabel("Status").fill("418");
    await form.getByRole("button", { name: "Fail them" }).click();
    await form.locator(".outcome", { hasText: /\w/ }).waitFor();
    const id = await enqueue(running, "unlucky");
    await api.act("jump");
    const item = await api.item(id, "done");
    expect(item.attempts).toBe(2);
    await show(page, "small", "items", id);
    await page.locator(".timeline .status.bad", { hasText: "418" }).first().waitFor();
  });

  test("hostile payloads are text: nothing of them runs or is loaded", async () => {
    const hostile = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>";
    const id = await enqueue(running, "hostile", { name: hostile });
    await api.act("upload", {
      bucket: "acme-ml-out",
      name: "page.html",
      content: Buffer.from(`<h1>${hostile}</h1>`).toString("base64"),
      contentType: "text/html",
    });
    await show(page, "small", "items", id);
    await page
      .getByRole("button", { name: /worker POST/ })
      .first()
      .click();
    await page.locator(".call pre", { hasText: "onerror" }).first().waitFor();
    await show(page, "small", "buckets", "acme-ml-out", "/", "page.html");
    await page.locator("aside pre", { hasText: "onerror" }).waitFor();
    await show(page, "small", "logs");
    await page.locator(".log-row", { hasText: "onerror" }).first().waitFor();
    expect(await page.title()).toBe("Local console");
    expect(await page.locator("main img, main script").count()).toBe(0);
  });

  test("by keyboard alone: a box of the map is opened, and its panel closed", async () => {
    await show(page, "small", "map");
    const box = page.getByRole("button", { name: /^work .*queue$/ });
    await box.focus();
    await page.keyboard.press("Enter");
    const panel = page.getByRole("complementary", { name: /work/ });
    await panel.waitFor();
    // The heading of what was opened has the focus.
    expect(await page.evaluate("document.activeElement.textContent")).toMatch(/^work/);
    await panel.getByRole("button", { name: "Close the panel" }).press("Enter");
    await panel.waitFor({ state: "detached" });
  });

  test.each(["light", "dark"] as const)(
    "axe-core finds nothing in any view, %s",
    async (colorScheme) => {
      const id = await enqueue(running, `axe-${colorScheme}`);
      const { page: own, problems: found, context } = await openWindow({ colorScheme });
      await own.goto(shown.url);
      await own.getByRole("button", { name: /^worker / }).click();
      await own.getByText("Configuration").waitFor();
      const report: Record<string, string[]> = { map: await accessibilityProblems(own) };
      for (const route of [
        ["items"],
        ["items", id],
        ["activity"],
        ["dead-letters"],
        ["buckets", "acme-ml-out"],
        ["logs"],
        ["do"],
      ]) {
        await show(own, "small", ...route);
        await own.locator("main h2, main h3").first().waitFor();
        if (route.length === 2 && route[0] === "items") await own.locator(".row-button").first().click();
        report[route.join(" ")] = await accessibilityProblems(own);
      }
      expect(Object.entries(report).filter(([, list]) => list.length > 0)).toEqual([]);
      expect(found).toEqual([]);
      await context.close();
    },
    120_000,
  );

  test("a new failure is said to screen readers", async () => {
    await show(page, "small", "map");
    await api.act("withhold", { binding: WRITES });
    await enqueue(running, "announced");
    await page
      .getByRole("status")
      .filter({ hasText: /small: \d+ new failure/ })
      .waitFor({ state: "attached" });
    await api.act("restore", { binding: WRITES });
  });
});
