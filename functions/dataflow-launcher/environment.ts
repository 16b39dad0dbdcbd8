import * as v from "valibot";
import { json, matching, taskVariables } from "../shared/environment";

const templatePath = "a template's path like gs://bucket/template";
const jobNamePrefix = "a prefix of lower-case letters, digits and hyphens, a letter first, at most 40";

const locationName = matching(
  /^projects\/[^/\s]+\/locations\/[a-z0-9-]+$/,
  "a location name like projects/P/locations/L",
);

export const environmentSchema = v.object({
  ...taskVariables,
  /** Location of the jobs, `projects/P/locations/R`. */
  DATAFLOW_LOCATION: locationName,
  /** Template file, `gs://…`: a classic template, or a flex template's container spec. */
  TEMPLATE_PATH: v.pipe(v.string(templatePath), v.regex(/^gs:\/\/[^/\s]+\/\S+$/, templatePath)),
  /** `classic` or `flex`. */
  TEMPLATE_KIND: v.picklist(["classic", "flex"], "classic or flex"),
  /** Prefix of every job's name, `^[a-z][-a-z0-9]{0,39}$`. */
  JOB_NAME_PREFIX: v.pipe(v.string(jobNamePrefix), v.regex(/^[a-z][-a-z0-9]{0,39}$/, jobNamePrefix)),
  /**
   * The launch request's `parameters` (strings) and `environment` as JSON, in the form of
   * Dataflow's REST API: `{ "parameters": { "inputFile": "gs://…" }, "environment": {
   * "tempLocation": "gs://…" } }`.
   *
   * A task's own `parameters` override these. `{jobName}` in a parameter's value becomes the job's
   * name.
   */
  LAUNCH: json(
    v.object({
      parameters: v.optional(v.record(v.string(), v.string()), {}),
      environment: v.optional(v.record(v.string(), v.unknown()), {}),
    }),
  ),
});

export type DataflowLauncherEnvironment = v.InferInput<typeof environmentSchema>;
