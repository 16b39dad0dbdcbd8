import type { GoogleService } from "./resource-type";

const SOURCE = "cloud.google.com/iam/docs/service-agents";

/** Its jobs, endpoints and models are no resources of a stack. */
export const VERTEX_AI: GoogleService = {
  resources: {},
  agents: [
    {
      domain: "gcp-sa-aiplatform",
      api: "aiplatform",
      grantedRole: { role: "roles/aiplatform.serviceAgent", source: `${SOURCE}: Vertex AI Service Agent` },
    },
    {
      domain: "gcp-sa-aiplatform-cc",
      api: "aiplatform",
      grantedRole: {
        role: "roles/aiplatform.customCodeServiceAgent",
        source: `${SOURCE}: Vertex AI Custom Code Service Agent`,
      },
    },
  ],
};
