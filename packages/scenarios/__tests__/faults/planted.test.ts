import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Interceptors, Machine } from "@cdktf-serverless-ml/emulator";
import { strFromU8, strToU8, unzipSync, zipSync } from "fflate";
import { changed, givingUpSoon, synthesized } from "../../../../__tests__/support/synthesized";
import type { FaultReport } from "../../src/faults/report";
import { runFaults } from "../../src/faults/run-faults";
import { scenarioOf } from "../../src/patterns";
import { startMachine } from "../../src/run/start";
import { isGood } from "../../src/run/summary";
import type { Scenario, ScenarioResult } from "../../src/shared/scenario";

const stacks = synthesized();
const stack = stacks.stack("async-batch");
afterAll(() => stacks.remove());

/** Runs until one of a few seeds catches what was planted. */
async function caught(
  folder: string,
  { outside, inputs = 24, seeds = [1, 2, 3, 4, 5] }: { outside?: Interceptors; inputs?: number; seeds?: number[] } = {},
): Promise<FaultReport> {
  const machine = await startMachine(folder);
  try {
    const scenario = scenarioOf(machine.stack);
    if (!scenario) throw new Error("the stack is none of the five");
    for (const seed of seeds) {
      const report = await runFaults(machine, scenario, { seed, inputs, outside });
      if (!isGood(report)) return report;
    }
    throw new Error("no seed caught it");
  } finally {
    await machine.stop();
  }
}

test("a dispatcher that takes a broken connection for a success: lost, and the trace shows the one attempt", async () => {
  const report = await caught(stack, {
    inputs: 12,
    outside: {
      invoker: (inner) => ({
        invoke: async (invocation) => {
          const { failure, ...result } = await inner.invoke(invocation);
          return failure === "connection" || result.status === 503
            ? { ...result, status: 200 }
            : { ...result, failure };
        },
      }),
    },
  });
  expect(report.lost).toBeGreaterThan(0);
  expect(report).toMatchObject({ unexpected: 0, repeatedEffects: 0, refused: [] });
  const { key, why, trace = [] } = report.violation ?? {};
  expect(why).toBe("was accepted and has neither an effect nor a dead letter");
  expect(trace.join("\n")).toMatch(
    new RegExp(`fault -> async-batch-worker-dev  task ${key}  attempt \\d+  (answered 503|crash|answer lost)`),
  );
  expect(trace.at(-1)).toMatch(new RegExp(`queue .* task ${key}  attempt \\d+  200`));
}, 120_000);

/** Without the precondition an object is overwritten, which its identity may not: so it is let. */
function withoutPrecondition(): string {
  let patched = 0;
  const folder = changed(stack, ({ resource }) => {
    for (const object of Object.values<{ name: string; source: string }>(resource.google_storage_bucket_object)) {
      if (!object.name.includes("batch-worker")) continue;
      const file = join(stack, object.source);
      const files = unzipSync(readFileSync(file));
      for (const [name, bytes] of Object.entries(files)) {
        const text = strFromU8(bytes);
        patched += text.split("&ifGenerationMatch=0").length - 1;
        files[name] = strToU8(text.replaceAll("&ifGenerationMatch=0", ""));
      }
      object.source = join(dirname(stack), `without-precondition-${basename(file)}`);
      writeFileSync(object.source, zipSync(files));
    }
    for (const binding of Object.values<{ role: string }>(resource.google_storage_bucket_iam_member)) {
      if (binding.role === "roles/storage.objectCreator") binding.role = "roles/storage.objectUser";
    }
  });
  expect(patched).toBe(1);
  return folder;
}

test("a worker without its precondition: effects are repeated, and the trace shows what was done twice", async () => {
  const report = await caught(withoutPrecondition(), { seeds: [2, 1, 3, 4, 5] });
  expect(report.repeatedEffects).toBeGreaterThan(0);
  expect(report).toMatchObject({ lost: 0, unexpected: 0, refused: [] });
  const { why, trace = [] } = report.violation ?? {};
  expect(why).toBe("has its effect more than once");
  expect(trace.join("\n")).toMatch(/fault -> .*(twice at once|shard-\d+\.jsonl {2}attempt 1 {2}call reset after)/);
}, 120_000);

