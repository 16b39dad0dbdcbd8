export { progressOn } from "./progress";
export { ProofError, type ProveOptions, prove } from "./prove";
export { describeProof, isProven, summaryOf } from "./report";
