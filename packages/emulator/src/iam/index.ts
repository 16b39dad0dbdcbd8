export { agentWarnings } from "./agent-order";
export { type Access, allows, BindingAuthorizer, type BindingAuthorizerOptions, type Denial } from "./authorizer";
export { type Binding, type BindingProblem, LOG_WRITERS, readBindings, SIMULATED_IAM } from "./bindings";
export { defaultBindings } from "./service-agents";
