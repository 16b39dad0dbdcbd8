import type { Launch } from "../shared/dataflow";
import { mapTexts } from "../shared/map-texts";
import type { JobConfig } from "./environment";

type Parameters = Readonly<Record<string, string>>;

const JOB_NAME = "{jobName}";

/**
 * The parameters of a launch, or the variables of a Beam YAML pipeline: those of the job, and the
 * task's own, which come before them.
 */
export function parametersOf(
  { parameters, variables }: JobConfig,
  own: Parameters,
  jobName: string,
): Pick<Launch, "parameters" | "variables"> {
  if (!variables) return { parameters: fill({ ...parameters, ...own }, jobName) };
  return { parameters: fill(parameters, jobName), variables: fill({ ...variables, ...own }, jobName) };
}

/** A value with the job's name in place of `{jobName}` in all its texts. */
function fill<T>(value: T, jobName: string): T {
  return mapTexts(value, (text) => text.replaceAll(JOB_NAME, jobName));
}
