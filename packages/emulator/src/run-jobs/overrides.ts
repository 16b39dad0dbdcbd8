import { ApiError } from "../core/api-error";
import { isUnset, readDuration, readText, rejectUnknownFields } from "../core/values";
import { MAX_TASKS, MAX_TIMEOUT, type Template, type Variable } from "./settings";

/**
 * The template of one execution: that of the job, with the overrides of `RunJobRequest`.
 * Arguments replace the job's, variables are merged with them.
 *
 * Source: google/cloud/run/v2/job.proto, `RunJobRequest.Overrides`
 *
 * @throws ApiError INVALID_ARGUMENT, UNIMPLEMENTED
 */
export function overridden(template: Template, given: unknown): Template {
  const overrides = objectAt(given, "overrides");
  // In the discovery document of run v2, revision 20261031, and in no client's protos so far.
  if (!isUnset(overrides.delayExecution)) throw unimplemented("overrides.delayExecution");
  rejectUnknownFields(overrides, ["containerOverrides", "taskCount", "timeout"], "overrides");
  const taskCount = taskCountOf(overrides.taskCount) ?? template.taskCount;
  return {
    ...listAt(overrides.containerOverrides, "overrides.containerOverrides").reduce(withContainer, template),
    taskCount,
    // A job without a limit of its own runs as many tasks at a time as there are.
    parallelism: template.parallelism === template.taskCount ? taskCount : Math.min(template.parallelism, taskCount),
    timeout: timeoutOf(overrides.timeout) ?? template.timeout,
  };
}

/** Whether a run has overrides, for which it needs another permission. */
export function hasOverrides(given: unknown): boolean {
  return typeof given === "object" && given !== null && Object.keys(given).length > 0;
}

function withContainer(template: Template, given: unknown, at: number): Template {
  const where = `overrides.containerOverrides[${at}]`;
  const override = objectAt(given, where);
  rejectUnknownFields(override, ["name", "args", "env", "clearArgs"], where);
  const name = readText(override.name, `${where}.name`);
  if (name !== "" && name !== template.containerName)
    throw invalid(`${where}.name`, name, template.containerName || "no name: the job's container has none");
  const args = listAt(override.args, `${where}.args`).map((each) => readText(each, `${where}.args`));
  if (override.clearArgs === true && args.length > 0)
    throw invalid(`${where}.clearArgs`, true, "either args or clearArgs");
  return {
    ...template,
    ...((args.length > 0 || override.clearArgs === true) && { args }),
    env: merged(
      template.env,
      listAt(override.env, `${where}.env`).map((each) => variableOf(each, `${where}.env`)),
    ),
  };
}

function variableOf(given: unknown, where: string): Variable {
  const variable = objectAt(given, where);
  if (!isUnset(variable.valueSource)) throw unimplemented(`${where}.valueSource`);
  rejectUnknownFields(variable, ["name", "value", "valueSource"], where);
  const name = readText(variable.name, `${where}.name`);
  if (name === "") throw invalid(`${where}.name`, variable.name, "a name");
  return { name, value: readText(variable.value, `${where}.value`) };
}

function merged(there: readonly Variable[], more: readonly Variable[]): Variable[] {
  return [...new Map([...there, ...more].map((variable) => [variable.name, variable])).values()];
}

function taskCountOf(given: unknown): number | undefined {
  // 0 is the default of the proto: not given.
  if (isUnset(given) || given === 0) return undefined;
  const count = Number(given);
  if (Number.isInteger(count) && count >= 1 && count <= MAX_TASKS) return count;
  throw invalid("overrides.taskCount", given, `1 to ${MAX_TASKS}`);
}

function timeoutOf(given: unknown): number | undefined {
  const timeout = readDuration(given, "overrides.timeout");
  if (timeout === undefined || (timeout >= 1_000 && timeout <= MAX_TIMEOUT)) return timeout;
  throw invalid("overrides.timeout", given, `1s to ${MAX_TIMEOUT / 1000}s`);
}

function objectAt(given: unknown, where: string): Record<string, unknown> {
  if (isUnset(given)) return {};
  if (typeof given === "object" && !Array.isArray(given)) return given as Record<string, unknown>;
  throw invalid(where, given, "an object");
}

function listAt(given: unknown, where: string): readonly unknown[] {
  if (isUnset(given)) return [];
  if (Array.isArray(given)) return given;
  throw invalid(where, given, "a list");
}

function invalid(field: string, given: unknown, allowed: string): ApiError {
  return new ApiError(
    "INVALID_ARGUMENT",
    `Invalid value at '${field}': given ${JSON.stringify(given)}; allowed: ${allowed}`,
  );
}

function unimplemented(what: string): ApiError {
  return new ApiError("UNIMPLEMENTED", `${what} is not simulated`);
}
