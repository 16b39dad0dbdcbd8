import { ApiError } from "../core/api-error";
import { readText, readTexts, rejectUnknownFields } from "../core/values";
import { parseGsUri } from "../storage/gs-uri";
import { BEAM_YAML, beamOptions, invalidParameters } from "./beam-yaml";
import { checkEnvironment } from "./environment";
import { PARAMETERS, WORD_COUNT } from "./word-count";
import { type DataflowWorkers, workersOf } from "./workers";

/** A job as it was asked for. */
export interface Launch {
  readonly name: string;
  readonly template: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly tempLocation: string;
  /** E-mail; absent: the project's default compute service account. */
  readonly serviceAccount?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** There are none here: they are for the bill. */
  readonly workers: DataflowWorkers;
}

/** Source: google/dataflow/v1beta3/jobs.proto, `Job.name`. */
const NAME = /^[a-z]([-a-z0-9]{0,1022}[a-z0-9])?$/;

/**
 * Reads `LaunchTemplateParameters`.
 *
 * Source: google/dataflow/v1beta3/templates.proto
 *
 * @throws ApiError INVALID_ARGUMENT, UNIMPLEMENTED
 */
export function readLaunch(template: string, given: Readonly<Record<string, unknown>>): Launch {
  if (!WORD_COUNT.test(template)) {
    throw new ApiError(
      "UNIMPLEMENTED",
      `The template ${template || "(none)"} is not simulated; gs://dataflow-templates/latest/Word_Count is`,
    );
  }
  rejectUnknownFields(given, ["jobName", "parameters", "environment", "update", "transformNameMapping"], "");
  const launch = readCommon(template, given, "classic");
  return { ...launch, parameters: readParameters(launch.parameters) };
}

/**
 * Reads `LaunchFlexTemplateParameter`.
 *
 * Source: google/dataflow/v1beta3/templates.proto
 *
 * @throws ApiError INVALID_ARGUMENT, UNIMPLEMENTED
 */
export function readFlexLaunch(given: Readonly<Record<string, unknown>>): Launch {
  const template = readText(given.containerSpecGcsPath, "launchParameter.containerSpecGcsPath");
  // Google provides WordCount as a classic template; so no flex template is WordCount.
  if (!BEAM_YAML.test(template)) {
    throw new ApiError(
      "UNIMPLEMENTED",
      `The flex template ${template || "(none)"} is not simulated; gs://dataflow-templates-<region>/latest/flex/Yaml_Template is`,
    );
  }
  rejectUnknownFields(
    given,
    ["jobName", "containerSpecGcsPath", "parameters", "environment", "update", "transformNameMappings"],
    "launchParameter",
  );
  const launch = readCommon(template, given, "flex");
  // Refuses what the template does not have.
  beamOptions(launch.parameters, launch.tempLocation);
  return launch;
}

function readCommon(template: string, given: Readonly<Record<string, unknown>>, kind: "classic" | "flex"): Launch {
  for (const field of ["update", "transformNameMapping", "transformNameMappings"]) {
    if (given[field]) throw new ApiError("UNIMPLEMENTED", `${field} of a launch is not simulated`);
  }
  const environment = (given.environment ?? {}) as Record<string, unknown>;
  checkEnvironment(environment, kind);
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
    parameters: readTexts(given.parameters, "parameters"),
    tempLocation,
    serviceAccount: readText(environment.serviceAccountEmail, "environment.serviceAccountEmail") || undefined,
    labels: readTexts(environment.additionalUserLabels, "environment.additionalUserLabels"),
    workers: workersOf(environment),
  };
}

function readParameters(given: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const names: readonly string[] = PARAMETERS;
  const unknown = Object.keys(given).filter((name) => !names.includes(name));
  const missing = names.filter((name) => !given[name]);
  const details = [
    ...unknown.map((name) => `${name}: Unrecognized parameter`),
    ...missing.map((name) => `${name}: Missing required parameter`),
  ];
  if (details.length > 0) throw invalidParameters(details);
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
