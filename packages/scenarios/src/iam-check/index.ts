export { progressOn } from "./progress";
export { ProofError, type ProveOptions, prove } from "./prove";
export { describeProof, type ProofSummary, summaryOf, verdictOf } from "./report";
