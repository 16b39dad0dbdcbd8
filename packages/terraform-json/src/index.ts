export { RESOURCE_TYPES, SERVICE_AGENTS } from "./google";
export { functionAliases } from "./google/cloud-functions";
export { serviceAlias, serviceUri } from "./google/cloud-run";
export type { ResourceKind, ServiceAgent } from "./google/resource-type";
export { customRoles, type Grant, granting, grantsOf, mayActAs } from "./grants";
export { block, blocks } from "./json";
export type { Finding, Stack, StackResource } from "./model";
export {
  agentDomain,
  defaultComputeAccount,
  emailOf,
  isServiceAgent,
  serviceAgent,
  shortAccount,
} from "./service-accounts";
export { evaluateStack, readStack, StackError } from "./stack";

export { StackIndex } from "./stack-index";
export { containerEnvironment, type StackWorker } from "./stack-worker";
