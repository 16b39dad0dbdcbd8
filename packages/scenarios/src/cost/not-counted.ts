import type { Metered } from "@cdktf-serverless-ml/emulator";
import type { Usage } from "./usage";

/** What a bill has besides, if a run took of something: its text for people. */
const BESIDES: readonly (readonly [Metered, string])[] = [
  [
    "vertex.predictRequests",
    "endpoints of Vertex AI: a deployed model costs by the hour of its machines, whatever comes",
  ],
  ["vertex.jobs", "jobs of Vertex AI: by the hour of their machines"],
  ["dataflow.jobs", "Dataflow: minutes in which machines start and stop, and data that is shuffled"],
  ["run.requests", "instances while they start: a cold start is billed like a request that takes as long"],
];

const ALWAYS = [
  "free tiers, discounts, and prices that fall with quantity",
  "data that leaves the region, logs, metrics, builds and the images of functions, soft-deleted objects",
];

/** What a report does not count, for people. */
export function notCounted({ counted }: Usage): string[] {
  return [...BESIDES.flatMap(([metered, text]) => (counted[metered] ? [text] : [])), ...ALWAYS];
}
