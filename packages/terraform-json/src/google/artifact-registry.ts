import { project, regionalFamily } from "./names";
import type { GoogleService } from "./resource-type";

export const ARTIFACT_REGISTRY: GoogleService = {
  resources: {
    google_artifact_registry_repository: {
      computed: {
        id: (a, d) => `projects/${project(a, d)}/locations/${a.location ?? d.region}/repositories/${a.repository_id}`,
        name: (a) => a.repository_id,
      },
      iam: regionalFamily("repository", "repositories"),
    },
  },
  agents: [{ domain: "gcp-sa-artifactregistry", api: "artifactregistry" }],
};
