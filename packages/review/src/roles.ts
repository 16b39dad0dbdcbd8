/** Roles that hold every permission of others. Source: `gcloud iam roles describe` of each, June 2026. */
const MORE_THAN: Readonly<Record<string, readonly string[]>> = {
  "roles/aiplatform.user": ["roles/aiplatform.viewer"],
  "roles/artifactregistry.writer": ["roles/artifactregistry.reader"],
  "roles/dataflow.developer": ["roles/dataflow.viewer"],
  "roles/monitoring.editor": ["roles/monitoring.viewer", "roles/monitoring.metricWriter"],
  "roles/pubsub.editor": ["roles/pubsub.viewer", "roles/pubsub.publisher", "roles/pubsub.subscriber"],
  "roles/run.developer": ["roles/run.viewer", "roles/run.invoker", "roles/run.servicesInvoker"],
  "roles/run.invoker": ["roles/run.servicesInvoker"],
  "roles/storage.objectAdmin": [
    "roles/storage.objectViewer",
    "roles/storage.objectCreator",
    "roles/storage.objectUser",
  ],
  "roles/storage.objectUser": ["roles/storage.objectViewer", "roles/storage.objectCreator"],
  "roles/workflows.editor": ["roles/workflows.viewer", "roles/workflows.invoker"],
};

/** Whether a role is known to let do all that another one does, and more. */
export function isMoreThan(role: string, other: string): boolean {
  return Object.hasOwn(MORE_THAN, role) && (MORE_THAN[role] ?? []).includes(other);
}
