import { join } from "node:path";
import { type Machine, type RunOptions, VirtualClock } from "@cdktf-serverless-ml/emulator";
import { synthesized } from "../../../../__tests__/support/synthesized";
import { STACK_NAMES } from "../../../../__tests__/synth/project-copy";
import { readStackWithOutputs, scenarioOf } from "../../src/patterns";
import { inputFor, runScenario } from "../../src/run/run-stack";
import { startMachine } from "../../src/run/start";
import type { Summary } from "../../src/run/summary";
import type { Scenario } from "../../src/shared/scenario";

const stacks = synthesized();
afterAll(() => stacks.remove());
const SAMPLES = join(__dirname, "..", "..", "..", "..", "samples");
/**
 * "In some cases, it can take 7 minutes or longer":
 * https://cloud.google.com/iam/docs/access-change-propagation
 */
const TEN_MINUTES = 600_000;

/** A run on virtual time, with the bindings that come late. */
async function run(machine: Machine, scenario: Scenario, options: RunOptions): Promise<Summary & { early: number }> {
  const clock = new VirtualClock();
  const running = machine.run({ clock, propagation: TEN_MINUTES, ...options });
  clock.run(() => running.pending() > 0);
  try {
    const summary = await runScenario(running, scenario, inputFor(scenario, undefined, SAMPLES));
    return { ...summary, early: running.parts.late.early.length };
  } finally {
    await running.stop();
    clock.stop();
  }
}

describe.each(STACK_NAMES)("%s", (name) => {
  let machine: Machine;
  let scenario: Scenario;

  beforeAll(async () => {
    const folder = stacks.stack(name);
    scenario = scenarioOf(readStackWithOutputs(folder)) as Scenario;
    machine = await startMachine(folder);
  }, 120_000);
  afterAll(() => machine.stop());

  test("loses nothing while all its grants take ten minutes to come into effect", async () => {
    const { verdict, lost, deadLettered, refused, early } = await run(machine, scenario, {});
    expect({ verdict, lost, deadLettered, refused }).toEqual({
      verdict: "OK",
      lost: 0,
      deadLettered: 0,
      refused: [],
    });
    expect(early).toBeGreaterThan(0);
  }, 120_000);

  // A pipeline has the same parts as async-batch, so it would show the same.
  if (name === "task-pipeline" || name === "event-workflow") return;
  test("loses nothing while one of its grants does, whichever", async () => {
    const lost: string[] = [];
    let denied = 0;
    for (const late of machine.bindings) {
      const summary = await run(machine, scenario, { mayBeLate: (binding) => binding.address === late.address });
      denied += summary.early;
      if (summary.lost + summary.unexpected + summary.refused.length > 0 || summary.error) lost.push(late.address);
    }
    expect(lost).toEqual([]);
    expect(denied).toBeGreaterThan(0);
  }, 300_000);
});
