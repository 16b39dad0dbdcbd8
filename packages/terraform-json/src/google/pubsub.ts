import { block } from "../json";
import { globalFamily, project } from "./names";
import type { Attributes, GoogleService, Link } from "./resource-type";

export const PUBSUB: GoogleService = {
  resources: {
    google_pubsub_schema: { computed: { id: (a, d) => `projects/${project(a, d)}/schemas/${a.name}` } },
    google_pubsub_subscription: {
      computed: { id: (a, d) => `projects/${project(a, d)}/subscriptions/${a.name}` },
      iam: globalFamily("subscription", "subscriptions"),
      kind: "subscription",
      presents: pushIdentity,
      links: ({ address, attributes }, stack) => {
        const policy = block(attributes, "dead_letter_policy");
        const source = stack.topic(attributes.topic);
        const dead = stack.topic(policy?.dead_letter_topic);
        const called = stack.workerAt(block(attributes, "push_config")?.push_endpoint);
        const links: Link[] = [];
        if (source) links.push({ from: source.address, to: address, what: "", delivered: true });
        if (called)
          links.push({ from: address, to: called.resource.address, what: "push", as: pushIdentity(attributes) });
        if (dead) {
          const what = `after ${policy?.max_delivery_attempts ?? DEFAULT_DELIVERY_ATTEMPTS} deliveries`;
          links.push({ from: address, to: dead.address, what, delivered: true });
        }
        return links;
      },
    },
    google_pubsub_topic: {
      computed: { id: (a, d) => `projects/${project(a, d)}/topics/${a.name}` },
      iam: globalFamily("topic", "topics"),
      kind: "topic",
    },
  },
  agents: [
    {
      domain: "gcp-sa-pubsub",
      api: "pubsub",
      grantedRole: {
        role: "roles/pubsub.serviceAgent",
        source: "cloud.google.com/eventarc/docs/roles-permissions: mints push tokens since 2021-04-08",
      },
    },
  ],
};

/** Source: `DeadLetterPolicy.max_delivery_attempts` in google/pubsub/v1/pubsub.proto. */
export const DEFAULT_DELIVERY_ATTEMPTS = 5;

function pushIdentity(attributes: Attributes): string | undefined {
  return block(attributes, "push_config", "oidc_token")?.service_account_email;
}
