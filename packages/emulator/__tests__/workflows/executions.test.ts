import type { RestRequest } from "../../src/core/emulator";
import { cloudWorkflows } from "../../src/workflows";
import { context } from "../support/context";
import { CALLER, reply, WORKFLOW, workflowResource } from "./run";

const SLEEPS = `
main:
  params: [args]
  steps:
    - wait:
        call: sys.sleep
        args: {seconds: 60}
    - done:
        return: \${args}
`;

function emulator(grants: readonly string[] | "everything" = "everything") {
  const around = context({ grants });
  const workflows = cloudWorkflows.create(around, [workflowResource(SLEEPS, { labels: { team: "ml" } })]);
  // biome-ignore lint/suspicious/noExplicitAny: an execution, or a page of them.
  const ask = async (method: string, pathAndQuery: string, body?: object): Promise<any> => {
    const url = new URL(`/v1/${pathAndQuery}`, "https://workflowexecutions.googleapis.com");
    const request: RestRequest = {
      method,
      host: url.host,
      path: url.pathname,
      query: url.searchParams,
      headers: {},
      body: Buffer.from(body ? JSON.stringify(body) : ""),
      caller: CALLER,
    };
    return (await workflows.rest[0]?.handle(request))?.body;
  };
  return { around, workflows, ask };
}

