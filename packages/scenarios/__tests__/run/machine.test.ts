import { type Summary, scenarioOf } from "@cdktf-serverless-ml/scenarios";
import { synthesized } from "../../../../__tests__/support/synthesized";
import { ApiError, ConnectionLost } from "../../../emulator/src/core/api-error";
import { VirtualClock } from "../../../emulator/src/core/virtual-clock";
import type { Machine } from "../../../emulator/src/machine/machine";
import type { RunOptions } from "../../../emulator/src/machine/options";
import type { RunningStack } from "../../../emulator/src/machine/running-stack";
import { inputFor, runScenario } from "../../src/run/run-stack";
import { startMachine } from "../../src/run/start";

const stacks = synthesized();
let machine: Machine;

beforeAll(async () => {
  machine = await startMachine(stacks.stack("async-batch"));
});

afterAll(async () => {
  await machine.stop();
  stacks.remove();
});

const ALL = { accepted: 6, done: 6, deadLettered: 0, lost: 0, unexpected: 0, repeatedEffects: 0, refused: [] };

async function runSample(running: RunningStack): Promise<Summary> {
  const scenario = scenarioOf(running.stack);
  if (!scenario) throw new Error("the stack is none of the five");
  try {
    return await runScenario(running, scenario, inputFor(scenario, undefined, "samples"));
  } finally {
    await running.stop();
  }
}

/** A run in virtual time. */
async function virtual(intercept?: RunOptions["intercept"]): Promise<{ summary: Summary; seconds: number }> {
  const clock = new VirtualClock();
  const start = clock.now();
  const running = machine.run({ clock, intercept });
  clock.run(() => running.pending() > 0);
  const summary = await runSample(running);
  clock.stop();
  return { summary, seconds: (clock.now() - start) / 1000 };
}

test("a second run begins with empty buckets and queues, on the same processes", async () => {
  expect(await runSample(machine.run())).toMatchObject(ALL);
  const second = machine.run();
  expect(second.writes("my-gcp-project-async-batch-output-dev")).toEqual([]);
  expect(await runSample(second)).toMatchObject(ALL);
});

test("each run has the bindings that it is given, builds included", async () => {
  const without = (type: string) => machine.run({ bindings: ({ address }) => !address.startsWith(type) });
  const { refused } = await runSample(without("google_cloud_tasks_queue_iam_member"));
  expect(refused).toEqual([expect.stringMatching(/async-batch-submitter-dev@.* lacks cloudtasks\.tasks\.create/)]);
  const build = machine.bindings.find(({ role }) => role === "roles/logging.logWriter");
  expect(() => machine.run({ bindings: (binding) => binding !== build })).toThrow(/logging\.logEntries\.create/);
  expect(await runSample(machine.run())).toMatchObject(ALL);
});

test("a crash before and one after the work cost an attempt each and nothing else; the waits take no time", async () => {
  const attempts: string[] = [];
  const { summary, seconds } = await virtual(() => ({
    invoker: (inner) => ({
      invoke: async (invocation) => {
        const { "X-CloudTasks-TaskName": task, "X-CloudTasks-TaskRetryCount": retries } = invocation.headers;
        const crashPoint = retries === "0" ? "crash-before" : retries === "1" ? "crash-after" : undefined;
        const result = await inner.invoke({ ...invocation, crashPoint: task?.endsWith("-3") ? crashPoint : undefined });
        if (task?.endsWith("-3")) attempts.push(`${retries}: ${result.status}`);
        return result;
      },
    }),
  }));
  expect(summary).toMatchObject(ALL);
  expect(attempts).toEqual(["0: 503", "1: 503", "2: 200"]);
  expect(seconds).toBeGreaterThan(1);
});

test("a connection that is lost by an API reaches the function as no answer, and it asks again", async () => {
  let lost = 0;
  const { summary } = await virtual(() => ({
    service: (service) => ({
      ...service,
      handle: async (request) => {
        const reply = await service.handle(request);
        if (request.method === "POST" && request.path.includes("/tasks") && lost++ === 0) {
          throw new ConnectionLost("planted");
        }
        return reply;
      },
    }),
  }));
  expect(lost).toBeGreaterThan(1);
  expect(summary).toMatchObject(ALL);
});

test("clients retry after 503 and after no answer, as often as they are set to", async () => {
  const failures = ["503", "no answer"];
  const upload = (retries: number | undefined, failing: string[]) => {
    const running = machine.run({
      retries,
      intercept: () => ({
        service: (service) => ({
          ...service,
          handle: async (request) => {
            const failure = failing.shift();
            if (failure === "503") throw new ApiError("UNAVAILABLE", "planted");
            if (failure) throw new ConnectionLost("planted");
            return service.handle(request);
          },
        }),
      }),
    });
    return running.client().upload("my-gcp-project-async-batch-input-dev", "a", Buffer.from("a"), "text/plain");
  };
  await expect(upload(2, [...failures])).resolves.toMatchObject({ name: "a" });
  await expect(upload(1, [...failures])).rejects.toThrow(/^POST .* got no answer: /);
  await expect(upload(undefined, [...failures])).rejects.toThrow(/^POST .* answered 503: planted/);
});

test("a run is not over while what stands between has something left to do", async () => {
  let late = 0;
  let arrived = 0;
  const { summary } = await virtual(({ clock }) => ({
    invoker: (inner) => ({
      invoke: async (invocation) => {
        const result = await inner.invoke(invocation);
        late++;
        clock.at(clock.now() + 3_600_000, () => {
          late--;
          arrived++;
        });
        return result;
      },
    }),
    pending: () => late,
  }));
  expect(summary).toMatchObject(ALL);
  expect(arrived).toBe(6);
});

test("nothing is printed of a run that has ended, not even of requests that its end cuts off", async () => {
  const lines: string[] = [];
  let begun = () => {};
  let goOn = () => {};
  const isBegun = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const mayGoOn = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const running = machine.run({
    write: (line) => lines.push(line),
    intercept: () => ({
      invoker: () => ({
        invoke: async () => {
          begun();
          await mayGoOn;
          return { status: 503, headers: {}, body: Buffer.alloc(0) };
        },
      }),
    }),
  });
  const scenario = scenarioOf(running.stack);
  await scenario?.create(running).submit(inputFor(scenario, undefined, "samples"));
  await isBegun;
  await running.stop();
  const before = [...lines];
  expect(before).not.toEqual([]);
  goOn();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(lines).toEqual(before);
});
