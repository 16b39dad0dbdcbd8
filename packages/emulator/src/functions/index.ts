export type { Traffic } from "./access";
export { FunctionHost, type FunctionHostOptions } from "./host";
export type { LogEntry } from "./log";
export { settingsOf } from "./settings";
export { functionUri } from "./uri";
