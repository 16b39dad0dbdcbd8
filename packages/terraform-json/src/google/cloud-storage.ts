import { digits, project, projectNumber } from "./names";
import type { GoogleService } from "./resource-type";

export const CLOUD_STORAGE: GoogleService = {
  resources: {
    google_storage_bucket: {
      computed: {
        id: (a) => a.name,
        url: (a) => `gs://${a.name}`,
        self_link: (a) => `https://www.googleapis.com/storage/v1/b/${a.name}`,
      },
      iam: {
        attributes: ["bucket"],
        name: "bucket",
        resource: (a) => `projects/_/buckets/${a.bucket.replace(/^b\//, "")}`,
      },
      kind: "bucket",
    },
    google_storage_bucket_object: {
      computed: {
        id: (a) => `${a.bucket}-${a.name}`,
        output_name: (a) => a.name,
        // Google counts in microseconds since 1970; any number identifies the one upload.
        generation: (a) => Number(`17${digits(`${a.bucket}/${a.name}`, 14)}`),
        self_link: (a) => `https://www.googleapis.com/storage/v1/b/${a.bucket}/o/${encodeURIComponent(String(a.name))}`,
      },
    },
    google_storage_notification: {
      computed: {
        id: (a) => `${a.bucket}/notificationConfigs/1`,
        notification_id: () => "1",
        self_link: (a) => `https://www.googleapis.com/storage/v1/b/${a.bucket}/notificationConfigs/1`,
      },
      links: ({ address, attributes }, stack) => {
        const bucket = stack.first("google_storage_bucket", ({ name }) => name === attributes.bucket);
        const topic = stack.topic(attributes.topic);
        if (!bucket || !topic) return [];
        const events: string[] = attributes.event_types ?? ["every event"];
        const [from, to] = [bucket.address, topic.address];
        return [{ from, to, what: events.join(", "), delivered: true, addresses: [address] }];
      },
    },
  },
  data: {
    google_storage_project_service_account: {
      id: (a, d) => storageAgent(project(a, d)),
      email_address: (a, d) => storageAgent(project(a, d)),
      member: (a, d) => `serviceAccount:${storageAgent(project(a, d))}`,
    },
  },
};

/**
 * The service agent of Cloud Storage. Source: cloud.google.com/storage/docs/getting-service-agent
 */
function storageAgent(projectId: string): string {
  return `service-${projectNumber(projectId)}@gs-project-accounts.iam.gserviceaccount.com`;
}
