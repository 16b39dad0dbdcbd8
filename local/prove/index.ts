export { progressOn } from "./progress";
export { ProofError, type ProveOptions, prove } from "./prove";
export { describeProof, isProven, type ProofSummary, summaryOf } from "./report";
