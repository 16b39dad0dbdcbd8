export { functionUri, projectNumber, storageAgent } from "./computed";
export { ExpressionError, parseTemplate } from "./expression";
export { evaluateStack, type Finding, readStack, type Stack, StackError, type StackResource } from "./stack";
