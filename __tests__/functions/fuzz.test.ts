import { fuzzAll } from "../support/fuzz-suite";

// The functions that Cloud Tasks calls; in two files, so that both run at the same time.
fuzzAll([
  "batch-worker",
  "pipeline-start",
  "pipeline-preprocess",
  "pipeline-train",
  "pipeline-infer",
  "pipeline-job",
  "dataflow-launcher",
]);
