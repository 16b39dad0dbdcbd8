import { regional } from "./names";
import type { GoogleService } from "./resource-type";

export const WORKFLOWS: GoogleService = {
  resources: {
    google_workflows_workflow: {
      computed: {
        id: (a, d) => `${regional(a, d)}/workflows/${a.name}`,
        state: () => "ACTIVE",
      },
      kind: "workflow",
      runsAs: ({ service_account: account }) => account,
      needsAgent: "gcp-sa-workflows",
    },
  },
  agents: [
    {
      domain: "gcp-sa-workflows",
      api: "workflows",
      grantedRole: {
        role: "roles/workflows.serviceAgent",
        source: "cloud.google.com/iam/docs/service-agents: Cloud Workflows Service Agent",
      },
    },
  ],
};
