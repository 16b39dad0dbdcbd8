export { DataflowStandIn } from "./dataflow";
export type { Job } from "./job";
