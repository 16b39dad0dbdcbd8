import { join } from "node:path";
import { type Machine, type RunOptions, VirtualClock } from "@cdktf-serverless-ml/emulator";
import { readStack } from "@cdktf-serverless-ml/terraform-json";
import { inDepth } from "../../../../__tests__/support/deep";
import { synthesized } from "../../../../__tests__/support/synthesized";
import { type FlowType, flowOf } from "../../src/flows";
import { inputFor, runFlow } from "../../src/run/run-stack";
import { startMachine } from "../../src/run/start";
import type { Summary } from "../../src/run/summary";

const stacks = synthesized();
afterAll(() => stacks.remove());
const SAMPLES = join(__dirname, "..", "..", "..", "..", "samples");
/** "In some cases, it can take 7 minutes or longer": https://cloud.google.com/iam/docs/access-change-propagation */
const TEN_MINUTES = 600_000;

/** A run on virtual time, with the bindings that come late. */
async function run(machine: Machine, type: FlowType, options: RunOptions): Promise<Summary & { early: number }> {
  const clock = new VirtualClock();
  const running = machine.run({ clock, propagation: TEN_MINUTES, ...options });
  clock.run(() => running.pending() > 0);
  try {
    const summary = await runFlow(running, type, inputFor(type, undefined, SAMPLES));
    return { ...summary, early: running.parts.late.early.length };
  } finally {
    await running.stop();
    clock.stop();
  }
}

const STACKS = ["event-workflow", "scheduled-preprocessing", "async-batch", "task-pipeline", "pubsub-fanout"];

describe.each(inDepth(STACKS, STACKS.slice(0, 2)))("%s", (name) => {
  let machine: Machine;
  let type: FlowType;

  beforeAll(async () => {
    const folder = stacks.stack(name);
    type = flowOf(readStack(folder)) as FlowType;
    machine = await startMachine(folder);
  }, 120_000);
  afterAll(() => machine.stop());

  test("loses nothing while all its grants take ten minutes to come into effect", async () => {
    const { verdict, lost, deadLettered, refused, early } = await run(machine, type, {});
    expect({ verdict, lost, deadLettered, refused }).toEqual({
      verdict: "OK",
      lost: 0,
      deadLettered: 0,
      refused: [],
    });
    expect(early).toBeGreaterThan(0);
  }, 120_000);

  // Of a pipeline's it would tell the same as of async-batch's, which has the same parts.
  if (name === "task-pipeline" || name === "event-workflow") return;
  test("loses nothing while one of its grants does, whichever", async () => {
    const lost: string[] = [];
    let denied = 0;
    for (const late of machine.bindings) {
      const summary = await run(machine, type, { mayBeLate: (binding) => binding.address === late.address });
      denied += summary.early;
      if (summary.lost + summary.unexpected + summary.refused.length > 0 || summary.error) lost.push(late.address);
    }
    expect(lost).toEqual([]);
    expect(denied).toBeGreaterThan(0);
  }, 300_000);
});
