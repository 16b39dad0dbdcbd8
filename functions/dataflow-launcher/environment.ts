import * as v from "valibot";
import { integer, json, matching, queueName, taskVariables } from "../shared/environment";

const templatePath = "a template's path like gs://bucket/template";
const namePrefix = "a prefix of lower-case letters, digits and hyphens, a letter first, at most 40";

const locationName = matching(
  /^projects\/[^/\s]+\/locations\/[a-z0-9-]+$/,
  "a location name like projects/P/locations/L",
);

const jobSchema = v.object({
  template: v.object({
    kind: v.picklist(["classic", "flex"], "classic or flex"),
    path: v.pipe(v.string(templatePath), v.regex(/^gs:\/\/[^/\s]+\/\S+$/, templatePath)),
  }),
  namePrefix: v.pipe(v.string(namePrefix), v.regex(/^[a-z][-a-z0-9]{0,39}$/, namePrefix)),
  parameters: v.optional(v.record(v.string(), v.string()), {}),
  variables: v.optional(v.record(v.string(), v.unknown())),
  environment: v.optional(v.record(v.string(), v.unknown()), {}),
  waitSeconds: v.optional(v.pipe(v.number(), v.minValue(60), v.maxValue(30 * 86_400))),
});

/** What can be launched. */
export type JobConfig = v.InferOutput<typeof jobSchema>;
export type LauncherJob = v.InferInput<typeof jobSchema>;

export const environmentSchema = v.object({
  ...taskVariables,
  /** Location of the jobs, `projects/P/locations/R`. */
  DATAFLOW_LOCATION: locationName,
  /**
   * What can be launched, by name, as JSON. A task without a name launches `default`.
   *
   * - `template`: `{ "kind": "classic", "path": "gs://…" }`, or `flex` with the path of a container
   *   spec.
   * - `namePrefix`: prefix of the names of its jobs, `^[a-z][-a-z0-9]{0,39}$`.
   * - `parameters` (texts) and `environment`: those of the launch request, in the form of Dataflow's
   *   REST API.
   * - `variables`: if it is there, these are a Beam YAML pipeline's, and are launched as the
   *   parameter `jinja_variables`.
   * - `waitSeconds`: if it is there, tasks ask for the job's state until it has ended, for so long
   *   at most: 60 to 2592000 (30 days).
   *
   * A task's own `parameters` override `variables` if they are there, else `parameters`.
   * `{jobName}` in a value becomes the job's name.
   */
  JOBS: json(v.record(v.string(), jobSchema)),
  /** Queue of the tasks that ask for a job's state, the one that calls this function. */
  QUEUE: v.optional(queueName),
  /** Seconds between the first questions for a job's state, 5 to 3600. Default 30. */
  POLL_INTERVAL_SECONDS: v.optional(integer(5, 3600), "30"),
});

export type DataflowLauncherEnvironment = v.InferInput<typeof environmentSchema>;
