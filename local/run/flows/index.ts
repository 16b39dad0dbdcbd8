import type { Stack } from "../../../terraform";
import { asyncBatch } from "./async-batch";
import { eventWorkflow } from "./event-workflow";
import type { FlowType } from "./flow";
import { pubsubFanout } from "./pubsub-fanout";
import { scheduledPreprocessing } from "./scheduled-preprocessing";
import { taskPipeline } from "./task-pipeline";

export type { Flow, FlowResult, FlowType, Input } from "./flow";
export { InputError } from "./flow";

const FLOWS = [asyncBatch, taskPipeline, eventWorkflow, pubsubFanout, scheduledPreprocessing];

/** How a stack is used, told from its outputs; undefined for one that is none of our architectures. */
export function flowOf({ outputs }: Stack): FlowType | undefined {
  return FLOWS.find((flow) => flow.outputs.every((name) => outputs[name] !== undefined));
}
