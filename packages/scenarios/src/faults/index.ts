export { faults } from "./command";
export { composed, FaultEngine } from "./engine";
export { type FaultFlags, type FaultSettings, faultSettings } from "./options";
export { poisoned } from "./poison";
export type { FaultReport } from "./report";
export { type FaultOptions, runFaults } from "./run-faults";
