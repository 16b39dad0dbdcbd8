import { globalFamily, project } from "./names";
import type { GoogleService } from "./resource-type";

export const SECRET_MANAGER: GoogleService = {
  resources: {
    google_secret_manager_secret: {
      computed: {
        id: (a, d) => `projects/${project(a, d)}/secrets/${a.secret_id}`,
        name: (a, d) => `projects/${project(a, d)}/secrets/${a.secret_id}`,
      },
      iam: globalFamily("secret_id", "secrets"),
    },
    google_secret_manager_secret_version: {
      computed: {
        id: (a) => `${a.secret}/versions/1`,
        name: (a) => `${a.secret}/versions/1`,
        version: () => "1",
      },
    },
  },
};
