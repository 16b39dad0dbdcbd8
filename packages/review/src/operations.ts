import { isPinned, keptWithGpu, RUN_TYPES } from "./containers";
import type { SettingRule } from "./rule-values";

/** Settings that change what runs, or what it costs, in a way that is easily missed. */
export const OPERATIONS: readonly SettingRule[] = [
  {
    types: RUN_TYPES,
    path: [],
    worse: (after, before) => before !== undefined && isPinned(before.value) && !isPinned(after),
    text: "An image is named by a tag, and no longer by a digest: a plan does not show which image runs, and the next revision may run another one.",
    source: "https://cloud.google.com/run/docs/deploying",
  },
  {
    types: RUN_TYPES,
    path: [],
    worse: (after, before) => keptWithGpu(after) > keptWithGpu(before?.value),
    text: "More instances with a GPU are kept, and billed with or without work: one with 4 vCPU, 16 GiB and an NVIDIA L4 costs about $1.05 an hour (us-central1, list price of 2026-08).",
    source: "https://cloud.google.com/run/pricing",
  },
];
