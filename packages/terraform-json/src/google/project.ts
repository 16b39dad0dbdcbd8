import { project, projectNumber } from "./names";
import type { GoogleService } from "./resource-type";

/** The project itself, its APIs, and the provider's configuration. */
export const PROJECT: GoogleService = {
  resources: {
    google_project: {
      computed: {
        id: (a) => `projects/${a.project_id}`,
        number: (a, d) => projectNumber(a.project_id ?? d.project),
      },
      iam: {
        attributes: ["project"],
        name: "project",
        resource: (a, home) => `projects/${a.project ?? home}`,
      },
    },
    google_project_service: { computed: { id: (a, d) => `${project(a, d)}/${a.service}` } },
  },
  data: {
    google_client_config: { project: (_, d) => d.project, region: (_, d) => d.region },
    google_project: {
      id: (a, d) => `projects/${a.project_id ?? d.project}`,
      number: (a, d) => projectNumber(a.project_id ?? d.project),
      project_id: (_, d) => d.project,
    },
  },
};
