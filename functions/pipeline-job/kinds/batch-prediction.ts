import type { GoogleApi } from "../../shared/google-api";
import type { JobKind } from "../job-kind";
import { fill } from "../placeholders";
import { type VertexJob, vertexJobs } from "./vertex";
import { displayName } from "./vertex-training";

/** A batch prediction job of Vertex AI, in the form of its REST API. */
export interface BatchPrediction {
  readonly kind: "batchPrediction";
  /** `projects/P/locations/R` */
  readonly location: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Fields of `BatchPredictionJob`: model, inputConfig, outputConfig, … */
  readonly job: Readonly<Record<string, unknown>>;
}

interface Finished extends VertexJob {
  /** The folder that Vertex AI makes below the output's prefix. */
  readonly outputInfo?: { readonly gcsOutputDirectory?: string };
  /** Counts are int64 and come as strings. */
  readonly completionStats?: { readonly successfulCount?: string; readonly failedCount?: string };
}

export function batchPredictions(google: GoogleApi, { location, labels = {}, job }: BatchPrediction): JobKind {
  return vertexJobs<Finished>(google, {
    location,
    collection: "batchPredictionJobs",
    labels,
    body: ({ file }) => ({ displayName: displayName(file), ...fill(job, file) }),
    outputsOf({ outputInfo, completionStats }) {
      return {
        ...(outputInfo?.gcsOutputDirectory && { predictions: outputInfo.gcsOutputDirectory }),
        ...(completionStats && {
          predicted: Number(completionStats.successfulCount ?? 0),
          failed: Number(completionStats.failedCount ?? 0),
        }),
      };
    },
  });
}