describe("Executions over REST", () => {
  test("integers of 64 bits in the argument come out as they went in", async () => {
    const { around, ask } = emulator();
    const argument = '{"id":1234567890123456789,"least":-9223372036854775808}';
    const { name } = await ask("POST", `${WORKFLOW}/executions`, { argument });
    await around.clock.advance(60_000);
    expect(await ask("GET", name)).toMatchObject({ state: "SUCCEEDED", argument, result: argument });
  });

  test("an execution is active, then has succeeded, with its argument and result as JSON texts", async () => {
    const { around, workflows, ask } = emulator();
    const created = await ask("POST", `${WORKFLOW}/executions`, { argument: '{"a": 1.0}', labels: { x: "y" } });
    expect(created).toMatchObject({
      name: expect.stringMatching(`^${WORKFLOW}/executions/[-0-9a-f]{36}$`),
      state: "ACTIVE",
      startTime: "2026-01-01T00:00:00Z",
      argument: '{"a": 1.0}',
      labels: { team: "ml", x: "y" },
    });
    expect(workflows.pending()).toBe(1);
    await around.clock.advance(30_000);
    expect(await ask("GET", created.name)).toMatchObject({
      state: "ACTIVE",
      duration: "30s",
      status: { currentSteps: [{ routine: "main", step: "wait" }] },
    });
    await around.clock.advance(30_000);
    expect(await ask("GET", created.name)).toMatchObject({
      state: "SUCCEEDED",
      result: '{"a":1}',
      endTime: "2026-01-01T00:01:00Z",
      duration: "60s",
    });
    expect(workflows.pending()).toBe(0);
    expect(around.hops.map(({ from, to, status, detail }) => [from, to, status, detail])).toEqual([
      ["caller@p", "workflow w", "ACTIVE", '{"a": 1.0}'],
      ["caller@p", "workflow w", "SUCCEEDED", undefined],
    ]);
  });

  test("cancelling ends it at once, and only once", async () => {
    const { around, workflows, ask } = emulator();
    const { name } = await ask("POST", `${WORKFLOW}/executions`, {});
    expect(await ask("POST", `${name}:cancel`)).toMatchObject({ state: "CANCELLED" });
    await around.clock.advance(120_000);
    expect(await ask("GET", name)).not.toHaveProperty("result");
    expect(workflows.pending()).toBe(0);
    await expect(ask("POST", `${name}:cancel`)).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      message: "The execution is CANCELLED; only an active one can be cancelled",
    });
  });

  test("cancelling forgets the sleep, and what is answered later changes nothing", async () => {
    const around = context({ answer: async () => reply(200, {}) });
    let timers = 0;
    const at = around.clock.at.bind(around.clock);
    around.clock.at = (time, work) => {
      timers++;
      const cancel = at(time, work);
      return () => {
        timers--;
        cancel();
      };
    };
    const sleeping = cloudWorkflows.create(around, [workflowResource(SLEEPS)]);
    const execution = sleeping.execute(CALLER, WORKFLOW, "1");
    await around.clock.advance(0);
    expect(timers).toBe(1);
    execution.cancel();
    await around.clock.advance(0);
    expect(timers).toBe(0);

    const source = "main:\n  steps:\n    - last:\n        call: http.get\n        args: {url: 'https://x.test/'}";
    const asking = cloudWorkflows.create(around, [workflowResource(source)]).execute(CALLER, WORKFLOW, "");
    asking.cancel();
    await around.clock.advance(0);
    expect(around.invocations).toHaveLength(1);
    expect([asking.state, asking.result]).toEqual(["CANCELLED", undefined]);
    expect(around.hops.at(-1)).toMatchObject({ to: "x.test" });
  });

  test("pages list the newest first, without arguments unless asked", async () => {
    const { ask } = emulator();
    for (const number of [1, 2, 3]) await ask("POST", `${WORKFLOW}/executions`, { argument: String(number) });
    const first = await ask("GET", `${WORKFLOW}/executions?pageSize=2&view=FULL`);
    const second = await ask("GET", `${WORKFLOW}/executions?pageSize=2&pageToken=${first.nextPageToken}`);
    expect(first.executions.map(({ argument }: { argument: string }) => argument)).toEqual(["3", "2"]);
    expect(second.executions).toHaveLength(1);
    expect(second.executions[0]).not.toHaveProperty("argument");
    expect(second).not.toHaveProperty("nextPageToken");
  });

  test.each([
    [
      "POST",
      `${WORKFLOW}/executions`,
      { argument: "{" },
      "INVALID_ARGUMENT",
      /^Execution argument is not valid JSON: /,
    ],
    [
      "POST",
      `${WORKFLOW}/executions`,
      { argument: '{"id":9223372036854775808}' },
      "INVALID_ARGUMENT",
      /^Execution argument is not valid JSON: the number 9223372036854775808 is no integer of 64 bits$/,
    ],
    [
      "POST",
      `${WORKFLOW}/executions`,
      { argument: `"${"x".repeat(32_768)}"` },
      "INVALID_ARGUMENT",
      /^The argument has 32770 bytes; allowed: 32768$/,
    ],
    ["POST", `${WORKFLOW}/executions`, { arguments: "{}" }, "INVALID_ARGUMENT", /Unknown name "arguments"/],
    ["POST", `${WORKFLOW}x/executions`, {}, "NOT_FOUND", /^Workflow does not exist: .*wx$/],
    ["GET", `${WORKFLOW}/executions/none`, undefined, "NOT_FOUND", /^Execution does not exist: /],
    [
      "GET",
      `${WORKFLOW}/executions?filter=x`,
      undefined,
      "UNIMPLEMENTED",
      /^filter of ListExecutions is not simulated$/,
    ],
    ["GET", `${WORKFLOW}/executions?pageToken=x`, undefined, "INVALID_ARGUMENT", /^Invalid page token$/],
    ["POST", `${WORKFLOW}:triggerPubsubExecution`, {}, "UNIMPLEMENTED", /is not simulated here$/],
  ])("%s %s %j is %s", async (method, path, body, code, message) => {
    await expect(emulator().ask(method, path, body)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  test("each method needs its permission on the project", async () => {
    const { ask, workflows } = emulator(["caller@p workflows.executions.create projects/p"]);
    const { name } = await ask("POST", `${WORKFLOW}/executions`, {});
    const refused = (permission: string) => ({
      code: "PERMISSION_DENIED",
      message: `caller@p lacks ${permission} on projects/p`,
    });
    await expect(ask("GET", name)).rejects.toMatchObject(refused("workflows.executions.get"));
    await expect(ask("GET", `${WORKFLOW}/executions`)).rejects.toMatchObject(refused("workflows.executions.list"));
    await expect(ask("POST", `${name}:cancel`)).rejects.toMatchObject(refused("workflows.executions.cancel"));
    await expect(emulator([]).ask("POST", `${WORKFLOW}/executions`, {})).rejects.toMatchObject(
      refused("workflows.executions.create"),
    );
    workflows.stop();
    expect(workflows.pending()).toBe(0);
  });
});
