import { type Binding, binding } from "./bindings";

/**
 * Roles that Google's service agents hold on every project whose API is on, without any binding in Terraform. The agent of
 * Cloud Storage holds none.
 */
const DEFAULT_GRANTS = [
  {
    agent: "gcp-sa-cloudscheduler",
    role: "roles/cloudscheduler.serviceAgent",
    source: "cloud.google.com/scheduler/docs/http-target-auth: granted with the API since 2019-03-19",
  },
  {
    agent: "gcp-sa-cloudtasks",
    role: "roles/cloudtasks.serviceAgent",
    source: "cloud.google.com/tasks/docs/creating-http-target-tasks: granted with the API since 2019-03-19",
  },
  {
    agent: "gcp-sa-pubsub",
    role: "roles/pubsub.serviceAgent",
    source: "cloud.google.com/eventarc/docs/roles-permissions: mints push tokens since 2021-04-08",
  },
  {
    agent: "gcp-sa-workflows",
    role: "roles/workflows.serviceAgent",
    source: "cloud.google.com/iam/docs/service-agents: Cloud Workflows Service Agent",
  },
  {
    agent: "dataflow-service-producer-prod",
    role: "roles/dataflow.serviceAgent",
    source: "cloud.google.com/dataflow/docs/concepts/security-and-permissions: Dataflow service account",
  },
  {
    agent: "serverless-robot-prod",
    role: "roles/run.serviceAgent",
    source: "cloud.google.com/iam/docs/service-agents: Cloud Run Service Agent",
  },
] as const;

/** The bindings of Google's service agents that no Terraform makes. Their addresses say where they come from. */
export function defaultBindings(project: string, projectNumber: string): Binding[] {
  return DEFAULT_GRANTS.map(({ agent, role, source }) =>
    binding({
      address: `granted by Google (${source})`,
      role,
      member: `serviceAccount:service-${projectNumber}@${agent}.iam.gserviceaccount.com`,
      resource: `projects/${project}`,
    }),
  );
}
