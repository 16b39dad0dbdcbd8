import { regionalFamily } from "./names";
import type { GoogleService } from "./resource-type";

/** Services are those of functions: nothing else runs on Cloud Run here. */
const FUNCTION = "google_cloudfunctions2_function";

export const CLOUD_RUN: GoogleService = {
  resources: {
    google_cloud_run_service: { iam: { ...regionalFamily("service", "services"), on: FUNCTION } },
    google_cloud_run_v2_service: { iam: { ...regionalFamily("name", "services"), on: FUNCTION } },
  },
  agents: [
    {
      domain: "serverless-robot-prod",
      api: "run",
      grantedRole: {
        role: "roles/run.serviceAgent",
        source: "cloud.google.com/iam/docs/service-agents: Cloud Run Service Agent",
      },
    },
  ],
};
