export type { FaultReport } from "./faults/report";
export { runFaults } from "./faults/run-faults";
export { flowOf } from "./flows";
export type { FlowType } from "./flows/flow";
export { knownOutputs } from "./flows/known-outputs";
export { describe, onTerminal } from "./run/print";
export { inputFor, runStack } from "./run/run-stack";
export { startMachine, startStack } from "./run/start";
export { isGood, type Summary } from "./run/summary";
