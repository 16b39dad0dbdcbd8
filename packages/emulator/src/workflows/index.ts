export type { Execution } from "./execution";
export { WorkflowsEmulator } from "./workflows";
