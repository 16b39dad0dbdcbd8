export { checkIam, IamCheckError, type IamCheckOptions } from "./check-iam";
export { progressOn } from "./progress";
export { describeIamReport, type ProofSummary, summaryOf, verdictOf } from "./report";
