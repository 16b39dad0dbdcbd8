import { mapTexts } from "../shared/map-texts";
import type { JobConfig } from "./environment";

type Parameters = Readonly<Record<string, string>>;

const JOB_NAME = "{jobName}";

/**
 * The parameters of a launch: those of the job, and the task's own, which come before them. The
 * variables of a Beam YAML pipeline are one parameter, as JSON.
 *
 * Source: README of the template, `jinja_variables`:
 * https://cloud.google.com/dataflow/docs/guides/templates/provided/yaml
 */
export function parametersOf(config: JobConfig, own: Parameters, jobName: string): Record<string, string> {
  const { parameters, variables } = config;
  if (!variables) return fill({ ...parameters, ...own }, jobName);
  const filled = fill({ ...variables, ...own }, jobName);
  return { ...fill(parameters, jobName), jinja_variables: JSON.stringify(filled) };
}

/** A value with the job's name in place of `{jobName}` in all its texts. */
function fill<T>(value: T, jobName: string): T {
  return mapTexts(value, (text) => text.replaceAll(JOB_NAME, jobName));
}
