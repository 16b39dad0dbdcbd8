import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine, RunningStack, WorkerHost } from "@cdktf-serverless-ml/emulator";
import { strToU8, zipSync } from "fflate";
import { changed, synthesized } from "../../../../__tests__/support/synthesized";
import { MutationRun } from "../../src/iam-check/mutation-run";
import { scenarioOf } from "../../src/patterns";
import { startMachine } from "../../src/run/start";
import { isGood, type Summary } from "../../src/run/summary";
import type { Scenario } from "../../src/shared/scenario";

const stacks = synthesized();
const stack = stacks.stack("async-batch");
/** The stack's own, on which runs are made one after the other. */
let own: Machine;

beforeAll(async () => {
  own = await startMachine(stack);
});

afterAll(async () => {
  await own.stop();
  stacks.remove();
});

/** How a machine's stack is used, and what is under way on it after a run. */
function usedOn(machine: Machine): { scenario: Scenario; left: () => number } {
  const scenario = scenarioOf(machine.stack);
  if (!scenario) throw new Error("the stack is none of the five");
  let workers: WorkerHost | undefined;
  const noted: Scenario = {
    ...scenario,
    create: (running: RunningStack) => {
      workers = running.parts.workers;
      return scenario.create(running);
    },
  };
  return { scenario: noted, left: () => workers?.pending() ?? -1 };
}

test("a run ends at the denial that it is for, and leaves nothing to the next one", async () => {
  const { scenario, left } = usedOn(own);
  const [binding] = own.bindings.filter(({ address }) => /output_objectCreator-batch-worker/.test(address));
  const without = { bindings: (other: object) => other !== binding, endsAt: () => true };
  for (let time = 0; time < 2; time++) {
    const { denials, summary } = await new MutationRun(own, scenario, without).run();
    expect(denials).toEqual([expect.objectContaining({ permission: "storage.objects.create" })]);
    expect(summary).toBeUndefined();
    expect(left()).toBe(0);
  }
});

test("each delivery comes again after its success: what is there already is looked for", async () => {
  const reads = new Map<string, number>();
  const { denials, summary } = await new MutationRun(own, usedOn(own).scenario, {
    onAllowed: ({ permission, resource }) => {
      if (permission !== "storage.objects.get" || !resource.includes("/objects/results/")) return;
      reads.set(resource, (reads.get(resource) ?? 0) + 1);
    },
  }).run();
  expect(denials).toEqual([]);
  expect(summary).toMatchObject({ accepted: 8, done: 5, deadLettered: 3, repeatedEffects: 0 });
  expect(isGood(summary as Summary)).toBe(true);
  expect(reads.size).toBe(8);
  expect(Math.min(...reads.values())).toBeGreaterThanOrEqual(2);
});

test("requests that do not end after a denial are ended", async () => {
  const zip = join(stack, "hangs.zip");
  const code = `exports.handler = () => {
    require("node:https").get("https://storage.googleapis.com/storage/v1/b/my-gcp-project-async-batch-input-dev/o");
  };`;
  writeFileSync(zip, zipSync({ "index.js": strToU8(code), "package.json": strToU8('{"main":"index.js"}') }));
  const copy = changed(stack, ({ resource }) => {
    for (const object of Object.values<{ name: string; source: string }>(resource.google_storage_bucket_object)) {
      if (object.name.startsWith("batch-worker")) object.source = zip;
    }
  });
  const machine = await startMachine(copy);
  try {
    const { scenario, left } = usedOn(machine);
    const { denials } = await new MutationRun(machine, scenario, { endsAt: () => true }).run();
    expect(denials).toEqual([expect.objectContaining({ email: "", permission: "storage.objects.list" })]);
    expect(left()).toBe(0);
  } finally {
    await machine.stop();
  }
  rmSync(zip);
});
