import { block } from "../json";
import { regional, regionalFamily } from "./names";
import type { GoogleService } from "./resource-type";

export const CLOUD_RUN_JOBS: GoogleService = {
  resources: {
    google_cloud_run_v2_job: {
      computed: { id: (a, d) => `${regional(a, d)}/jobs/${a.name}` },
      iam: regionalFamily("name", "jobs"),
      kind: "job",
      runsAs: (a) => block(a, "template", "template")?.service_account,
    },
  },
};
