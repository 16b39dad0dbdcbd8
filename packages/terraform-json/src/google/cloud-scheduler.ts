import { block } from "../json";
import { regional } from "./names";
import type { Attributes, GoogleService, Link } from "./resource-type";

export const CLOUD_SCHEDULER: GoogleService = {
  resources: {
    google_cloud_scheduler_job: {
      computed: { id: (a, d) => `${regional(a, d)}/jobs/${a.name}` },
      kind: "schedule",
      runsAs: identity,
      links: ({ address, attributes }, stack) => {
        const target = block(attributes, "http_target");
        const [, path] = /^https:\/\/cloudtasks\.googleapis\.com\/v2\/(.*)\/tasks$/.exec(target?.uri ?? "") ?? [];
        const queue = stack.first(
          "google_cloud_tasks_queue",
          ({ id, name }) => path !== undefined && path === (id ?? name),
        );
        const called = queue ?? stack.workerAt(target?.uri)?.resource;
        const topic = stack.topic(block(attributes, "pubsub_target")?.topic_name);
        const links: Link[] = [];
        if (called)
          links.push({
            from: address,
            to: called.address,
            what: queue ? "creates a task" : "calls",
            as: identity(attributes),
          });
        if (topic) links.push({ from: address, to: topic.address, what: "publishes", delivered: true });
        return links;
      },
    },
  },
  agents: [
    {
      domain: "gcp-sa-cloudscheduler",
      api: "cloudscheduler",
      grantedRole: {
        role: "roles/cloudscheduler.serviceAgent",
        source: "cloud.google.com/scheduler/docs/http-target-auth: granted with the API since 2019-03-19",
      },
    },
  ],
};

function identity(attributes: Attributes): string | undefined {
  const target = block(attributes, "http_target");
  return block(target, "oauth_token")?.service_account_email ?? block(target, "oidc_token")?.service_account_email;
}
