import { readFileSync } from "node:fs";
import { irisOrEcho, type RunningStack, SkippingClock } from "@cdktf-serverless-ml/emulator";
import { inputFor, readStackWithOutputs, scenarioOf, startStack } from "@cdktf-serverless-ml/scenarios";
import type { Page } from "playwright-core";
import { synthesized } from "../../../../__tests__/support/synthesized";
import { Console } from "../../src";
import { Api, type Reply } from "../support/api";
import { accessibilityProblems, closeBrowser, inBrowser, openWindow, show } from "./support/browser";

// The five stacks, used by the page alone. What is waited for is asked of the API.

inBrowser(() => {
  let stacks: ReturnType<typeof synthesized>;
  let shown: Console;
  let running: RunningStack;
  let page: Page;
  let problems: string[];

  beforeAll(() => {
    stacks = synthesized();
  }, 120_000);

  afterAll(async () => {
    await closeBrowser();
    stacks?.remove();
  });

  afterEach(async () => {
    await page?.context().close();
    await shown?.stop();
    await running?.stop();
  });

  /** Starts a stack, and opens the page on it. */
  async function open(name: string): Promise<Api> {
    const folder = stacks.stack(name);
    running = await startStack(folder, { clock: new SkippingClock(), chooseModel: irisOrEcho });
    const scenario = scenarioOf(readStackWithOutputs(folder));
    const input = scenario && inputFor(scenario, undefined, "samples");
    const run = scenario?.create(running);
    if (input) await run?.prepare?.(input);
    shown = await Console.start();
    await shown.add({ running, scenario, run, input, notices: [] });
    ({ page, problems } = await openWindow());
    await page.goto(shown.url);
    return new Api(shown.port, shown.token, name);
  }

  /** Submits the sample by the form, and waits until nothing is open. */
  async function submit(api: Api, name: string): Promise<void> {
    await show(page, name, "do");
    const form = page.locator("form.action", { has: page.getByRole("heading", { name: "Submit" }) });
    await form.getByRole("button", { name: "Submit" }).click();
    await form.locator(".outcome", { hasText: /\w/ }).waitFor();
    const isOver = ({ json: { summary, pending } }: Reply) =>
      (summary.accepted ?? 0) > 0 && summary.open === 0 && pending === 0;
    await api.until(async () => {
      const state = await api.get("/state");
      // Such as a task that asks for the state of a job in half a minute.
      const waits = state.json.nextDue !== undefined && state.json.nextDue - state.json.now < 600_000;
      if (!isOver(state) && waits) await api.act("jump");
      return state;
    }, isOver);
  }

  // The input's item, and what its flow ends with.
  test.each([
    ["async-batch", /submit/i, /objects\.insert/],
    ["task-pipeline", /start/i, /objects\.insert/],
    ["event-workflow", /upload/i, /predict|CreateExecution/],
    ["pubsub-fanout", /publish/i, /objects\.insert/],
    ["scheduled-preprocessing", /schedule/i, /LaunchFlexTemplate|LaunchTemplate|launch/i],
  ])(
    "%s: an item is followed from the input to the result",
    async (name, first, last) => {
      const api = await open(name);
      await submit(api, name);
      await show(page, name, "items");
      await page.getByLabel("first of a flow").check();
      await page.locator(".cells.items a", { hasText: first }).first().click();
      await page.getByRole("heading", { name: "Timeline" }).waitFor();
      const text = await page.locator(".timeline").innerText();
      expect(text).toMatch(last);
      // Nothing was refused, and the graph has the items that came of it.
      expect(await page.locator(".timeline .denied").count()).toBe(0);
      expect(await page.locator(".family .node").count()).toBeGreaterThan(1);
      await show(page, name, "map");
      await page.locator(".map .count").first().waitFor();
      expect(await accessibilityProblems(page)).toEqual([]);
      expect(problems).toEqual([]);
    },
    120_000,
  );

  test("a dead letter is edited and put back, and its message is done", async () => {
    const api = await open("pubsub-fanout");
    const [sample = ""] = readFileSync("samples/messages.jsonl", "utf8").split("\n");
    const { attributes, payload } = JSON.parse(sample);
    const topic = (await api.get("")).json.actions.topics.find((each: string) => !/dead|redrive/.test(each));
    await api.act("publish", { topic, attributes, data: "{ this is no JSON" });
    await api.until(
      () => api.get("/dead-letters"),
      ({ json }) => json.groups.length === 1,
    );
    await show(page, "pubsub-fanout", "dead-letters");
    await page.locator(".letter summary").click();
    await page.getByRole("button", { name: "Edit …" }).click();
    await page.getByRole("textbox", { name: "Data" }).fill(JSON.stringify(payload));
    await page.getByRole("button", { name: "Put back", exact: true }).click();
    await page.getByText("There is none.").waitFor();
    // The letter's item is that of the message, which has now been processed.
    const { json } = await api.until(
      () => api.get("/items?kind=delivery&state=done"),
      (items) => items.json.items.some(({ box }: { box?: string }) => box?.includes("text")),
    );
    expect(json.items.length).toBeGreaterThan(0);
    expect(problems).toEqual([]);
  }, 120_000);
});
