import { digits } from "./names";
import type { GoogleService } from "./resource-type";

export const DATAFLOW: GoogleService = {
  resources: {
    google_dataflow_job: {
      computed: { id: (a) => jobId(a.name), job_id: (a) => jobId(a.name), state: () => "JOB_STATE_RUNNING" },
      kind: "job",
      runsAs: ({ service_account_email: email }) => email,
    },
  },
  agents: [
    {
      domain: "dataflow-service-producer-prod",
      api: "dataflow",
      grantedRole: {
        role: "roles/dataflow.serviceAgent",
        source: "cloud.google.com/dataflow/docs/concepts/security-and-permissions: Dataflow service account",
      },
    },
  ],
};

function jobId(name: string): string {
  return `2026-01-01_00_00_00-${digits(name, 19)}`;
}
