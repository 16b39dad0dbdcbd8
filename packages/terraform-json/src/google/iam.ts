import type { ProviderDefaults } from "../model";
import { digits, project } from "./names";
import type { Attributes, GoogleService } from "./resource-type";

export const IAM: GoogleService = {
  resources: {
    google_project_iam_custom_role: {
      computed: {
        id: (a, d) => `projects/${project(a, d)}/roles/${a.role_id}`,
        name: (a, d) => `projects/${project(a, d)}/roles/${a.role_id}`,
      },
    },
    google_service_account: {
      computed: {
        id: (a, d) => `projects/${project(a, d)}/serviceAccounts/${email(a, d)}`,
        name: (a, d) => `projects/${project(a, d)}/serviceAccounts/${email(a, d)}`,
        email,
        member: (a, d) => `serviceAccount:${email(a, d)}`,
        // 21 digits, as Google's are.
        unique_id: (a, d) => `1${digits(email(a, d), 20)}`,
      },
      iam: {
        attributes: ["service_account_id"],
        name: "service_account_id",
        resource: (a, home) => a.service_account_id.replace(/^projects\/-\//, `projects/${home}/`),
      },
    },
  },
  data: {
    google_service_account: {
      email,
      id: (a, d) => `projects/${project(a, d)}/serviceAccounts/${email(a, d)}`,
      name: (a, d) => `projects/${project(a, d)}/serviceAccounts/${email(a, d)}`,
      member: (a, d) => `serviceAccount:${email(a, d)}`,
    },
  },
};

function email(a: Attributes, d: ProviderDefaults): string {
  return a.account_id.includes("@") ? a.account_id : `${a.account_id}@${project(a, d)}.iam.gserviceaccount.com`;
}
