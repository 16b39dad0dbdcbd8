import type { Stack } from "@cdktf-serverless-ml/terraform-json";
import { asyncBatch } from "./async-batch";
import { eventWorkflow } from "./event-workflow";
import type { FlowType } from "./flow";
import { knownOutputs } from "./known-outputs";
import { pubsubFanout } from "./pubsub-fanout";
import { scheduledPreprocessing } from "./scheduled-preprocessing";
import { taskPipeline } from "./task-pipeline";

export type { Flow, FlowResult, FlowType, Input } from "./flow";
export { InputError } from "./flow";
export { knownOutputs } from "./known-outputs";

const FLOWS = [asyncBatch, taskPipeline, eventWorkflow, pubsubFanout, scheduledPreprocessing];

/** How a stack is used, known by its outputs or its functions' variables; undefined for none of our architectures. */
export function flowOf(stack: Stack): FlowType | undefined {
  const outputs = knownOutputs(stack);
  return FLOWS.find((flow) => flow.outputs.every((name) => outputs[name] !== undefined));
}
