export type { DrivenStack, Driver } from "./drive/driver";
export type { FaultReport } from "./faults/report";
export { runFaults } from "./faults/run-faults";
export { outputsOf, readStackWithOutputs, scenarioOf } from "./patterns";
export { describe } from "./run/print";
export { inputFor, runStack } from "./run/run-stack";
export { startMachine, startStack } from "./run/start";
export { isGood, type Summary } from "./run/summary";
export type { Scenario } from "./shared/scenario";
