export { functionUri } from "./computed";
export { one } from "./json";
export type { Finding, Stack, StackResource } from "./model";
export { evaluateStack, readStack, StackError } from "./stack";
