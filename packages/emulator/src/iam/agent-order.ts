import {
  agentDomain,
  RESOURCE_TYPES,
  SERVICE_AGENTS,
  type ServiceAgent,
  type StackResource,
} from "@cdktf-serverless-ml/terraform-json";

/** Types that make Terraform wait, or that create the agent at once. */
const PAUSES = new Set(["google_project_service_identity", "null_resource", "terraform_data", "time_sleep"]);

/**
 * Why the first apply to a new project can fail. Terraform creates grants to Google's service
 * agents, and workflows, as soon as the API is enabled, but the agent exists only some time later.
 *
 * An API that the stack does not enable gives no warning: it may have been enabled long ago.
 */
export function agentWarnings(resources: readonly StackResource[]): string[] {
  const byAddress = new Map(resources.map((resource) => [resource.address, resource]));
  return resources.flatMap((resource) =>
    agentsOf(resource).flatMap(({ domain, api: name }) => {
      const api = resources.find(
        ({ type, attributes }) => type === "google_project_service" && attributes.service === `${name}.googleapis.com`,
      );
      if (!api) return [];
      const before = ancestors(resource, byAddress);
      const isPause = (one: StackResource) => PAUSES.has(one.type) && ancestors(one, byAddress).has(api);
      if ([...before].some(isPause)) return [];
      const what = before.has(api) ? "right after" : "without waiting for";
      return [
        `${resource.address}: needs the service agent ${domain} ${what} ${api.address}; in a new project it does not exist yet. Let it depend on a time_sleep that depends on the API`,
      ];
    }),
  );
}

/** The agents that a resource needs. */
function agentsOf({ type, attributes }: StackResource): readonly ServiceAgent[] {
  const members = /_iam_(member|binding)$/.test(type) ? [attributes.member, attributes.members].flat() : [];
  const domains = [...members.map((member) => agentDomain(String(member))), RESOURCE_TYPES.get(type)?.needsAgent];
  return domains.flatMap((domain) => SERVICE_AGENTS.filter((agent) => agent.domain === domain));
}

/** All resources that Terraform creates before a resource. */
function ancestors(resource: StackResource, byAddress: ReadonlyMap<string, StackResource>): Set<StackResource> {
  const found = new Set<StackResource>();
  const open = [resource];
  for (let next = open.pop(); next; next = open.pop()) {
    for (const address of next.dependsOn) {
      const one = byAddress.get(address);
      if (!one || found.has(one)) continue;
      found.add(one);
      open.push(one);
    }
  }
  return found;
}
