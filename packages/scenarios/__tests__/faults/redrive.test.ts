import { changed, givingUpSoon, synthesized } from "../../../../__tests__/support/synthesized";
import type { FaultReport } from "../../src/faults/report";
import { runFaults } from "../../src/faults/run-faults";
import { scenarioOf } from "../../src/patterns";
import { startMachine } from "../../src/run/start";

const stacks = synthesized();
afterAll(() => stacks.remove());

async function redriven(name: string, inputs: number, seed: number): Promise<FaultReport> {
  const machine = await startMachine(changed(stacks.stack(name), givingUpSoon));
  try {
    const scenario = scenarioOf(machine.stack);
    if (!scenario) throw new Error(`${name} is none of the five`);
    return await runFaults(machine, scenario, { seed, inputs, redrive: true });
  } finally {
    await machine.stop();
  }
}

function expectNothingLost(report: FaultReport, letters: number): void {
  expect(report).toMatchObject({ lost: 0, unexpected: 0, repeatedEffects: 0, refused: [] });
  expect([report.error, report.violation?.trace]).toEqual([undefined, undefined]);
  expect(report.redriven?.letters).toBeGreaterThanOrEqual(letters);
  // Only poison is still in the dead letter.
  const { accepted, done, deadLettered, notReached } = report;
  expect(done + deadLettered + notReached).toBe(accepted);
  expect(done).toBeGreaterThanOrEqual(accepted * 0.6);
}

test.each(["async-batch", "task-pipeline", "event-workflow", "pubsub-fanout"])(
  "%s: after an outage the dead letters come back, and every item ends in one effect",
  async (name) => {
    expectNothingLost(await redriven(name, 12, 1), 6);
  },
  300_000,
);

// A thousand: npm run local -- async-batch --faults --redrive --inputs 800
test("a hundred letters come back: nothing is lost, and nothing is done twice", async () => {
  const report = await redriven("async-batch", 100, 1);
  expectNothingLost(report, 100);
  expect(report.done).toBeGreaterThan(90);
}, 300_000);
