import { type Access, allows, type Binding, LOG_WRITERS } from "@cdktf-serverless-ml/emulator";
import { agentDomain, block, type StackResource } from "@cdktf-serverless-ml/terraform-json";
import type { RemovableGrant } from "./grants";

/** The stack, and what its run showed. */
export interface Seen {
  readonly project: string;
  readonly resources: readonly StackResource[];
  readonly bindings: readonly Binding[];
  /** Buckets that Dataflow jobs keep temporary files in. */
  readonly temporary: readonly string[];
}

/** A requirement that Google documents and that the emulator does not enforce. */
export interface Requirement {
  readonly why: string;
  readonly source: string;
  /** Whether a grant meets it. */
  readonly holds: (grant: RemovableGrant, seen: Seen) => boolean;
}

const REQUIREMENTS: readonly Requirement[] = [
  {
    why: "Dataflow requires that the launcher of a template can write to its temporary location. What happens otherwise is not documented, so the emulator does not enforce it",
    source:
      'https://cloud.google.com/dataflow/docs/guides/templates/running-templates (tempLocation: "a location where you have write permission") and https://cloud.google.com/dataflow/docs/concepts/access-control (Creating jobs: a storage role "to stage files")',
    holds: ({ role, member = "", resource = "" }, { project, bindings, temporary }) => {
      const launch: Access = {
        email: member.replace(/^serviceAccount:/, ""),
        permission: "dataflow.jobs.create",
        resource: `projects/${project}`,
      };
      return (
        ["roles/storage.objectUser", "roles/storage.objectAdmin"].includes(role) &&
        temporary.some((bucket) => resource === `projects/_/buckets/${bucket}`) &&
        bindings.some((binding) => allows(binding, launch, project))
      );
    },
  },
  {
    why: "Pub/Sub's service agent creates the tokens of push requests. An agent from before 2021-04-09 may lack the role for it. The emulator's agent has that role",
    source:
      "https://cloud.google.com/eventarc/docs/roles-permissions and https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions",
    holds: ({ role, member = "", resource = "" }, { resources }) =>
      ["roles/iam.serviceAccountOpenIdTokenCreator", "roles/iam.serviceAccountTokenCreator"].includes(role) &&
      agentDomain(member) === "gcp-sa-pubsub" &&
      pushIdentities(resources).some((email) => resource.endsWith(`/serviceAccounts/${email}`)),
  },
  {
    why: "Cloud Storage writes the usage logs of buckets as a group of its own, once an hour. No run waits for that",
    source: "https://cloud.google.com/storage/docs/access-logs (Delivery)",
    holds: ({ role, member, resource = "" }, { resources }) =>
      role === "roles/storage.objectCreator" &&
      member === LOG_WRITERS &&
      resources.some(
        ({ type, attributes }) =>
          type === "google_storage_bucket" &&
          resource === `projects/_/buckets/${block(attributes, "logging")?.log_bucket}`,
      ),
  },
];

/** E-mails of the service accounts of push requests. */
function pushIdentities(resources: readonly StackResource[]): string[] {
  return resources.flatMap(({ type, attributes }) => {
    if (type !== "google_pubsub_subscription") return [];
    const email = block(attributes, "push_config", "oidc_token")?.service_account_email;
    return typeof email === "string" ? [email] : [];
  });
}

/** The documented requirement that a grant meets, if there is one. */
export function documented(grant: RemovableGrant, seen: Seen): Requirement | undefined {
  return REQUIREMENTS.find(({ holds }) => holds(grant, seen));
}
