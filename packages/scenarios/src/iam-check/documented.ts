import { type Access, allows, type Binding, LOG_WRITERS } from "@cdktf-serverless-ml/emulator";
import { agentDomain, block, type StackResource } from "@cdktf-serverless-ml/terraform-json";
import type { Grant } from "./grants";

/** What a grant is judged by: the stack, and what a run of it showed. */
export interface Seen {
  readonly project: string;
  readonly resources: readonly StackResource[];
  readonly bindings: readonly Binding[];
  /** Buckets that Dataflow jobs keep temporary files in. */
  readonly temporary: readonly string[];
}

/** A requirement that Google documents, and of which no emulator can show what happens where it is not met. */
export interface Requirement {
  readonly why: string;
  readonly source: string;
  /** Whether it is what a grant is there for. */
  readonly holds: (grant: Grant, seen: Seen) => boolean;
}

const REQUIREMENTS: readonly Requirement[] = [
  {
    why: "Dataflow asks of whoever launches a template that they may write to its temporary location; what it does otherwise is not documented, so the emulator does not ask",
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
    why: "Pub/Sub's agent makes the tokens of pushes; one from before 2021-04-09 may lack the role that lets it, and here it holds that role",
    source:
      "https://cloud.google.com/eventarc/docs/roles-permissions and https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions",
    holds: ({ role, member = "", resource = "" }, { resources }) =>
      ["roles/iam.serviceAccountOpenIdTokenCreator", "roles/iam.serviceAccountTokenCreator"].includes(role) &&
      agentDomain(member) === "gcp-sa-pubsub" &&
      pushIdentities(resources).some((email) => resource.endsWith(`/serviceAccounts/${email}`)),
  },
  {
    why: "Cloud Storage writes the usage logs of buckets through a group of its own, hourly, which no run waits for",
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

/** E-mails that push subscriptions present. */
function pushIdentities(resources: readonly StackResource[]): string[] {
  return resources.flatMap(({ type, attributes }) => {
    if (type !== "google_pubsub_subscription") return [];
    const email = block(attributes, "push_config", "oidc_token")?.service_account_email;
    return typeof email === "string" ? [email] : [];
  });
}

/** The documented requirement that a grant meets, if there is one. */
export function documented(grant: Grant, seen: Seen): Requirement | undefined {
  return REQUIREMENTS.find(({ holds }) => holds(grant, seen));
}
