import { ApiError } from "../core/api-error";
import { readText, readTexts, rejectUnknownFields } from "../core/values";
import { parseGsUri } from "../storage/gs-uri";
import { PARAMETERS, WORD_COUNT, type WordCountParameters } from "./word-count";

/** A job as it was asked for. */
export interface Launch {
  readonly name: string;
  readonly template: string;
  readonly parameters: WordCountParameters;
  readonly tempLocation: string;
  /** E-mail; absent: the project's default compute service account. */
  readonly serviceAccount?: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * The fields of a job's environment. All but three choose machines, and there are none here.
 */
const ENVIRONMENT = [
  "tempLocation",
  "serviceAccountEmail",
  "additionalUserLabels",
  "numWorkers",
  "maxWorkers",
  "machineType",
  "zone",
  "workerRegion",
  "workerZone",
  "network",
  "subnetwork",
  "ipConfiguration",
  // Nothing is encrypted here.
  "kmsKeyName",
  "additionalExperiments",
  "bypassTempDirValidation",
];

/** Source: google/dataflow/v1beta3/jobs.proto, `Job.name`. */
const NAME = /^[a-z]([-a-z0-9]{0,1022}[a-z0-9])?$/;

/** A template's path that is not simulated. @throws ApiError UNIMPLEMENTED by name */
function requireTemplate(path: string): void {
  if (WORD_COUNT.test(path)) return;
  throw new ApiError(
    "UNIMPLEMENTED",
    `The template ${path || "(none)"} is not simulated; gs://dataflow-templates/latest/Word_Count is`,
  );
}

/**
 * Reads `LaunchTemplateParameters`.
 *
 * Source: google/dataflow/v1beta3/templates.proto
 *
 * @throws ApiError INVALID_ARGUMENT, UNIMPLEMENTED
 */
export function readLaunch(template: string, given: Readonly<Record<string, unknown>>): Launch {
  requireTemplate(template);
  rejectUnknownFields(given, ["jobName", "parameters", "environment", "update", "transformNameMapping"], "");
  for (const field of ["update", "transformNameMapping"]) {
    if (given[field]) throw new ApiError("UNIMPLEMENTED", `${field} of a launch is not simulated`);
  }
  const environment = (given.environment ?? {}) as Record<string, unknown>;
  rejectUnknownFields(environment, ENVIRONMENT, "environment");
  requireWorkers(environment.maxWorkers);
  const tempLocation = readText(environment.tempLocation, "environment.tempLocation");
  parseGsUri(tempLocation);
  const name = readText(given.jobName, "jobName");
  if (!NAME.test(name)) {
    throw invalid(`(job name ${JSON.stringify(name)}): The job name must match ${NAME.source}`);
  }
  return {
    name,
    template,
    parameters: readParameters(readTexts(given.parameters, "parameters")),
    tempLocation,
    serviceAccount: readText(environment.serviceAccountEmail, "environment.serviceAccountEmail") || undefined,
    labels: readTexts(environment.additionalUserLabels, "environment.additionalUserLabels"),
  };
}

function readParameters(given: Readonly<Record<string, string>>): WordCountParameters {
  const names: readonly string[] = PARAMETERS;
  const unknown = Object.keys(given).filter((name) => !names.includes(name));
  const missing = names.filter((name) => !given[name]);
  const details = [
    ...unknown.map((name) => `${name}: Unrecognized parameter`),
    ...missing.map((name) => `${name}: Missing required parameter`),
  ];
  if (details.length > 0) throw invalid(`The template parameters are invalid. Details:\n${details.join("\n")}`);
  const { inputFile = "", output = "" } = given;
  for (const uri of [inputFile, output]) parseGsUri(uri);
  return { inputFile, output };
}

/** 1 to 1000: `RuntimeEnvironment.max_workers`. With 0 or nothing, the service chooses. */
function requireWorkers(given: unknown): void {
  const workers = Number(given ?? 0);
  if (!Number.isInteger(workers) || workers < 0 || workers > 1000)
    throw invalid(`maxWorkers is ${given}; allowed: 1 to 1000`);
}

function invalid(message: string): ApiError {
  return new ApiError("INVALID_ARGUMENT", message);
}
