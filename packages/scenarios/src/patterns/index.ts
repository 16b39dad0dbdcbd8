import { readStack, type Stack, StackIndex } from "@cdktf-serverless-ml/terraform-json";
import { redriveOutputs } from "../shared/redrive";
import type { Outputs, PatternScenario } from "../shared/scenario";
import { asyncBatch } from "./async-batch";
import { eventWorkflow } from "./event-workflow";
import { pubsubFanout } from "./pubsub-fanout";
import { scheduledPreprocessing } from "./scheduled-preprocessing";
import { taskPipeline } from "./task-pipeline";

/** One line for each pattern. A stack that fits several is used as the first of them. */
export const SCENARIOS: readonly PatternScenario[] = [
  asyncBatch,
  taskPipeline,
  eventWorkflow,
  pubsubFanout,
  scheduledPreprocessing,
];

/** Reads a stack, with the outputs that scenarios read from its resources. @throws StackError */
export function readStackWithOutputs(folder: string): Stack {
  const stack = readStack(folder);
  return { ...stack, outputs: outputsOf(stack) };
}

/** The outputs that a stack declares, and those that scenarios read from its resources. */
export function outputsOf(stack: Stack): Outputs {
  const index = StackIndex.of(stack);
  // Where several scenarios read an output of one name, the first one's counts.
  const read = [...SCENARIOS].reverse().map((scenario) => scenario.outputsFrom(index));
  return Object.assign({}, redriveOutputs(index), ...read, stack.outputs);
}

/**
 * The scenario by which a stack is used. Undefined for a stack of no pattern.
 *
 * @param stack read by `readStackWithOutputs`, `startMachine` or `startStack`
 */
export function scenarioOf({ outputs }: Stack): PatternScenario | undefined {
  return SCENARIOS.find((scenario) => scenario.outputs.every((name) => outputs[name] !== undefined));
}
