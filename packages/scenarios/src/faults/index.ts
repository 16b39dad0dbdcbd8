export { poisoned } from "../shared/inject-poison";
export { faults } from "./command";
export { composed, FaultEngine } from "./engine";
export { type FaultFlags, type FaultSettings, faultSettings } from "./options";
export type { FaultReport } from "./report";
export { type FaultOptions, runFaults } from "./run-faults";
