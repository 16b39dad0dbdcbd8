import { defaultComputeAccount, emailOf } from "@cdktf-serverless-ml/terraform-json";
import type { EvaluatedResource } from "../core/emulator";
import { checkDefinition } from "./check";
import type { Definition } from "./definition";
import { Problems } from "./definition";
import { parseDefinition } from "./parse";

/** Source: google/cloud/workflows/executions/v1/executions.proto. */
export const CALL_LOG_LEVELS = {
  CALL_LOG_LEVEL_UNSPECIFIED: 0,
  LOG_ALL_CALLS: 1,
  LOG_ERRORS_ONLY: 2,
  LOG_NONE: 3,
} as const;

export type CallLogLevel = keyof typeof CALL_LOG_LEVELS;

/** A `google_workflows_workflow`, ready to run. */
export interface Workflow {
  /** `projects/P/locations/L/workflows/W` */
  readonly name: string;
  readonly id: string;
  readonly location: string;
  /** E-mail of the service account that executions act as. */
  readonly identity: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string>>;
  readonly definition: Definition;
  readonly callLogLevel: CallLogLevel;
}

interface Defaults {
  readonly project: string;
  readonly projectNumber: string;
  readonly region: string;
}

/** Source: google/cloud/workflows/v1/workflows.proto, `user_env_vars`. */
const MAX_VARIABLES = 20;
const MAX_VARIABLE = 4 * 1024;

/** @param refuse gets everything that is wrong or not simulated */
export function readWorkflow(
  { attributes }: EvaluatedResource,
  defaults: Defaults,
  refuse: (reason: string) => void,
): Workflow | undefined {
  const { name: id, project, region, service_account, source_contents, labels = {}, user_env_vars = {} } = attributes;
  checkVariables(user_env_vars, refuse);
  const level: CallLogLevel = attributes.call_log_level ?? "CALL_LOG_LEVEL_UNSPECIFIED";
  if (!Object.hasOwn(CALL_LOG_LEVELS, level)) {
    refuse(`call_log_level is ${level}; allowed: ${Object.keys(CALL_LOG_LEVELS).join(", ")}`);
  }
  const problems = new Problems();
  const definition = parseDefinition(String(source_contents ?? ""), problems);
  if (definition) checkDefinition(definition, problems);
  for (const problem of problems.found) refuse(`source_contents: ${problem}`);
  if (!definition) return undefined;
  const location = region ?? defaults.region;
  return {
    name: `projects/${project ?? defaults.project}/locations/${location}/workflows/${id}`,
    id,
    location,
    identity: service_account
      ? (emailOf(service_account) ?? String(service_account).replace(/^projects\/[^/]+\/serviceAccounts\//, ""))
      : defaultComputeAccount(defaults.projectNumber),
    labels,
    variables: user_env_vars,
    definition,
    callLogLevel: level,
  };
}

function checkVariables(variables: Readonly<Record<string, string>>, refuse: (reason: string) => void): void {
  const entries = Object.entries(variables);
  if (entries.length > MAX_VARIABLES) refuse(`user_env_vars: ${entries.length} variables; allowed: ${MAX_VARIABLES}`);
  for (const [name, value] of entries) {
    if (name === "" || /^(GOOGLE|WORKFLOWS)/.test(name))
      refuse(`user_env_vars: the name ${JSON.stringify(name)} is reserved`);
    if (Buffer.byteLength(String(value)) > MAX_VARIABLE)
      refuse(`user_env_vars: ${name} has more than ${MAX_VARIABLE} bytes`);
  }
}
