import type { ServiceDescription } from "../core/service";
import { SIMULATED_IAM } from "./bindings";

/** The machine enforces IAM itself, for all services. */
export const iam: ServiceDescription = {
  name: "IAM",
  simulated: SIMULATED_IAM,
  passive: { google_service_account: "is a name; what it may do is said by bindings" },
  dataSources: ["google_service_account"],
  permissions: [],
  policies: ["projects/*/serviceAccounts/*"],
};

export { agentWarnings } from "./agent-order";
export { type Access, allows, BindingAuthorizer, type BindingAuthorizerOptions, type Denial } from "./authorizer";
export { type Binding, type BindingProblem, defaultBindings, readBindings } from "./bindings";
