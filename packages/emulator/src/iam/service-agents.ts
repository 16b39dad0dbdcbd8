import { SERVICE_AGENTS, serviceAgent } from "@cdktf-serverless-ml/terraform-json";
import { type Binding, binding } from "./bindings";

/**
 * The bindings of Google's service agents that no Terraform makes: the roles that the agents hold on every project whose API
 * is on. The agent of Cloud Storage holds none. The addresses of the bindings say where they come from.
 */
export function defaultBindings(project: string, projectNumber: string): Binding[] {
  return SERVICE_AGENTS.flatMap(({ domain, grantedRole }) => {
    if (!grantedRole) return [];
    const { role, source } = grantedRole;
    return binding({
      address: `granted by Google (${source})`,
      role,
      member: `serviceAccount:${serviceAgent(projectNumber, domain)}`,
      resource: `projects/${project}`,
    });
  });
}
