import type { GoogleApi } from "../../shared/google-api";
import type { Job } from "../environment";
import type { JobKind } from "../job-kind";
import { batchPredictions } from "./batch-prediction";
import { cloudRunJobs } from "./cloud-run";
import { dataflowJobs } from "./dataflow";
import { vertexTrainings } from "./vertex-training";

/** The service that runs a job. */
export function jobKind(google: GoogleApi, job: Job): JobKind {
  switch (job.kind) {
    case "run":
      return cloudRunJobs(google, job);
    case "vertexTraining":
      return vertexTrainings(google, job);
    case "batchPrediction":
      return batchPredictions(google, job);
    case "dataflow":
      return dataflowJobs(google, job);
  }
}
