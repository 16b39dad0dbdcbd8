import { fuzzAll } from "../support/fuzz-suite";

// The functions that Pub/Sub and clients call.
fuzzAll(["batch-submitter", "dead-letter-redrive", "start-workflow", "message-predictor", "message-audit"]);
