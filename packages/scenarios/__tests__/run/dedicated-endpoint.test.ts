import { vertexAi } from "@cdktf-serverless-ml/emulator";
import { synthesized } from "../../../../__tests__/support/synthesized";
import { scenarioOf } from "../../src/patterns";
import { inputFor, runScenario } from "../../src/run/run-stack";
import { startStack } from "../../src/run/start";

// The shared host refuses a dedicated endpoint with 400 FAILED_PRECONDITION, here as on Vertex AI.
const id = "mg-endpoint-00bad2fe-e062-4caf-97f4-4076070b6bca";
const stacks = synthesized({
  VERTEX_ENDPOINT_ID: id,
  VERTEX_ENDPOINT_HOST: `${id}.us-central1-839045260585.prediction.vertexai.goog`,
});
afterAll(() => stacks.remove());

const STACKS: readonly [string, number][] = [
  ["async-batch", 6],
  ["event-workflow", 1],
  ["pubsub-fanout", 32],
];
test.each(STACKS)("%s asks a dedicated endpoint on its own host", async (name, accepted) => {
  const running = await startStack(stacks.stack(name));
  try {
    const scenario = scenarioOf(running.stack);
    if (!scenario) throw new Error(`${name} is none of the five`);
    const summary = await runScenario(running, scenario, inputFor(scenario, undefined, "samples"));
    expect(summary).toMatchObject({ accepted, done: accepted, deadLettered: 0, lost: 0, unexpected: 0, refused: [] });
    expect([...running.service(vertexAi).endpoints]).toEqual([
      `projects/my-gcp-project/locations/us-central1/endpoints/${id}`,
    ]);
  } finally {
    await running.stop();
  }
});
