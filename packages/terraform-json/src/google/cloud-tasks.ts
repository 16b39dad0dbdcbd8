import { block } from "../json";
import { regional, regionalFamily } from "./names";
import type { Attributes, GoogleService } from "./resource-type";

export const CLOUD_TASKS: GoogleService = {
  resources: {
    google_cloud_tasks_queue: {
      computed: { id: (a, d) => `${regional(a, d)}/queues/${a.name}` },
      iam: regionalFamily("name", "queues"),
      kind: "queue",
      presents: identity,
      links: ({ address, attributes }, stack) => {
        const host = block(attributes, "http_target", "uri_override")?.host;
        const called = typeof host === "string" ? stack.workerAt(`https://${host}`) : undefined;
        if (!called) return [];
        return [{ from: address, to: called.resource.address, what: "POST", as: identity(attributes) }];
      },
    },
  },
  agents: [
    {
      domain: "gcp-sa-cloudtasks",
      api: "cloudtasks",
      grantedRole: {
        role: "roles/cloudtasks.serviceAgent",
        source: "cloud.google.com/tasks/docs/creating-http-target-tasks: granted with the API since 2019-03-19",
      },
    },
  ],
};

function identity(attributes: Attributes): string | undefined {
  return block(attributes, "http_target", "oidc_token")?.service_account_email;
}
