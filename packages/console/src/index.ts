export type * from "./api-types";
export { Console, type ConsoleOptions } from "./console";
export type { OpenedStack } from "./model/opened-stack";
