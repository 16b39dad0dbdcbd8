export { functionUri } from "./computed";
export { one } from "./json";
export { evaluateStack, type Finding, readStack, type Stack, StackError, type StackResource } from "./stack";
