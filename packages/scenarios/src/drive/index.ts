export { drivenBy } from "./driven-flow";
export type { DrivenStack, Driver } from "./driver";
export { loadDriver } from "./load-driver";
