import { ApiError } from "../core/api-error";

/** Google's template for Beam YAML, in the buckets of the regions, at any version. */
export const BEAM_YAML = /^gs:\/\/dataflow-templates(-[a-z]+-[a-z]+\d+)?\/[^/]+\/flex\/Yaml_Template$/;

/** Source: DataflowTemplates, python/README_Yaml_Template.md */
const PARAMETERS = ["yaml_pipeline", "yaml_pipeline_file", "jinja_variables"];

/**
 * Options of `python -m apache_beam.yaml.main` for the template's parameters, which it takes as they
 * are.
 *
 * @throws ApiError INVALID_ARGUMENT for a parameter that the template does not have
 */
export function beamOptions(parameters: Readonly<Record<string, string>>, tempLocation: string): string[] {
  const unknown = Object.keys(parameters).filter((name) => !PARAMETERS.includes(name));
  if (unknown.length > 0) throw invalidParameters(unknown.map((name) => `${name}: Unrecognized parameter`));
  return [
    ...Object.entries(parameters).map(([name, value]) => `--${name}=${value}`),
    ...(tempLocation === "" ? [] : [`--temp_location=${tempLocation}`]),
  ];
}

/** The `gs://…` among the values of a pipeline's variables, below which it may write. */
export function placesIn({ jinja_variables }: Readonly<Record<string, string>>): string[] {
  try {
    const values: unknown[] = Object.values(JSON.parse(jinja_variables ?? "{}"));
    return values.filter((value): value is string => typeof value === "string" && value.startsWith("gs://"));
  } catch {
    return [];
  }
}

/**
 * Dataflow's refusal of a launch.
 *
 * Source: an answer in https://github.com/hashicorp/terraform-provider-google/issues/11008
 */
export function invalidParameters(details: readonly string[]): ApiError {
  return new ApiError("INVALID_ARGUMENT", `The template parameters are invalid. Details: \n${details.join("\n")}`);
}
