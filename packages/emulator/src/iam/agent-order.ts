import type { StackResource } from "@cdktf-serverless-ml/terraform-json";

/** Google's agents by the domain of their address, and the API that brings each: cloud.google.com/iam/docs/service-agents */
const API_OF_AGENT: Readonly<Record<string, string>> = {
  "compute-system": "compute",
  "dataflow-service-producer-prod": "dataflow",
  "gcf-admin-robot": "cloudfunctions",
  "gcp-sa-artifactregistry": "artifactregistry",
  "gcp-sa-cloudscheduler": "cloudscheduler",
  "gcp-sa-cloudtasks": "cloudtasks",
  "gcp-sa-eventarc": "eventarc",
  "gcp-sa-pubsub": "pubsub",
  "gcp-sa-workflows": "workflows",
  "serverless-robot-prod": "run",
};

/** Resources that need an agent of Google's when they are created. */
const AGENT_OF_TYPE: Readonly<Record<string, string>> = { google_workflows_workflow: "gcp-sa-workflows" };

/** Types that make Terraform wait, or make the agent at once. */
const PAUSES = new Set(["google_project_service_identity", "null_resource", "terraform_data", "time_sleep"]);

/**
 * What the first apply to a new project may fail on: grants to Google's agents, and workflows, that Terraform makes as soon as
 * the agent's API is enabled. The agent exists some time later only.
 *
 * Says nothing of an API that the stack does not enable: it may be on for long.
 */
export function agentWarnings(resources: readonly StackResource[]): string[] {
  const byAddress = new Map(resources.map((resource) => [resource.address, resource]));
  return resources.flatMap((resource) =>
    agentsOf(resource).flatMap((agent) => {
      const service = `${API_OF_AGENT[agent]}.googleapis.com`;
      const api = resources.find(
        ({ type, attributes }) => type === "google_project_service" && attributes.service === service,
      );
      if (!api) return [];
      const before = ancestors(resource, byAddress);
      const isPause = (one: StackResource) => PAUSES.has(one.type) && ancestors(one, byAddress).has(api);
      if ([...before].some(isPause)) return [];
      const what = before.has(api) ? "right after" : "without waiting for";
      return [
        `${resource.address}: needs the service agent ${agent} ${what} ${api.address}; in a new project it does not exist yet. Let it depend on a time_sleep that depends on the API`,
      ];
    }),
  );
}

/** Domains of the agents that a resource is about. */
function agentsOf({ type, attributes }: StackResource): string[] {
  const members = /_iam_(member|binding)$/.test(type) ? [attributes.member, attributes.members].flat() : [];
  const granted = members.flatMap((member) => {
    const [, domain = ""] =
      /^serviceAccount:service-\d+@([a-z0-9-]+)\.iam\.gserviceaccount\.com$/.exec(String(member)) ?? [];
    return Object.hasOwn(API_OF_AGENT, domain) ? [domain] : [];
  });
  return [...granted, ...(AGENT_OF_TYPE[type] === undefined ? [] : [AGENT_OF_TYPE[type]])];
}

/** Everything that Terraform makes before a resource. */
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
