import type { GoogleApi } from "../../shared/google-api";
import type { JobKind } from "../job-kind";
import { fill } from "../placeholders";
import { vertexJobs } from "./vertex";

/** A custom job of Vertex AI, in the form of its REST API. */
export interface VertexTraining {
  readonly kind: "vertexTraining";
  /** `projects/P/locations/R` */
  readonly location: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** `CustomJobSpec`; every worker pool has a `containerSpec`. */
  readonly jobSpec: {
    readonly workerPoolSpecs: readonly { readonly containerSpec: ContainerSpec }[];
  };
}

interface ContainerSpec {
  readonly env?: readonly { readonly name: string; readonly value: string }[];
}

export function vertexTrainings(google: GoogleApi, { location, labels = {}, jobSpec }: VertexTraining): JobKind {
  return vertexJobs(google, {
    location,
    collection: "customJobs",
    labels,
    body({ file, variables }) {
      const spec = fill(jobSpec, file);
      const own = Object.entries(variables).map(([name, value]) => ({ name, value }));
      const workerPoolSpecs = spec.workerPoolSpecs.map(({ containerSpec, ...pool }) => ({
        ...pool,
        containerSpec: { ...containerSpec, env: [...(containerSpec.env ?? []), ...own] },
      }));
      return { displayName: displayName(file), jobSpec: { ...spec, workerPoolSpecs } };
    },
  });
}

/** At most 128 characters; no id. */
export function displayName({ run, step, index }: { run: string; step: string; index?: number }): string {
  return [step, index, run]
    .filter((part) => part !== undefined)
    .join("-")
    .slice(0, 128);
}