test("a dead letter without its subscription: the command ends with 1, and says of one item where it went", () => {
  const folder = changed(stack, ({ resource, output }) => {
    delete resource.google_pubsub_subscription;
    // Its grant names the subscription.
    delete resource.google_pubsub_subscription_iam_member;
    for (const name of Object.keys(output)) if (name.startsWith("dead_letter")) delete output[name];
  });
  const args = ["--terraform", folder, "--faults", "--seed", "4", "--inputs", "10", "--quiet", "--json"];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["scripts/ts.mjs", "packages/scenarios/src/cli.ts", ...args],
    {
      env: { ...process.env, INIT_CWD: undefined, NO_COLOR: "1" },
      encoding: "utf8",
    },
  );
  expect(stderr).toBe("");
  const report: FaultReport = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
  // The refused one, the one that fails, and the one that kills.
  expect(report).toMatchObject({ accepted: 10, done: 7, deadLettered: 0, lost: 3, seed: 4, inputs: 10 });
  expect(report.violation?.trace.join("\n")).toMatch(
    /async-batch-worker-dev -> topic async-batch-dead-letter-dev {2}message \d+ {2}LOST {2}The topic has no subscription/,
  );
  expect(status).toBe(1);
  expect(stdout).toContain(
    `To repeat this run: npm run local -- --terraform ${folder} --faults --seed 4 --inputs 10\n`,
  );
  expect(stdout).toMatch(/^FAILED {2}async-batch {2}accepted 10, done 7, deadLettered 0, lost 3/m);
  expect(stdout).toContain("was accepted and has neither an effect nor a dead letter:\n");
}, 120_000);

test("a worker without its dead letter: an item that nothing gives up ends the run", async () => {
  const folder = changed(stack, (json) => {
    givingUpSoon(json);
    for (const { name, service_config } of Object.values<Worker>(json.resource.google_cloudfunctions2_function)) {
      if (name.includes("worker")) delete service_config.environment_variables.DEAD_LETTER_TOPIC;
    }
  });
  const report = await caught(folder, { inputs: 5 });
  expect(report.error).toMatch(/^task \S+ was attempted 106 times, and nothing gives it up$/);
  expect(report.violation?.why).toBe("is attempted again and again");
  expect(report.violation?.trace.join("\n")).toMatch(
    /attempt 1 {2}(400|500)[\s\S]*… \d+ more hops[\s\S]*attempt 10\d {2}(400|500)/,
  );
}, 60_000);

interface Worker {
  readonly name: string;
  readonly service_config: { readonly environment_variables: { DEAD_LETTER_TOPIC?: string } };
}

test("a binding that is missing ends the run: the call is named, and no item blamed for it", async () => {
  const folder = changed(stack, ({ resource }) => {
    const bindings = resource.google_storage_bucket_iam_member;
    for (const key of Object.keys(bindings)) if (/output.*objectCreator/.test(key)) delete bindings[key];
  });
  const report = await caught(folder, { inputs: 5 });
  expect(report.refused[0]).toMatch(/^async-batch-worker-dev@.* lacks storage\.objects\.create on/);
  expect(report.violation).toBeUndefined();
}, 60_000);

const CHANGED: readonly [string, (result: ScenarioResult) => Partial<ScenarioResult>, string][] = [
  [
    "an item with both",
    ({ effects }) => ({ deadLetters: [{ key: effects[0] ?? "", reason: "planted" }] }),
    "has an effect and a dead letter",
  ],
  [
    "an effect of nothing that was accepted",
    ({ effects }) => ({ effects: [...effects, "stranger"] }),
    "has an effect or a dead letter but was never accepted",
  ],
];

describe("in a result", () => {
  let machine: Machine;

  beforeAll(async () => {
    machine = await startMachine(stack);
  });
  afterAll(() => machine.stop());

  test.each(CHANGED)(
    "%s is unexpected",
    async (_, change, why) => {
      const scenario = scenarioOf(machine.stack);
      if (!scenario) throw new Error("the stack is none of the five");
      const create: Scenario["create"] = (running) => {
        const run = scenario.create(running);
        const result = () => ({ ...run.result(), ...change(run.result()) });
        return Object.assign(Object.create(run), { result });
      };
      const report = await runFaults(machine, { ...scenario, create }, { seed: 1, inputs: 2 });
      expect(report).toMatchObject({ accepted: 2, unexpected: 1, lost: 0, violation: { why } });
      expect(isGood(report)).toBe(false);
    },
    60_000,
  );
});
