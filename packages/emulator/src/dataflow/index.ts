export { DataflowEmulator } from "./dataflow";
export type { Job } from "./job";
