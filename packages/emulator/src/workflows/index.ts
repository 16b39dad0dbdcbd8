export type { Execution } from "./execution";
export { WorkflowsStandIn } from "./workflows";
